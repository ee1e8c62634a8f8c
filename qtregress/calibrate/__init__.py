"""Fits: the lines of a chip on a reference profile, and what a release recalibrated."""

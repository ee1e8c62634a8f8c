"""Thermal regression tests for the firmware of superconducting quantum processors."""

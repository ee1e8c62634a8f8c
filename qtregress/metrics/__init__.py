"""From measurements to metrics, and from two of them to differences."""

"""Approved metrics: what a device measured when somebody accepted it."""

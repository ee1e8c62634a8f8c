"""Randomized benchmarking of simulated gates: exact, sampled, and through qiskit-aer."""

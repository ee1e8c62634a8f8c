"""Heat: from pulses to plates, and back to photons."""

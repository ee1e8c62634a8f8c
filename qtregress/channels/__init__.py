"""From pulses to completely positive maps: two engines behind one question."""

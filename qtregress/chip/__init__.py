"""The device: transmons, lines, bath and cryostat."""

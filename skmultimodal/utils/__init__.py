"""Seeds, devices, row access, optional imports: what every floor may use."""

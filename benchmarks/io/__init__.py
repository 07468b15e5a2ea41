"""Reading speed against the obvious loops."""

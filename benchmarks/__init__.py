"""Measurements: what README and documentation quote comes from a command here."""

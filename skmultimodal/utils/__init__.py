"""Shared by all floors: seeds, devices, row access, optional imports."""

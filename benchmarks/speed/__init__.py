"""Fits against hand-written torch loops."""

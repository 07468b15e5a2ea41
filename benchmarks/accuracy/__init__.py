"""Accuracy on real patients, by which defaults are chosen."""

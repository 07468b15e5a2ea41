"""This library beside what its users would pick instead."""

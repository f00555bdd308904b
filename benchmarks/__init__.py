"""Measurements of speed, memory and likeness: `make bench`."""

"""Faces in pixels: detect, follow, swap. Knows arrays and models, no files and no service."""

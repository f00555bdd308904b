"""The whole thing on real faces: files in, files out."""

"""The invisible mark: an id in the brightness of the new face, found again without the original."""

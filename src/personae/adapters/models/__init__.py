"""Fetching, keeping and passing on model files: what `ModelStore` is put together from."""

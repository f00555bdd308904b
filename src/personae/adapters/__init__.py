"""Concrete things behind the ports: here, where model files come from."""

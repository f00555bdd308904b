"""The service's own API, ``/native/v1``."""

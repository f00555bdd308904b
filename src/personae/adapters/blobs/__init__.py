"""Bytes by key: a local folder, S3, Google Cloud Storage or Azure."""

from personae.adapters.blobs.memory import MemoryBlobs
from personae.adapters.blobs.opening import blobs_from_url

__all__ = ["MemoryBlobs", "blobs_from_url"]

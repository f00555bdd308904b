"""Which release this is, said nowhere else; docs/versioning.md tells what its numbers promise."""

from __future__ import annotations

__version__ = "0.1.0"

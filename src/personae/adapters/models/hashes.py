"""Reading a file once for its size, SHA-256 and CRC-32, and comparing them with a card's."""

from __future__ import annotations

import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from personae.engine.card import Source

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A file's size in bytes, its SHA-256 as 64 digits and its CRC-32 as 8."""

    size_bytes: int
    sha256: str
    crc32: str


def fingerprint(path: Path) -> Fingerprint:
    """Read a file to its end.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    sha256, crc32, size = hashlib.sha256(), 0, 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            sha256.update(block)
            crc32 = zlib.crc32(block, crc32)
            size += len(block)
    return Fingerprint(size, sha256.hexdigest(), f"{crc32:08x}")


def difference(source: Source, found: Fingerprint, crc32: str) -> str:
    """How a file differs from what its card says, for a sentence; empty if it does not.

    ``crc32`` is what its publisher tells, empty where that is not known.
    """
    if source.size_bytes and found.size_bytes != source.size_bytes:
        return f"it has {found.size_bytes} bytes instead of {source.size_bytes}"
    if source.sha256 and found.sha256 != source.sha256:
        return f"its SHA-256 is not {source.sha256}"
    if source.sha256_ends:
        start, end = source.sha256_ends
        if not (found.sha256.startswith(start) and found.sha256.endswith(end)):
            return f"its SHA-256 is not {start}…{end}"
    if crc32 and found.crc32 != crc32:
        return f"its CRC-32 is not {crc32}"
    return ""


def flush(path: Path) -> None:
    """Have the disk hold the bytes before the name: a power cut leaves the old or the new."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())

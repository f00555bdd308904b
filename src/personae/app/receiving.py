"""Bytes from a client on their way to a local file: counted, hashed, never too many."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from personae.app.ports import StoredBlob
from personae.app.threads import finish_in_thread
from personae.errors import MediaTooLarge, Unavailable

_BATCH_BYTES = 1 << 20
_MIB = 1 << 20


class Receiver:
    """A new local file, and the size and SHA-256 of what went into it.

    Parameters
    ----------
    path : Path
        Must not exist.
    limit_bytes : int
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._size = 0
        self._digest = hashlib.sha256()

    async def receive(self, chunks: AsyncIterator[bytes]) -> StoredBlob:
        """Write the stream to its end.

        Raises
        ------
        MediaTooLarge
            As soon as too much has come.
        Unavailable
            If the disk does not take it.
        """
        batch: list[bytes] = []
        held = 0
        async for chunk in chunks:
            self._size += len(chunk)
            if self._size > self._limit_bytes:
                raise too_large(self._limit_bytes)
            batch.append(chunk)
            held += len(chunk)
            if held >= _BATCH_BYTES:  # One trip to a thread for many small pieces.
                await finish_in_thread(self._write, batch)
                batch, held = [], 0
        await finish_in_thread(self._write, batch)
        return StoredBlob(self._size, self._digest.hexdigest())

    def _write(self, batch: Sequence[bytes]) -> None:
        try:
            with self._path.open("ab") as file:
                for chunk in batch:
                    self._digest.update(chunk)
                    file.write(chunk)
        except OSError as error:
            raise Unavailable("The service cannot take files now; try again later.") from error


def fingerprint(path: Path) -> StoredBlob:
    """Size and SHA-256 of a local file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return StoredBlob(file.tell(), digest.hexdigest())


def too_large(limit_bytes: int) -> MediaTooLarge:
    """The refusal of a file beyond the limit."""
    limit = f"{limit_bytes / _MIB:.0f} MiB" if limit_bytes >= _MIB else f"{limit_bytes} bytes"
    return MediaTooLarge(f"The file is larger than {limit}; send a smaller one.")

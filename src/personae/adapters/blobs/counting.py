"""Size and SHA-256 of bytes as they pass by, and the file that they may go to."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from personae.app.ports import StoredBlob
from personae.errors import MediaTooLarge


class Counter:
    """Counts and hashes what is written, and refuses more than was agreed.

    Parameters
    ----------
    limit_bytes : int, optional
        Above which `add` raises.
    """

    def __init__(self, limit_bytes: int | None = None) -> None:
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._digest = hashlib.sha256()

    def add(self, data: bytes | bytearray | memoryview) -> None:
        """Count the next bytes.

        Raises
        ------
        MediaTooLarge
        """
        self.size_bytes += len(data)
        if self._limit_bytes is not None and self.size_bytes > self._limit_bytes:
            raise MediaTooLarge(
                f"The file is larger than the {self._limit_bytes} bytes that are allowed here."
            )
        self._digest.update(data)

    def result(self) -> StoredBlob:
        """What has passed by so far."""
        return StoredBlob(self.size_bytes, self._digest.hexdigest())


@contextmanager
def new_file(path: Path) -> Generator[BinaryIO]:
    """A file to write, which must not exist yet, and does not after a failure.

    Raises
    ------
    FileExistsError
    """
    with path.open("xb") as file:
        try:
            yield file
        except BaseException:
            path.unlink(missing_ok=True)
            raise

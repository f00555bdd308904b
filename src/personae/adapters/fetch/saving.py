"""Downloads on their way to the disk."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from personae.app.threads import finish_in_thread
from personae.errors import Unavailable

_WRITE_BYTES = 1 << 20


class Download:
    """A file that grows aside and gets its name when it is whole.

    Parameters
    ----------
    path : Path
        Where it will be; its folder exists.

    Raises
    ------
    Unavailable
        Here and later, if the disk does not take it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{secrets.token_hex(8)}.part")
        self._kept: list[bytes] = []
        self._held = 0
        self.size_bytes = 0
        try:
            self._file = self._part.open("xb")
        except OSError as error:
            raise _no_room() from error

    async def write(self, piece: bytes) -> None:
        """Add to the file; many small pieces make one trip to a thread."""
        self._kept.append(piece)
        self._held += len(piece)
        if self._held >= _WRITE_BYTES:
            await self._flush()

    async def finish(self) -> int:
        """Give the file its name; its size in bytes."""
        await self._flush()
        try:
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            raise _no_room() from error
        return self.size_bytes

    def discard(self) -> None:
        """Leave nothing behind."""
        self._kept.clear()
        with suppress(OSError):  # It could not write the rest, which nobody wants any more.
            self._file.close()
        self._part.unlink(missing_ok=True)

    async def _flush(self) -> None:
        kept, self._kept = self._kept, []
        try:
            await finish_in_thread(self._file.writelines, kept)
        except OSError as error:
            raise _no_room() from error
        self.size_bytes += self._held
        self._held = 0


def _no_room() -> Unavailable:
    return Unavailable("The service cannot store the download now; try again later.")

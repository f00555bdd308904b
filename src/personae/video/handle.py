"""The file handle that FFmpeg writes through."""

from __future__ import annotations

import os


class OutputHandle:
    """Unbuffered writing through an open descriptor, which can be cut short.

    PyAV ends every container when it is forgotten, and that may write for minutes. A handle that
    says it is `closed` makes it forget the container without a word. FFmpeg also loses sight of
    the system's reason when a write fails, so the first one is kept here.

    Parameters
    ----------
    descriptor : int
        Of a file open for writing; closed by its owner.
    name : str
        Its path: FFmpeg opens it again to move an MP4's index to the front.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name
        self.closed = False
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write all of `data`."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            self.error = self.error or error
            raise
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move the place where the next bytes go."""
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        """Where the next bytes go."""
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def abandon(self) -> None:
        """Let nothing more be written, not even the container's end."""
        self.closed = True

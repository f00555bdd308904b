"""Files on their way to the service: paths, bytes and open files, seekable or not."""

from __future__ import annotations

import io
import mimetypes
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, TypeAlias, cast, runtime_checkable

from personae_client.errors import ConfigurationError

_CHUNK_BYTES = 1 << 18
_IN_MEMORY_BYTES = 8 << 20
_LONGEST_NAME = 200


@runtime_checkable
class Readable(Protocol):
    """An open binary file, a pipe, the body of a download: whatever can be read."""

    def read(self, size: int = ..., /) -> bytes:
        """Up to `size` bytes; b"" at the end."""
        ...


File: TypeAlias = str | os.PathLike[str] | bytes | Readable
"""A file to send: its path, its bytes, or something to read it from."""


@dataclass(frozen=True)
class UploadProgress:
    """How far an upload is."""

    filename: str
    sent_bytes: int
    total_bytes: int


OnUpload: TypeAlias = Callable[[UploadProgress], None]


class Source:
    """A file that is ready to be sent, as often as needed.

    What cannot be read twice, or does not tell its length, is first copied: into memory while it is
    short, into a temporary file when it is not.
    """

    def __init__(
        self, file: IO[bytes], size_bytes: int, filename: str, on_upload: OnUpload | None
    ) -> None:
        self.filename = filename
        self.content_type = _content_type(file, filename)
        self._file = file
        self._start = file.tell()
        self._size_bytes = size_bytes
        self._on_upload = on_upload

    @property
    def size_bytes(self) -> int:
        """How long the file is."""
        return self._size_bytes

    def chunks(self) -> Iterator[bytes]:
        """All bytes, from the beginning."""
        self._file.seek(self._start)
        while chunk := self._file.read(_CHUNK_BYTES):
            yield chunk

    def sent(self, total_bytes: int) -> None:
        """Tell whoever wants to know."""
        if self._on_upload is not None:
            self._on_upload(UploadProgress(self.filename, total_bytes, self._size_bytes))

    def whole(self) -> bytes:
        """All bytes at once."""
        return b"".join(self.chunks())


@dataclass(frozen=True)
class Opened:
    """A source, and how to let go of what was opened for it."""

    source: Source
    close: Callable[[], None]


def open_source(file: File, filename: str | None, on_upload: OnUpload | None) -> Opened:
    """Open what is to be sent; may block on a disk.

    Raises
    ------
    ConfigurationError
        If it is no file, empty, or opened as text.
    """
    if isinstance(file, (str, os.PathLike)):
        path = Path(file)
        if not path.is_file():
            raise ConfigurationError(f"There is no file {path}; check the path.")
        opened = path.open("rb")
        return _checked(opened, filename or path.name, on_upload, opened.close)
    if isinstance(file, (bytes, bytearray, memoryview)):
        memory = io.BytesIO(file)
        return _checked(memory, filename or "upload", on_upload, memory.close)
    name = filename or _name_of(file)
    if _rewinds(file):
        # The caller's own file stays open, and where it was.
        seekable = cast("IO[bytes]", file)
        start = seekable.tell()
        return _checked(seekable, name, on_upload, lambda: _rewind(seekable, start))
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
    try:
        shutil.copyfileobj(cast("IO[bytes]", file), spool, _CHUNK_BYTES)
    except TypeError as error:
        spool.close()
        raise ConfigurationError("The file is opened as text; open it with 'rb'.") from error
    spool.seek(0)
    return _checked(cast("IO[bytes]", spool), name, on_upload, spool.close)


def _checked(
    file: IO[bytes], name: str, on_upload: OnUpload | None, close: Callable[[], None]
) -> Opened:
    start = file.tell()
    size_bytes = file.seek(0, os.SEEK_END) - start
    file.seek(start)
    if size_bytes < 1:
        close()
        raise ConfigurationError(f"{name} is empty, or has been read to its end already.")
    plain = Path(name).name
    if len(plain) > _LONGEST_NAME:
        plain = plain[-_LONGEST_NAME:]
    return Opened(Source(file, size_bytes, plain or "upload", on_upload), close)


def _rewind(file: IO[bytes], start: int) -> None:
    if not file.closed:
        file.seek(start)


def _rewinds(file: object) -> bool:
    if isinstance(file, io.TextIOBase):
        raise ConfigurationError("The file is opened as text; open it with 'rb'.")
    seekable = getattr(file, "seekable", None)
    return bool(seekable is not None and seekable())


def _name_of(file: object) -> str:
    name = getattr(file, "name", None)
    return Path(name).name if isinstance(name, str) and name[:1] != "<" else "upload"


def _content_type(file: IO[bytes], filename: str) -> str:
    """What the file claims to be; the service looks for itself."""
    guess = mimetypes.guess_type(filename)[0]
    if guess is not None and guess.startswith(("image/", "video/")):
        return guess
    start = file.tell()
    head = file.read(16)
    file.seek(start)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return "video/mp4" if head[4:8] == b"ftyp" else "application/octet-stream"


_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)

"""Reading inputs and writing outputs so that no half file is ever seen under its name."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from personae.errors import MediaTooLarge, MediaUnreachable, MediaUnreadable
from personae.video.parts import open_part, release, sweep

Finish = Callable[[Path], None]
"""The last step on an output that is complete but has not got its name."""

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.EROFS: "the disk is read-only",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EMFILE: "too many files are open",
}

# What trying again does not change; a disk that is full or a drive that is away may come back.
_LASTING = (
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG),
)
# Two letters or more: C:/ is a drive. Path has made one slash of two.
_ADDRESS = re.compile(r"\b(?!file:)([a-z][a-z0-9+.-]+):/+(?=[^/])", re.IGNORECASE)


def reason(error: OSError) -> str:
    """Why the system refused, in words."""
    return _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()


def unreachable(what: str, error: OSError) -> MediaUnreachable:
    """The error that says why the system refused: ``<what>: permission is denied.``"""
    return MediaUnreachable(f"{what}: {reason(error)}.", retryable=error.errno not in _LASTING)


def can_be_read(path: str | os.PathLike[str]) -> bool:
    """Whether the disk gives a whole file's bytes; true of what is no file.

    FFmpeg says "input/output error" of files that end too early as well as of failing disks.
    """
    try:
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass
    except (IsADirectoryError, FileNotFoundError):
        return True
    except OSError:
        return False
    return True


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether a name is a URL rather than a path: ``https://example.org/clip.mp4``."""
    return _ADDRESS.match(os.fspath(path)) is not None


def missing(path: str | os.PathLike[str], name: str) -> MediaUnreachable:
    """The error for an input that is not there.

    Parameters
    ----------
    path : path
    name : str
        How messages call it; contains the path.
    """
    if is_address(path):
        name = _ADDRESS.sub(r"\1://", name, count=1)
        told = f"{name} is an address, and inputs are files; download it first."
    else:
        told = f"{name} does not exist; check the path."
    return MediaUnreachable(told, retryable=False)


def check_readable(path: Path, name: str, limit_bytes: int | None = None) -> int:
    """The size of a file in bytes, after the checks that need no decoding.

    Parameters
    ----------
    path : Path
    name : str
        How messages call it, such as ``The scene beach.jpg``.
    limit_bytes : int, optional

    Raises
    ------
    MediaUnreachable
        If it is missing, a folder, or not a regular file.
    MediaUnreadable
        If it is empty.
    MediaTooLarge
        If it has more than `limit_bytes`.
    """
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise missing(path, name) from error
    except OSError as error:
        raise unreachable(f"{name} cannot be opened", error) from error
    except ValueError as error:  # a name with a null byte
        raise MediaUnreachable(f"{name} cannot be opened: {error}.", retryable=False) from error
    if not path.is_file():
        raise MediaUnreachable(f"{name} is not a file; name a picture or a video.", retryable=False)
    if stat.st_size == 0:
        raise MediaUnreadable(f"{name} is empty (0 bytes); copy or download it again.")
    if limit_bytes is not None and stat.st_size > limit_bytes:
        raise MediaTooLarge(
            f"{name} has {stat.st_size / 2**20:.0f} MiB; at most {limit_bytes / 2**20:.0f} MiB "
            "are read. Make it smaller first."
        )
    return stat.st_size


@contextmanager
def output_errors(path: Path) -> Generator[None]:
    """Turn the system's errors while writing `path` into `MediaUnreachable`."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> MediaUnreachable:
    """The error for an output that the system refuses."""
    return MediaUnreachable(
        f"{path} cannot be written: {reason(error)}. Choose another place.",
        retryable=error.errno not in _LASTING,
    )


class FileAside:
    """A new file that gets its name only when it is complete.

    The bytes go to a hidden neighbour, so that the final rename stays on one disk and is atomic.
    Leaving the block normally renames it over `path`; leaving it by an exception removes it. What
    a killed process left of the same output is removed on entering; what a living one is writing
    is not.

    Attributes
    ----------
    path : Path
        Where the output will be.
    finish : callable, optional
        Called with the complete part before it gets its name; it may put another file in its place.
    onto : Path, optional
        What the part is renamed to, if that is not `path`: a neighbour that is unfinished itself.
    part : Path
        Inside the block: where it grows until then. Same folder, same extension, so that
        libraries which go by the name still see the format.

    Raises
    ------
    MediaUnreachable
        If the folder is missing, read-only or full, or if `path` is a folder.
    """

    def __init__(self, path: Path, finish: Finish | None = None, onto: Path | None = None) -> None:
        self.path = path
        self.onto = onto or path
        self.finish = finish
        self.part = path
        self._file: BinaryIO | None = None
        self._lock: int | None = None

    def __enter__(self) -> FileAside:
        folder = self.path.parent
        with output_errors(self.path):  # Asking alone fails where a name is too long.
            if not folder.is_dir():
                what = f"The folder {folder} does not exist; create it"
                if is_address(self.path):
                    name = _ADDRESS.sub(r"\1://", str(self.path), count=1)
                    what = f"{name} is an address, and outputs are files; upload it afterwards"
                raise MediaUnreachable(f"{what}, or choose another place.", retryable=False)
            if self.path.is_dir():
                raise MediaUnreachable(
                    f"{self.path} is a folder; name a file in it.", retryable=False
                )
            sweep(self.path)
            self.part, self._file, self._lock = open_part(self.path)
        return self

    @property
    def file(self) -> BinaryIO:
        """The open file, binary and seekable."""
        if self._file is None:
            raise MediaUnreachable(f"{self.path} is not open for writing.", retryable=False)
        return self._file

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with output_errors(self.path):
                    self.file.close()
                    if self.finish is not None:
                        self.finish(self.part)
                    os.replace(self.part, self.onto)
        finally:
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
                with suppress(FileNotFoundError):
                    self.part.unlink()
            release(self._lock)
            self._file = self._lock = None

"""Scratch folders that belong to one process, and are removed once it is gone."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_LOCK = ".lock"


class ScratchFolder:
    """A folder of this process's own; what killed processes left beside it is removed.

    A lock held as long as the process lives tells which folders are in use, also between
    containers that share a volume, where process numbers would say nothing.

    Parameters
    ----------
    parent : folder
        Made if need be.
    role : str
        The beginning of the folder's name.

    Attributes
    ----------
    path : folder
    """

    def __init__(self, parent: Path, role: str) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_left(parent, role)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=f"{role}-", dir=parent))
            descriptor = _lock(self.path)
            if descriptor is not None:
                self._descriptor = descriptor
                return

    def remove(self) -> None:
        """Delete the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def _lock(folder: Path) -> int | None:
    """Take a new folder; None if somebody who swept at this moment took it for a dead one's."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    # The sweeper held the lock until it had removed the file.
    if os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)
    return None


def _remove_left(parent: Path, role: str) -> None:
    for left in parent.glob(f"{role}-*"):
        try:
            descriptor = os.open(left / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            # Just being made, or its owner or its sweeper died at that moment: then it is empty.
            with suppress(OSError):
                left.rmdir()
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            # Another sweeper may have removed it between the two calls.
            if os.fstat(descriptor).st_nlink:
                _remove(left)
        finally:
            os.close(descriptor)


def _remove(folder: Path) -> None:
    """Delete a folder, its lock last: what cannot be deleted now is still found by the next."""
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        elif one.name != _LOCK:
            with suppress(OSError):
                one.unlink()
    if [one.name for one in folder.iterdir()] != [_LOCK]:
        return
    (folder / _LOCK).unlink()
    try:
        folder.rmdir()
    except OSError:  # Something came at this very moment.
        with suppress(OSError):
            (folder / _LOCK).touch()

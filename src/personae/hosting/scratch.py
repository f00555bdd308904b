"""Scratch folders that belong to one process, and are removed once it is gone."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
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
        self.path = Path(tempfile.mkdtemp(prefix=f"{role}-", dir=parent))
        self._descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Delete the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def _remove_left(parent: Path, role: str) -> None:
    for left in parent.glob(f"{role}-*"):
        try:
            descriptor = os.open(left / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # Just being made, or removed by somebody else.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(descriptor)

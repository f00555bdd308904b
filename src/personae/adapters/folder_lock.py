"""A place to work in a shared folder: one process at a time, and nothing left behind."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from personae.errors import ModelError

_POLL_S = 0.1
_TIMEOUT_S = 1800.0  # The other process may need that long on a slow line.
_PREFIX = ".work-"


@contextlib.contextmanager
def work_folder(folder: Path, timeout_s: float = _TIMEOUT_S) -> Generator[Path]:
    """An empty folder inside `folder`, which is made if need be, for one process at a time.

    It lies on the same disk, so that files move out of it in one step, and is removed at the end
    whatever happens; one that a killed process left is removed by the next. Another process that
    asks for one in the same `folder` waits.

    Raises
    ------
    ModelError
        If another process is at work for longer than `timeout_s`.
    OSError
        If nothing can be written to `folder`.
    """
    with holding(folder, timeout_s):
        for left_behind in folder.glob(f"{_PREFIX}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            prefix=_PREFIX, dir=folder, ignore_cleanup_errors=True
        ) as work:
            yield Path(work)


@contextlib.contextmanager
def holding(folder: Path, timeout_s: float = _TIMEOUT_S) -> Generator[None]:
    """Have a folder, which is made if need be, for one thread of one process at a time.

    Raises
    ------
    ModelError
        If another one has it for longer than `timeout_s`.
    OSError
        If nothing can be written to `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The system drops the lock when its holder dies or closes the file.
    with (folder / ".lock").open("ab") as lock:
        _wait_for(lock, folder, timeout_s)
        yield


def _wait_for(lock: BinaryIO, folder: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not _try_lock(lock):
        if time.monotonic() > deadline:
            raise ModelError(
                f"Another process has been working in {folder} for {timeout_s:.0f} seconds; "
                "wait for it or stop it, and try again."
            )
        time.sleep(_POLL_S)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

"""Unfinished outputs: named so that they are known again, and swept when their writer is dead.

A writer holds a lock on its part for as long as it lives; the system drops it however the process
ends, by ``kill -9`` too. So a part that can be locked has no writer any more.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_TRIES = 8


def open_part(path: Path) -> tuple[Path, BinaryIO, int | None]:
    """Make an empty part beside `path`: hidden, with its extension, and locked.

    Returns
    -------
    part : Path
    file : binary file, open for reading and writing
    lock : descriptor or None
        Holds the lock beyond the closing of `file`, until `release`; None where there is none.

    Raises
    ------
    OSError
    """
    for tries_left in reversed(range(_TRIES)):
        part = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
        file = part.open("xb+")
        try:
            lock = _lock(file.fileno())
            if tries_left == 0 or _is_there(part, file.fileno()):
                return part, file, lock
            # Another process has swept it between its making and its locking.
            release(lock)
        except BlockingIOError:
            pass  # another process is about to sweep it
        except BaseException:
            _drop(part, file)
            raise
        _drop(part, file)
    raise BlockingIOError(errno.EAGAIN, "another process keeps removing it")


def release(lock: int | None) -> None:
    """Let go of a part that has its final name, or is gone."""
    if lock is not None:
        with suppress(OSError):
            os.close(lock)


def _is_there(part: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(part), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _drop(part: Path, file: BinaryIO) -> None:
    file.close()
    with suppress(FileNotFoundError):
        part.unlink()


def sweep(path: Path) -> None:
    """Remove the parts of the output `path` that dead writers left; of no other output.

    What cannot be listed, opened or locked is left where it is, and nothing is raised.
    """
    mine = re.compile(re.escape(f".{path.stem}.") + r"[0-9a-f]{8}\.part" + re.escape(path.suffix))
    with suppress(OSError):
        for name in os.listdir(path.parent):
            if mine.fullmatch(name):
                with suppress(OSError):
                    _remove_dead(path.with_name(name))


if sys.platform == "win32":  # A file that is open cannot be renamed there: nothing is locked.

    def _lock(descriptor: int) -> int | None:
        del descriptor

    def _remove_dead(part: Path) -> None:
        del part
else:
    import fcntl

    def _lock(descriptor: int) -> int | None:
        """Lock a file; the descriptor that holds the lock, or None where locks are not known.

        Raises
        ------
        BlockingIOError
            If somebody else holds it.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return None
        return os.dup(descriptor)

    def _remove_dead(part: Path) -> None:
        # Neither a link nor a pipe is a part, whatever its name. Write access: NFS wants it.
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(part, flags)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()  # still locked: a maker that is about to lock it sees it gone
        finally:
            os.close(descriptor)

"""Whose files are believed, and who else can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def doubt(file: Path) -> str | None:
    """Why a file that was merely found is not believed; None if it is.

    Anybody may put a file where everybody works, such as the folder for temporary files: what is
    believed belongs to this process's user or to root, and not everybody can write it.
    """
    uid = _uid()
    if uid is None:  # A system without such owners.
        return None
    found = file.stat()
    if found.st_uid not in (uid, 0):
        return "it belongs to somebody else"
    if found.st_mode & stat.S_IWOTH:
        return "everybody can write it"
    return None


def exposed(file: Path) -> bool:
    """Whether others than its owner can read a file."""
    return _uid() is not None and bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _uid() -> int | None:
    asked = getattr(os, "geteuid", None)
    return None if asked is None else int(asked())

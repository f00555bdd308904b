"""Folders that a process of the service needs before it begins."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from personae.errors import InvalidRequest


def keep_private() -> None:
    """Let this process and its children make files that only their own user can read.

    The database holds secrets of webhooks, the files are people's photos.
    """
    os.umask(0o077)


def make_usable(folder: Path) -> None:
    """Make a folder of the service's data, if need be, and see that files can be put there.

    Raises
    ------
    InvalidRequest
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:  # ValueError: a name that no system takes.
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InvalidRequest(
            f"The data folder {folder} cannot be used: {why}. Name another with --data or "
            "PERSONAE_DATA_DIR."
        ) from error

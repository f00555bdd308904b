"""``.env``: variables of the folder that a command runs in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from personae.configuring.trust import doubt
from personae.errors import InvalidRequest

ENV_NAME: Final = ".env"
PREFIXES: Final = ("PERSONAE_", "AWS_", "GOOGLE_", "AZURE_")
"""What is taken from it; the rest is other programs'."""
_taken: set[str] = set()
"""Beside the environment, which is this process's as well and cannot tell where it came from."""


def read_env_file(file: Path) -> dict[str, str]:
    """The variables of a file that are ours, or of the storage; nothing in them is filled in.

    Raises
    ------
    InvalidRequest
        If it cannot be read.
    """
    from dotenv import dotenv_values

    try:
        values = dotenv_values(file, interpolate=False, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidRequest(f"{file} is not UTF-8: {error}.") from error
    return {
        name: value
        for name, value in values.items()
        if value is not None and name.upper().startswith(PREFIXES)
    }


def load_env_file(folder: Path) -> tuple[frozenset[str], str | None]:
    """Put the variables of a folder's ``.env`` into this process's environment, unless there.

    Only commands do this, never the library: who imports Personae has an environment of their own.

    Returns
    -------
    names : frozenset of str
        Those that came from the file.
    warning : str, optional
        Why the file was left alone.

    Raises
    ------
    InvalidRequest
    """
    file = folder / ENV_NAME
    if not file.is_file():
        return frozenset(), None
    why = doubt(file)
    if why is not None:
        return frozenset(), f"{ENV_NAME} in this folder is ignored: {why}."
    there = {name.upper() for name in os.environ}
    new = {name: value for name, value in read_env_file(file).items() if name.upper() not in there}
    os.environ.update(new)
    _taken.update(name.upper() for name in new)
    return frozenset(name.upper() for name in new), None


def taken_from_env_file() -> frozenset[str]:
    """Names, in capitals, of the variables that `load_env_file` put into the environment."""
    return frozenset(_taken)

"""``personae.toml``: where it is looked for, and what is in it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Final

from personae.configuring.trust import doubt
from personae.errors import InvalidRequest

CONFIG_VARIABLE: Final = "PERSONAE_CONFIG"
DATA_VARIABLE: Final = "PERSONAE_DATA_DIR"
CONFIG_NAME: Final = "personae.toml"
COMMANDS: Final = ("swap", "detect", "evaluate", "demo")
"""Tables of a file that hold defaults of commands; all else is the service's."""
MODELS: Final = "models"
"""The table of what every process that runs models reads from its environment."""


def default_data_dir() -> Path:
    """The folder of a service that was told nothing."""
    import platformdirs  # Only needed without the setting, and not free to import.

    return Path(platformdirs.user_data_dir("personae")) / "service"


def user_file() -> Path:
    """Where a person keeps settings for everything that they run."""
    import platformdirs

    return Path(platformdirs.user_config_dir("personae")) / CONFIG_NAME


def config_file(data_dir: object = None) -> Path | None:
    """The file that applies, if there is one: the first of these.

    What PERSONAE_CONFIG names; ``personae.toml`` in the current folder, in the service's, and in
    the user's configuration folder.

    Raises
    ------
    InvalidRequest
        If PERSONAE_CONFIG names a file that is not there.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise InvalidRequest(f"{CONFIG_VARIABLE} names {named}, which is no file.")
        return Path(named)
    here = Path(CONFIG_NAME)
    if here.is_file() and doubt(here) is None:
        return here.absolute()
    folder = data_dir or os.environ.get(DATA_VARIABLE)
    for file in ((Path(str(folder)) if folder else default_data_dir()) / CONFIG_NAME, user_file()):
        if file.is_file():
            return file
    return None


def read_file(file: Path) -> dict[str, Any]:
    """Everything in a file of settings.

    Raises
    ------
    InvalidRequest
        If it cannot be read or is no TOML.
    """
    try:
        with file.open("rb") as opened:
            return tomllib.load(opened)
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # Not TOML, or not UTF-8.
        raise InvalidRequest(f"{file} is no TOML: {error}.") from error

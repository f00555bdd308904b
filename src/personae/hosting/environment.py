"""What an operator likely did not mean: unknown variables, and settings that fit ill together."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_origin

import structlog
from pydantic import BaseModel

from personae.configuring.env_file import ENV_NAME, read_env_file
from personae.configuring.files import COMMANDS, config_file, read_file
from personae.configuring.trust import doubt, exposed
from personae.hosting.settings import CONFIG_VARIABLE, EVERYWHERE, Settings

PREFIX = "PERSONAE_"
_DELIMITER = "__"
OTHER_VARIABLES = (
    CONFIG_VARIABLE,
    "PERSONAE_MODELS_DIR",
    *("PERSONAE_CARDS_DIR", "PERSONAE_MODEL_MIRRORS"),
    *("PERSONAE_PROVIDERS", "PERSONAE_MODEL_MEMORY", "PERSONAE_MODEL_BATCH"),
    "PERSONAE_GATE_MODELS",
    "PERSONAE_DEBUG",
    "PERSONAE_KEY",
    "PERSONAE_PUBLISH",  # The Compose file's.
    # The Python client's and its examples', in whose shell a service may be started as well.
    *("PERSONAE_URL", "PERSONAE_API_KEY", "PERSONAE_WEBHOOK_SECRET"),
)
"""What is read although it is no setting of the service."""
_SECRET = re.compile(
    r"(?i)(\w*secret\w*|\w*token|\w*password|signing_key|personae_(api_)?key|account_key)=.+"
    r"|://[^/@:]*:[^/@]+@"
)
_COMMANDS = tuple(f"{PREFIX}{name.upper()}_" for name in COMMANDS)
_log = structlog.get_logger("personae.hosting")


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with variables that begin as ours do but mean nothing; one sentence each.

    Parameters
    ----------
    environment : mapping, optional
        Names and values; this process's, unless given. Upper and lower case are alike, as they
        are to `Settings`.
    """
    fields = Settings.model_fields
    # An unknown name below one of these is refused when the settings are read.
    nested = {name.upper() for name, field in fields.items() if _has_parts(field.annotation)}
    settings = {f"{PREFIX}{name.upper()}" for name in fields}
    known = {*settings, *OTHER_VARIABLES}
    told: list[str] = []
    for name in sorted(os.environ if environment is None else environment):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known or upper.startswith(_COMMANDS):
            continue
        head, delimiter, _ = upper.removeprefix(PREFIX).partition(_DELIMITER)
        if delimiter and head in nested:
            continue
        close = difflib.get_close_matches(upper, sorted(known), 1, 0.8)
        told.append(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else "."))
    return told


def notes_on(settings: Settings) -> list[str]:
    """What works, but likely not as it was meant; one sentence each."""
    notes = exposed_secrets(settings)
    if settings.host in EVERYWHERE and not settings.base_url:
        notes.append(
            "The service listens on every address, but links to its files begin with "
            f"{settings.public_url}, which leads nowhere from other machines; "
            "set PERSONAE_BASE_URL."
        )
    return notes


def exposed_secrets(settings: Settings) -> list[str]:
    """Files of settings that hold secrets and that others can read; one sentence each."""
    named = config_file(settings.data_dir)
    files: dict[Path, Iterable[str]] = {} if named is None else {named: _words(read_file(named))}
    here = Path(ENV_NAME)
    if here.is_file() and doubt(here) is None:
        files[here] = _words(read_env_file(here))
    return [
        f"{file} holds secrets, and others can read it; run `chmod 600 {file}`."
        for file, words in files.items()
        if exposed(file) and any(_SECRET.search(word) for word in words)
    ]


def _words(table: Mapping[str, object]) -> Iterable[str]:
    return (f"{name}={value}" for name, value in table.items())


def _has_parts(kind: object) -> bool:
    """Whether a setting of this type is also written part by part, as ``NAME__PART``."""
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, BaseModel))


def warn_of_mistakes(settings: Settings) -> None:
    """Note in the log variables that mean nothing, mostly typos, and secrets others can read."""
    for told in (*unknown_variables(), *exposed_secrets(settings)):
        _log.warning(told, action="settings")

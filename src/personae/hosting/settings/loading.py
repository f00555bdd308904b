"""Settings from everywhere they may come from."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from personae.configuring.env_file import taken_from_env_file
from personae.configuring.files import config_file
from personae.errors import InvalidRequest
from personae.hosting.settings.mistakes import sentence
from personae.hosting.settings.sources import Sources
from personae.hosting.settings.whole import Settings


def load_settings(**given: Any) -> Settings:
    """Settings from everywhere; `given` wins, where it is not None.

    Raises
    ------
    InvalidRequest
        Naming every setting that is wrong and where it stands, without its value.
    """
    told = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**told)
    except ValidationError as error:
        sources = Sources(told, taken_from_env_file(), config_file(told.get("data_dir")))
        wrong = sentence(error.errors(), Settings, sources)
        raise InvalidRequest(f"The settings are wrong: {wrong}") from error
    except SettingsError as error:
        # Of a variable that stands for a whole table and is no JSON.
        raise InvalidRequest(f"The settings are wrong: {_no_json(str(error))}") from error


def _no_json(message: str) -> str:
    found = re.search(r'field "(\w+)"', message)
    if found is None:
        return f"{message}."
    named = Sources((), taken_from_env_file(), None).of(found[1]).naming(found[1])
    return f"{named} is no JSON; set its parts one by one, with two underscores before each."

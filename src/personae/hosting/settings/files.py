"""The file of settings as a source of them, and mistakes in it in one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from personae.configuring.files import COMMANDS, MODELS, read_file


class ServiceTable(TomlConfigSettingsSource):
    """The settings in a file, without the defaults of commands that it also holds."""

    def __init__(self, settings_cls: type[BaseSettings], file: Path) -> None:
        super().__init__(settings_cls, toml_file=file)

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        return service_part(Path(file_path))


def service_part(file: Path) -> dict[str, Any]:
    """What a file says to the service.

    Raises
    ------
    InvalidRequest
    """
    return {
        name: value for name, value in read_file(file).items() if name not in (*COMMANDS, MODELS)
    }


def sentence(error: ValidationError, settings: type[BaseModel]) -> str:
    """Every setting that is wrong, without its value: it may be a secret."""
    return "; ".join(_told(one, settings) for one in error.errors())


def _told(one: ErrorDetails, settings: type[BaseModel]) -> str:
    name = ".".join(str(part) for part in one["loc"])
    if one["type"] != "extra_forbidden":
        return f"{name}: {one['msg']}"
    known: Iterable[str] = names_at(settings, one["loc"][:-1])
    close = difflib.get_close_matches(str(one["loc"][-1]), sorted(known), 1, 0.6)
    return f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else "")


def names_at(settings: type[BaseModel], place: tuple[int | str, ...]) -> Iterable[str]:
    """The names of the settings there are, below those that `place` leads through."""
    model: Any = settings
    for part in place:
        model = model.model_fields[str(part)].annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return ()
    return model.model_fields.keys()

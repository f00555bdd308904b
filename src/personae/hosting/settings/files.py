"""The file of settings as a source of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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

"""Where the value of a setting came from."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from personae.configuring.env_file import ENV_NAME
from personae.hosting.settings.files import service_part

_PREFIX: Final = "PERSONAE_"


@dataclass(frozen=True, slots=True)
class Source:
    """Where one value came from; a default has none of these.

    Attributes
    ----------
    variable : str
        The one that holds it, as the environment spells it in capitals.
    in_env_file : bool
        Whether ``.env`` gave that variable.
    file : Path, optional
        The file of settings.
    given : bool
        Whether an option or the caller gave it.
    """

    variable: str = ""
    in_env_file: bool = False
    file: Path | None = None
    given: bool = False

    @property
    def words(self) -> str:
        """As a person reads it behind a value."""
        if self.given:
            return "option"
        if self.variable:
            return f"{ENV_NAME if self.in_env_file else 'environment'}: {self.variable}"
        return "default" if self.file is None else f"{self.file}"

    def naming(self, name: str) -> str:
        """What to look for, and where, to change the setting of this name."""
        if self.given:
            return f"{name}, given by the command"
        if self.variable:
            return f"{self.variable} in {ENV_NAME if self.in_env_file else 'the environment'}"
        return name if self.file is None else f"{self.file}: {name}"


class Sources:
    """Where each setting came from, as things are now.

    Parameters
    ----------
    given : names
        Those that an option or the caller gave.
    from_env_file : names of variables, in capitals
        Those that came from ``.env``.
    file : Path, optional
        The file of settings that applies.

    Raises
    ------
    InvalidRequest
        If the file cannot be read.
    """

    def __init__(
        self, given: Collection[str], from_env_file: Collection[str], file: Path | None
    ) -> None:
        self._given, self._from_env_file, self._file = given, from_env_file, file
        self._variables = {name.upper() for name in os.environ}
        self._in_file: Mapping[str, Any] = {} if file is None else service_part(file)

    def of(self, name: str) -> Source:
        """Where the setting of a name such as ``port`` or ``retention.uploads`` came from."""
        head, _, part = name.partition(".")
        if head in self._given:
            return Source(given=True)
        whole, parts = f"{_PREFIX}{head}".upper(), f"{_PREFIX}{head}__{part}".upper()
        for variable in (parts, whole) if part else (whole,):
            if variable in self._variables:
                return Source(variable, variable in self._from_env_file)
        told = self._in_file.get(head)
        there = part in told if part and isinstance(told, dict) else not part and told is not None
        return Source(file=self._file) if there else Source()

    def is_table(self, name: str) -> bool:
        """Whether the file has a table of this name."""
        return isinstance(self._in_file.get(name), dict)

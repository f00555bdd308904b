"""The chain of the audit log: what is hashed, and how a chain is checked.

A line's hash is the SHA-256 of its members but the hash itself, written as canonical JSON (RFC
8785) in UTF-8. One of the members is the hash of the line before. So nobody can change, remove,
insert or move a line without changing every hash behind it.

Details hold text, whole numbers, truth values, lists and mappings, and no fractions, whose decimal
form differs between languages; keys are ASCII, whose order is everybody's. Of such values plain
sorted JSON without spaces *is* RFC 8785's form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

NO_HASH = "0" * 64
"""What the first line has in the place of the hash before it."""
_MICRO = 1_000_000
_LARGEST = 2**53 - 1  # The largest whole number that JSON means everywhere.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int,),
    "tenant_id": (str, type(None)),
    "actor": (str,),
    "action": (str,),
    "subject": (str,),
    "detail": (dict,),
    "at": (str,),
    "previous_hash": (str,),
    "hash": (str,),
}
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to become a line.

    ``at``: seconds since 1970, UTC, cut to microseconds by `entry`.
    """

    tenant_id: str | None
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the chain, as it is stored and exported; ``at`` as `moment` writes it."""

    number: int
    tenant_id: str | None
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    at: str
    previous_hash: str
    hash: str

    def members(self) -> dict[str, Any]:
        """Everything that the hash covers."""
        return {
            "action": self.action,
            "actor": self.actor,
            "at": self.at,
            "detail": self.detail,
            "number": self.number,
            "previous_hash": self.previous_hash,
            "subject": self.subject,
            "tenant_id": self.tenant_id,
        }

    def exported(self) -> str:
        """The line as one line of JSON Lines, without its end."""
        return canonical({**self.members(), "hash": self.hash})


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many lines it has, and the last one's hash."""

    lines: int = 0
    hash: str = NO_HASH

    def __str__(self) -> str:
        return f"{self.lines}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """A head as `str` writes it.

        Raises
        ------
        ValueError
        """
        lines, _, digest = text.strip().partition(":")
        if not (lines.isascii() and lines.isdigit() and len(lines) <= 15 and len(digest) == 64):
            raise ValueError("A head is written as a number, a colon and 64 hexadecimal digits.")
        int(digest, 16)
        return cls(int(lines), digest.lower())


def canonical(value: Any) -> str:
    """JSON as RFC 8785 writes it, of values that have been checked."""
    return _encode(value)


def hash_of(members: Mapping[str, Any]) -> str:
    """SHA-256 in 64 lower-case hex digits of a line's members."""
    return hashlib.sha256(canonical(members).encode("utf-8")).hexdigest()


def chained(entry: Entry, before: Head) -> Line:
    """An entry as the line behind a head."""
    members: dict[str, Any] = {
        "number": before.lines + 1,
        "tenant_id": entry.tenant_id,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
        "at": moment(entry.at),
        "previous_hash": before.hash,
    }
    return Line(**members, hash=hash_of(members))


def imported(text: str) -> Line:
    """A line as `Line.exported` wrote it.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    told: Any = parsed(text)
    if not isinstance(told, dict):
        raise ValueError("not an object")
    members = cast("dict[str, Any]", told)
    if members.keys() != _TYPES.keys():
        raise ValueError("other members than a line has")
    for name, kinds in _TYPES.items():
        if not isinstance(members[name], kinds) or isinstance(members[name], bool):
            raise ValueError(f"another kind of {name}")
    return Line(**members)


def entry(
    tenant_id: str | None,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    at: float,
) -> Entry:
    """An entry that can be stored, hashed and read back as it was, whatever it was made of.

    Raises
    ------
    ValueError
        If the detail holds anything but text, whole numbers, truth values, lists and mappings.
    """
    owner = None if tenant_id is None else _text(tenant_id)
    told = checked(detail)
    micros = round(at * _MICRO)
    return Entry(owner, _text(actor), _text(action), _text(subject), told, micros / _MICRO)


def moment(at: float) -> str:
    """A time as lines have it: UTC, six digits behind the point.

    Raises
    ------
    ValueError
        If it was not cut to microseconds, or no calendar has it.
    """
    micros = round(at * _MICRO)
    if micros / _MICRO != at:
        raise ValueError("a time between two microseconds")
    try:
        told = _EPOCH + timedelta(microseconds=micros)
    except OverflowError as error:
        raise ValueError("a time beyond the calendar") from error
    return told.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def checked(value: Any) -> Any:
    """A copy that is certain to be canonical; text that UTF-8 or a database cannot hold is mended.

    Raises
    ------
    ValueError
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise ValueError("a whole number beyond 2**53")
        return value
    if isinstance(value, (list, tuple)):
        return [checked(one) for one in cast("Iterable[Any]", value)]
    if isinstance(value, Mapping):
        told = {name: checked(one) for name, one in cast("Mapping[Any, Any]", value).items()}
        if not all(isinstance(name, str) and name.isascii() for name in told):
            raise ValueError("a key that is not ASCII")
        return told
    raise ValueError(f"a {type(value).__name__} in the detail of a line")


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def parsed(text: str) -> Any:
    """JSON as it was written by `canonical`, however it is spelled.

    Raises
    ------
    ValueError
        For fractions, numbers out of range, and keys that are there twice.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        told = dict(pairs)
        if len(told) != len(pairs):
            raise ValueError("a key that is there twice")
        return told

    def refuse(_: str) -> Any:
        raise ValueError("a fraction")

    try:
        value = json.loads(text, object_pairs_hook=once, parse_float=refuse, parse_constant=refuse)
        return checked(value)
    except RecursionError as error:
        raise ValueError("values nested too deeply") from error

"""From JSON to dataclasses, and what to do with fields that are newer than this package."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from personae_client.errors import UnexpectedAnswer

T = TypeVar("T", bound="Model")


@dataclass(frozen=True, kw_only=True)
class Model:
    """Something that the service answered.

    Fields that a newer service adds are not lost: `raw` is the JSON object as it came. A value that
    a newer service invented for a field with known values is passed on as it is.
    """

    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)

    @classmethod
    def from_json(cls: type[T], data: object) -> T:
        """Read what the service sent.

        Raises
        ------
        UnexpectedAnswer
            If it is no object, or lacks what cannot be done without.
        """
        if not isinstance(data, Mapping):
            raise UnexpectedAnswer(f"The service should have answered with a {cls.__name__}.")
        given = cast("Mapping[str, Any]", data)
        values: dict[str, Any] = {"raw": given}
        for name, (kind, has_default) in _fields(cls).items():
            if name in given:
                values[name] = _read(kind, given[name], f"{cls.__name__}.{name}")
            elif not has_default:
                raise UnexpectedAnswer(
                    f"The service's {cls.__name__} has no `{name}`; is this Personae, and as new "
                    "as this client?"
                )
        return cls(**values)


@functools.cache
def _fields(kind: type[Model]) -> Mapping[str, tuple[Any, bool]]:
    """Each field's type, and whether it may be missing."""
    hints = get_type_hints(kind)
    return {
        one.name: (hints[one.name], one.default is not dataclasses.MISSING)
        for one in dataclasses.fields(kind)
        if one.name != "raw"
    }


def _read(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        [kind] = [one for one in arguments if one is not type(None)]
        return _read(kind, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise UnexpectedAnswer(f"{where} should be a list.")
        return tuple(_read(arguments[0], one, where) for one in cast("list[Any]", value))
    if isinstance(kind, type) and issubclass(kind, Model):
        return kind.from_json(value)
    if kind is datetime:
        return _moment(value, where)
    if kind is float and isinstance(value, int):
        return float(value)
    plain = str if origin is Literal else cast("Any", origin or kind)
    if plain is not Any and not isinstance(value, plain):
        raise UnexpectedAnswer(f"{where} should not be {value!r:.60}.")
    return value


def _moment(value: Any, where: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UnexpectedAnswer(f"{where} should be a time, not {value!r:.60}.") from error

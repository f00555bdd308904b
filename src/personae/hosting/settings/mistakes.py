"""Mistakes in the settings as one sentence, which says where each of them stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from personae.configuring.files import COMMANDS, MODELS
from personae.hosting.settings.sources import Sources

_NEAR: Final = 0.7
"""How alike two names are, from 0 to 1, for one to be taken for a slip of the other."""


def sentence(errors: Sequence[ErrorDetails], settings: type[BaseModel], sources: Sources) -> str:
    """Every setting that is wrong, without its value: it may be a secret."""
    told = [_told(one, settings, sources) for one in errors]
    text = told[0]
    for one in told[1:]:
        text += f"{'' if text.endswith('?') else ';'} {one}"
    return text if text.endswith("?") else f"{text}."


def _told(one: ErrorDetails, settings: type[BaseModel], sources: Sources) -> str:
    name = ".".join(str(part) for part in one["loc"])
    # What is deeper is a part of the value.
    place = sources.of(".".join(str(part) for part in _place(settings, one["loc"]))).naming(name)
    if one["type"] != "extra_forbidden":
        message = one["msg"].removeprefix("Value error, ").rstrip(".")
        return f"{place}: {message}" if place else message
    known = names_at(settings, one["loc"][:-1])
    if len(one["loc"]) == 1 and sources.is_table(name):
        tables = {part for part in known if _parts(settings, part) is not None}
        close = difflib.get_close_matches(name, sorted({*tables, *COMMANDS, MODELS}), 1, _NEAR)
        hint = (
            f"did you mean [{close[0]}]?"
            if close
            else "write settings of the service above all tables, without one"
        )
        return f"{place} is no table of settings; {hint}"
    close = difflib.get_close_matches(str(one["loc"][-1]), sorted(known), 1, _NEAR)
    return f"{place} is no setting" + (f"; did you mean {close[0]}?" if close else "")


def _place(settings: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """How much of a place are names of settings: two for parts of tables, one for others."""
    head = settings.model_fields.get(str(loc[0])) if loc else None
    return loc[:1] if head is None or len(loc) < 2 or isinstance(loc[1], int) else loc[:2]


def _parts(settings: type[BaseModel], name: str) -> Any:
    """The model of a setting that has parts; None of others."""
    kind: Any = settings.model_fields[name].annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def names_at(settings: type[BaseModel], place: tuple[int | str, ...]) -> Iterable[str]:
    """The names of the settings there are, below those that `place` leads through."""
    model = settings
    for part in place:
        model = _parts(model, str(part))
        if model is None:
            return ()
    return model.model_fields.keys()

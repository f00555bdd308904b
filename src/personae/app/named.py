"""What a task's request names: the files, faces and URLs that it was to be made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

ID = re.compile(r"(?:task|asset|face)_[0-9a-z]{26}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a task's request names."""

    names: frozenset[str]
    urls: frozenset[str]


def inputs_of(request: Mapping[str, Any]) -> Inputs:
    """The ids and URLs of everything that a task was to be made of."""
    names, urls = set[str](), set[str]()
    for key, text in _texts({name: one for name, one in request.items() if name != "echo"}):
        if ID.fullmatch(text):
            names.add(text)
        elif key == "url":
            urls.add(text)
    return Inputs(frozenset(names), frozenset(urls))


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in JSON, with the name of its member."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, one in cast("Mapping[str, Any]", value).items():
            yield from _texts(one, name)
    elif isinstance(value, list | tuple):
        for one in cast("Iterable[Any]", value):
            yield from _texts(one, key)

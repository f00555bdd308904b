"""Whether an answer has the shape of a vendor's own example: the same keys, the same JSON types.

The examples' values are somebody else's; what a client depends on is the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def same_shape(expected: Any, got: Any, where: str = "", *, extra: Sequence[str] = ()) -> None:
    """Fail, saying where, unless `got` is built as the example `expected` is.

    Objects have the same keys, at every level; every element of a list is built as one of the
    example's elements is, and an empty list in either says nothing of the elements. Where the
    example has null, null and a string will do. A whole number may stand for a fraction (JSON has
    one kind of number), not the other way round.

    Parameters
    ----------
    extra : sequence of str
        Keys that the answer may have, anywhere, and the example has not: what we add on purpose.
    """
    if isinstance(expected, dict):
        assert isinstance(got, dict), f"{where}: {got!r} is no object"
        missing = sorted(set(expected) - set(got))
        more = sorted(set(got) - set(expected) - set(extra))
        assert not missing, f"{where}: {missing} missing"
        assert not more, f"{where}: {more} not in the example"
        for name, value in expected.items():
            same_shape(value, got[name], f"{where}/{name}", extra=extra)
    elif isinstance(expected, list):
        assert isinstance(got, list), f"{where}: {got!r} is no list"
        for number, one in enumerate(got if expected else ()):
            _like_one_of(expected, one, f"{where}/{number}", extra)
    elif expected is None:
        assert got is None or isinstance(got, str), f"{where}: {got!r} is neither null nor text"
    else:
        wanted, found = _kind(expected), _kind(got)
        fits = wanted == found or (wanted, found) == ("fraction", "whole number")
        assert fits, f"{where}: {got!r} is a {found}, and the example has a {wanted}"


def _like_one_of(expected: Sequence[Any], got: Any, where: str, extra: Sequence[str]) -> None:
    wrong: AssertionError | None = None
    for one in expected:
        try:
            same_shape(one, got, where, extra=extra)
        except AssertionError as error:
            wrong = wrong or error
        else:
            return
    if wrong is not None:
        raise wrong


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "whole number"
    if isinstance(value, float):
        return "fraction"
    return {str: "text", dict: "object", list: "list"}[type(value)]

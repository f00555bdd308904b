"""How settings are written that hold more than one value."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

MIB: Final = 1 << 20
GIB: Final = 1 << 30
DAY_S: Final = 86400.0


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Words = Annotated[list[str], NoDecode, BeforeValidator(_split)]
"""A list, which the environment writes with commas."""


def _split_pairs(value: Any) -> Any:
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(",") if part.strip()]
        return {name.strip(): word.strip().lower() for name, _, word in parts}
    return value


Pairs = Annotated[dict[str, str], NoDecode, BeforeValidator(_split_pairs)]
"""A table, which the environment writes as ``name=word`` with commas."""


def known_words(value: list[str], known: tuple[str, ...]) -> list[str]:
    """`value`, if it holds nothing but words of `known`.

    Raises
    ------
    ValueError
    """
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise ValueError(f"there is no {unknown[0]}; there is {', '.join(known)}")
    return value


def starting(value: str, *schemes: str) -> str:
    """`value`, if it is empty or begins with one of `schemes`.

    Raises
    ------
    ValueError
    """
    if value and not value.lower().startswith(schemes):
        *first, last = schemes
        raise ValueError(f"must start with {', '.join(first)} or {last}")
    return value

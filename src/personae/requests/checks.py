"""Refusals of what makes no sense, in words, before any work is begun."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from personae.domain.marks import MARK_BITS
from personae.errors import InvalidRequest


def check_choice(choice: object) -> None:
    """Refuse a choice of face that is neither a word we know nor a number from 0 on."""
    if choice is None or choice in ("largest", "all"):
        return
    if isinstance(choice, int | np.integer) and not isinstance(choice, bool):
        if cast("int", choice) >= 0:
            return
        raise InvalidRequest(f"Faces are numbered from 0, not {choice}.")
    raise InvalidRequest(f"A face is 'largest', 'all' or a number, not {choice!r}.")


def check_strength(strength: float, name: str = "strength") -> None:
    """Refuse a strength outside [0, 1]."""
    if not is_number(strength) or not 0 <= strength <= 1:
        raise InvalidRequest(f"The {name} must lie between 0 and 1, not {strength!r}.")


def check_mark(mark: object) -> None:
    """Refuse what is neither None nor an id that fits into a mark."""
    check_whole("mark", mark, 0, 2**MARK_BITS - 1)


def check_whole(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is neither None nor a whole number in [low, high]."""
    if value is None:
        return
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not low <= cast("int", value) <= high:
        raise InvalidRequest(
            f"The {name} must be a whole number from {low} to {high}, not {value!r}."
        )


def names_of(field: str, value: object) -> tuple[str, ...]:
    """A list of names as it is kept.

    Raises
    ------
    InvalidRequest
    """
    listed = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (None,)
    if not all(isinstance(one, str) and one for one in listed):
        raise InvalidRequest(f"The {field} are a list of names, not {value!r}.")
    return tuple(cast("Sequence[str]", listed))


def is_number(value: object) -> bool:
    """Whether it is a number, of Python's or NumPy's; True and False are none."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def refuse_same(scene: Path, output: Path) -> None:
    """Refuse to write over the scene."""
    # Not `Path.exists`, which raises where a name is too long; whoever writes it will say so.
    there = os.path.exists(output)
    if scene.resolve() == output.resolve() or (there and scene.samefile(output)):
        raise InvalidRequest(f"The output {output} is the scene itself; give another name.")


def refuse_options(scene: Path, kind: str, **options: object) -> None:
    """Refuse options that mean nothing for this kind of media, rather than ignore them."""
    given = [name.removesuffix("_s") for name, value in options.items() if value is not None]
    if given:
        raise InvalidRequest(f"{scene} is {kind}; leave out {', '.join(given)}.")

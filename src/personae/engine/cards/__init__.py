"""The cards of the models that Personae knows: one TOML file each, beside this module."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from importlib import resources

from personae.engine.card import Card, parse_card
from personae.errors import InvalidRequest


@cache
def all_cards() -> tuple[Card, ...]:
    """Every card that comes with Personae, by name."""
    folder = resources.files(__name__)
    files = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(
        sorted(
            (parse_card(file.read_text("utf-8"), file.name) for file in files),
            key=lambda card: card.name,
        )
    )


def card(name: str) -> Card:
    """The card called `name`.

    Raises
    ------
    InvalidRequest
        If there is none.
    """
    for each in all_cards():
        if each.name == name:
            return each
    raise no_such_card(name, [each.name for each in all_cards()])


def no_such_card(name: str, names: Iterable[str]) -> InvalidRequest:
    """The error for a model that none of `names` is, with those that are spelled like it."""
    close = difflib.get_close_matches(name, sorted(names), 3)
    meant = f"did you mean {' or '.join(close)}?" if close else "`personae models list` shows all."
    return InvalidRequest(f"There is no model {name!r}; {meant}")


def cards(names: Iterable[str] = ()) -> tuple[Card, ...]:
    """The cards called `names`; without any, those that are installed by default."""
    chosen = tuple(card(name) for name in names)
    return chosen or tuple(each for each in all_cards() if each.default)

"""The cards of the models that Personae knows: one TOML file each, beside this module."""

from __future__ import annotations

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
    names = ", ".join(each.name for each in all_cards())
    raise InvalidRequest(f"There is no model {name!r}; choose one of {names}.")


def cards(names: Iterable[str] = ()) -> tuple[Card, ...]:
    """The cards called `names`; without any, those that are installed by default."""
    chosen = tuple(card(name) for name in names)
    return chosen or tuple(each for each in all_cards() if each.default)

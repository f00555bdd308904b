"""What the commands for models have in common: arguments, and models as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.adapters.models.shelf import Shelf
from personae.cli.completing import models as model_names
from personae.cli.output import Talk
from personae.engine.card import Card
from personae.errors import PersonaeError

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="Models; without one, those that a swap needs.",
        autocompletion=model_names(),
    ),
]
SomeNames = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Models.", autocompletion=model_names())
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
PermissiveOnly = Annotated[
    bool, typer.Option("--permissive-only", help="Only models whose licence is permissive.")
]
AcceptLicence = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-licence",
        metavar="NAME",
        help="Accept this model's licence; may be repeated.",
        autocompletion=model_names(),
    ),
]


def known(talk: Talk) -> Shelf:
    """Every card that is known; files that should be cards and are not are warned of."""
    shelf = wiring.shelf()
    for problem in shelf.problems.values():
        talk.warn(problem)
    return shelf


def size_text(card: Card) -> str:
    """How large a model's published file is, in MB; as well as it is known."""
    if card.source.size_bytes:
        return f"{card.source.size_bytes / 1e6:.1f}"
    about = card.source.about_bytes / 1e6
    return f"~{about:.{0 if about > 100 else 1}f}" if about else "?"


def state_text(store: ModelStore, card: Card) -> str:
    """A model's state in words."""
    state = store.status(card)
    return "optional, not installed" if state == "missing" and not card.default else state


def as_data(store: ModelStore, shelf: Shelf, card: Card) -> dict[str, Any]:
    """A model as plain values."""
    pin = store.pin(card)
    return {
        "name": card.name,
        "role": card.role,
        "summary": card.summary,
        "default": card.default,
        "own": card.name in shelf.own,
        "state": store.status(card),
        "licence": {
            "name": card.licence.name,
            "url": card.licence.url,
            "statement": card.licence.statement,
            "permissive": card.licence.permissive,
            "state": store.licences.state(card),
        },
        "needs": [each.name for each in needed(shelf, [card])],
        "source": str(card.source),
        "made_of": card.source.made_of,
        "mirrors": list(card.source.mirrors),
        "size_bytes": card.source.size_bytes,
        "about_bytes": card.source.size_bytes or card.source.about_bytes,
        "sha256": card.source.sha256,
        "crc32": card.source.crc32,
        "pinned_sha256": pin.sha256 if pin else "",
        "files": [str(store.where(card) / part.file) for part in card.parts],
    }


def needed(shelf: Shelf, cards: Sequence[Card]) -> list[Card]:
    """What `cards` need beyond themselves; what has no card is left out."""
    found = list(cards)
    for card in found:
        try:
            found += [each for each in shelf.needs(card) if each not in found]
        except PersonaeError:
            continue
    return [each for each in found if each not in cards]

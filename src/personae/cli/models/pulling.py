"""`personae models pull` and `accept`."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.cli.fetching import download_bars
from personae.cli.models.preparing import prepare_networks
from personae.cli.models.shared import (
    AcceptLicence,
    AsJson,
    Names,
    PermissiveOnly,
    SomeNames,
    known,
    needed,
)
from personae.cli.output import Talk
from personae.engine.card import Card
from personae.errors import InvalidRequest


def pull_models(
    names: Names = None,
    accept_licence: AcceptLicence = None,
    permissive_only: PermissiveOnly = False,
    repin: Annotated[
        bool, typer.Option("--repin", help="Trust other bytes than those that came first.")
    ] = False,
    only: Annotated[
        bool, typer.Option("--only", help="Leave out what the named models need besides.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch models, check them, and make what Personae loads out of them.

    With a model comes what it needs, such as a swapper's embedder. What is already there and intact
    is not fetched again; what is damaged is. A break is gone on with by the next call. A licence
    that is not permissive has to be accepted by the model's name first.
    """
    with Talk(as_json=as_json) as talk:
        shelf = known(talk)
        store = wiring.model_store(permissive_only)
        chosen = list(shelf.choose(names or ()))
        besides = needed(shelf, chosen) if names and not only else []
        for each in besides:
            talk.note(f"{each.name} comes too: it is needed.")
        chosen += besides
        settle_licences(talk, store, chosen, accept_licence or ())
        if repin and not names:
            raise InvalidRequest("--repin needs the names of the models that are to be trusted.")
        with download_bars() as report:
            fetched = store.pull(*chosen, progress=report, repin=repin)
        for each in fetched:
            talk.note(f"{each.name}: {each.licence.name}. {each.licence.statement}")
        left = prepare_networks(talk, chosen)
        data = {
            "folder": str(store.folder),
            "not_prepared": left,
            "fetched": [each.name for each in fetched],
            "already_there": [each.name for each in chosen if each not in fetched],
        }
        there = ", ".join(each.name for each in chosen)
        talk.result(f"In {store.folder}: {there}.", data)


def accept_licences(
    names: SomeNames,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the licences of models, and write down that they are accepted.

    Only what is not permissive has to be accepted. Who did it, and when, is kept in the models
    folder; a card that states another licence later is asked about again.
    """
    with Talk(as_json=as_json) as talk:
        store, shelf = wiring.model_store(), known(talk)
        chosen = shelf.choose(names)
        settle_licences(talk, store, chosen, names if yes else (), " --yes")
        data = {
            each.name: {"licence": each.licence.name, "state": store.licences.state(each)}
            for each in chosen
        }
        told = ", ".join(f"{name} ({what['licence']})" for name, what in data.items())
        talk.result(f"Accepted: {told}.", {"models": data})


def settle_licences(
    talk: Talk,
    store: ModelStore,
    cards: Sequence[Card],
    accepted: Sequence[str],
    options: str = "",
) -> None:
    """Accept the licences of `cards` that are named, and ask for the others at a terminal.

    ``options`` are added to the command that accepts what is left.

    Raises
    ------
    ModelError
        If one is left that has not been accepted.
    InvalidRequest
        If a name in `accepted` is none of the models.
    """
    for name in accepted:
        if all(card.name != name for card in cards):
            raise InvalidRequest(f"{name!r} is none of the models that are asked for here.")
    for card in cards:
        if store.licences.state(card) not in ("needed", "changed"):
            continue
        show_licence(talk, card)
        if card.name in accepted or _agrees(talk, card):
            store.licences.accept(card, user(), store.now())
    store.licences.require(cards, options)


def show_licence(talk: Talk, card: Card) -> None:
    """Tell a person under which licence a model is."""
    licence = card.licence
    talk.note(f"{card.name} is under {licence.name}: {licence.statement} {licence.url}")


def user() -> str:
    """Who is at work here, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # A user id without a name, as containers have them.
        return "unknown"


def _agrees(talk: Talk, card: Card) -> bool:
    at_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if talk.as_json or not at_terminal:
        return False
    return typer.confirm(f"Do you accept the licence of {card.name}?", default=False, err=True)

"""Make at once what would otherwise be made when a model is first loaded."""

from __future__ import annotations

from collections.abc import Iterable

from personae import wiring
from personae.cli.output import Talk
from personae.engine.card import Card
from personae.errors import PersonaeError


def prepare_networks(talk: Talk, cards: Iterable[Card]) -> list[str]:
    """Prepare installed networks for where they will run; what cannot be is only told.

    Returns
    -------
    list of str
        The models whose first use takes longer because they could not be prepared.
    """
    left: list[str] = []
    for card in cards:
        try:
            done = wiring.prepare_network(card)
        except PersonaeError:  # Whoever uses it is told why.
            done = False
        if not done:
            left.append(card.name)
    if left:
        talk.note(f"Not prepared: {', '.join(left)}; the first use takes some seconds longer.")
    return left

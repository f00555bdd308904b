"""The table of models and licences in ``docs/models.md``, made from the cards.

Run ``python -m personae.cli.models.tables`` after a card has changed, and put what it prints into
that page; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from personae.cli.models.shared import size_text
from personae.engine.card import Card
from personae.engine.cards import all_cards

_HEAD = """# Every model that has a card

Made from the cards with `python -m personae.cli.models.tables`. Licences are what the authors
state; what the networks were trained on was not audited. **Permissive** means that anybody may use
the model for anything, also for money; everything else has to be
[accepted by name](05-models.md#licences). What a model needs besides comes with it, and has a
licence of its own: no swapper that is permissive itself works without an embedder that is not.
`default` models are those of the embedded engine."""


def models_page(cards: Iterable[Card]) -> str:
    """The whole page, for `cards`."""
    parts = [_HEAD]
    by_role = sorted(cards, key=lambda card: (card.role, card.name))
    for role, group in groupby(by_role, key=lambda card: card.role):
        parts.append(f"## {role}\n\n{_table(group)}")
    return "\n\n".join(parts) + "\n"


def _table(cards: Iterable[Card]) -> str:
    rows = ["| card | what it does | MB | licence | permissive |", "|---|---|---|---|---|"]
    for card in cards:
        name = f"`{card.name}`{', default' if card.default else ''}"
        licence = f"[{card.licence.name}]({card.licence.url}): {card.licence.statement}"
        yes = "yes" if card.licence.permissive else "no"
        rows.append(f"| {name} | {card.summary} | {size_text(card)} | {licence} | {yes} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(models_page(all_cards()), end="")

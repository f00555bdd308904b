"""The page of models says what the cards say."""

from __future__ import annotations

from pathlib import Path

from personae.cli.models.tables import models_page
from personae.engine.cards import all_cards

PAGE = Path(__file__).parents[3] / "docs" / "models.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == models_page(all_cards()), (
        "Run `python -m personae.cli.models.tables > docs/models.md`."
    )


def test_every_card_has_a_row() -> None:
    rows = PAGE.read_text("utf-8").splitlines()
    for card in all_cards():
        (row,) = (row for row in rows if row.startswith(f"| `{card.name}`"))
        assert card.licence.statement in row

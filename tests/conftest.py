"""What every test may ask for."""

from __future__ import annotations

import pytest

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.engine.cards import cards


@pytest.fixture(scope="session")
def store() -> ModelStore:
    """The models that a swap needs, as `make models` fetched them; tests fetch nothing."""
    store = wiring.model_store()
    missing = [card.name for card in cards() if store.status(card) != "ready"]
    if missing:
        pytest.fail(
            f"The models {', '.join(missing)} are not in {store.folder}: run `make models` first",
            pytrace=False,
        )
    return store

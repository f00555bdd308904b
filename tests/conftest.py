"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from personae import signing, wiring
from personae.adapters.model_store import ModelStore
from personae.engine.cards import cards


@pytest.fixture(scope="session", autouse=True)
def signing_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A local certificate of the tests' own, for them and the processes that they start."""
    folder = tmp_path_factory.mktemp("signing")
    os.environ[signing.SIGNING_DIR_VARIABLE] = str(folder)
    yield folder
    os.environ.pop(signing.SIGNING_DIR_VARIABLE, None)


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

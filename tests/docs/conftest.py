"""What the pages' tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.world import World
from personae.adapters.model_store import ModelStore


@pytest.fixture(scope="session")
def world(
    store: ModelStore, signing_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("docs"), store.folder, signing_dir)
    yield made
    made.close()

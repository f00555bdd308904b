"""What a wish means on this machine: what is installed with all it needs, and where it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.stand_ins import install_stand_ins

from personae import engines, wiring
from personae.adapters.model_store import ModelStore
from personae.adapters.models.hashes import fingerprint
from personae.adapters.models.shelf import read_shelf
from personae.adapters.networks.machine import multiplies_safely
from personae.adapters.networks.variants import take_in_variant, variant_text
from personae.engine.card import parse_card
from personae.engine.cards import card
from personae.engine.choosing import Wish
from personae.errors import InvalidRequest

SWAPPER = card("simswap_256")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(tmp_path))
    monkeypatch.delenv("PERSONAE_PROVIDERS", raising=False)
    return tmp_path


def _install(folder: Path, *names: str) -> None:
    install_stand_ins(folder, [card(name) for name in names])


def test_a_swapper_without_what_it_needs_is_not_ready(folder: Path) -> None:
    _install(folder, "simswap_256")
    assert engines.setup_for(Wish()).engine == "mesh"
    needs = [one.name for one in wiring.shelf().needs(SWAPPER)]
    _install(folder, *needs)
    assert engines.setup_for(Wish()).engine == "simswap_256"


def test_8_bits_are_for_processors_that_multiply_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(folder)
    _install(folder, "simswap_256", *(one.name for one in wiring.shelf().needs(SWAPPER)))
    path = store.path(SWAPPER)
    found = fingerprint(path)
    text = variant_text(read_shelf([]).text(SWAPPER), SWAPPER, found.sha256, found.size_bytes)
    made = parse_card(text, "made")
    store.licences.accept(made, "me", 0.0)
    take_in_variant(store, folder / "cards", made, text, path)
    quick = "simswap_256_int8" if multiplies_safely() else "simswap_256"
    assert engines.setup_for(Wish()).engine == quick
    assert engines.setup_for(Wish("best")).engine == "simswap_256"
    monkeypatch.setenv("PERSONAE_PROVIDERS", "cuda,cpu")
    assert engines.setup_for(Wish()).engine == "simswap_256"
    monkeypatch.setenv("PERSONAE_PROVIDERS", "nonsense")
    assert engines.setup_for(Wish(engine="mesh")).engine == "mesh"
    with pytest.raises(InvalidRequest, match="no provider 'nonsense'"):
        engines.setup_for(Wish())

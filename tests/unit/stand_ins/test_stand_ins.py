"""Stand-ins keep the published contracts: names, shapes, ranges; and answer to what goes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.stand_ins import graph_part, install_stand_ins, make_stand_in

from personae.adapters.model_store import ModelStore
from personae.engine.card import Card
from personae.engine.card_roles import SwapperContract
from personae.engine.cards import all_cards, card
from personae.engine.session import OnnxModel

PUBLISHED = [each for each in all_cards() if each.contract is not None]


def _one_of(role: str) -> Card:
    return next(each for each in PUBLISHED if each.role == role)


def _inputs(each: Card, seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [
        random.uniform(*(tensor.range or (-1, 1)), tensor.shape).astype(
            getattr(tensor, "type", "float32")
        )
        for tensor in graph_part(each).inputs
    ]


@pytest.mark.parametrize("each", PUBLISHED, ids=lambda each: each.name)
def test_keeps_its_cards_contract(each: Card, tmp_path: Path) -> None:
    if any(tensor.shape[-2:] == (2048, 2048) for tensor in graph_part(each).inputs):
        pytest.skip("As its smaller sisters, but slow.")
    model = OnnxModel(make_stand_in(each, tmp_path).path)
    made = model(*_inputs(each))
    assert [spec.name for spec in model.inputs] == [one.name for one in graph_part(each).inputs]
    assert len(made) == len(graph_part(each).outputs)
    for tensor, array in zip(graph_part(each).outputs, made, strict=True):
        assert len(tensor.shape) == array.ndim
        assert all(want in (-1, got) for want, got in zip(tensor.shape, array.shape, strict=True))
        assert np.isfinite(array).all()


def test_the_same_card_gives_the_same_bytes(tmp_path: Path) -> None:
    each = _one_of("swapper")
    one, other = (make_stand_in(each, tmp_path / name).path for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_a_swapper_tints_by_identity_and_keeps_the_crop(tmp_path: Path) -> None:
    each = card("inswapper_128")
    assert isinstance(each.contract, SwapperContract)
    model = OnnxModel(make_stand_in(each, tmp_path).path)
    crop, vector = _inputs(each)
    crop = np.full_like(crop, 0.5)
    crop[..., 40:80, 40:80] = 0.9
    first, second = model(crop, vector)[0], model(crop, -vector)[0]
    assert 0.02 < float(np.abs(first - second).mean()) < 0.3
    assert first.min() >= 0
    assert first.max() <= 1
    assert float(first[..., 50:70, 50:70].mean() - first[..., 10:30, 10:30].mean()) > 0.2


def test_installed_stand_ins_count_as_pulled(tmp_path: Path) -> None:
    each = card("inswapper_128")
    install_stand_ins(tmp_path, [each, card("arcface_w600k_r50")])
    store = ModelStore(tmp_path)
    store.verify(each)
    assert store.status(card("arcface_w600k_r50")) == "ready"
    store.licences.accept(each, "a test", 0.0)
    matrix = np.load(store.path(each, "projection"))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(512), atol=1e-5)

"""Whom an output looks like, and what may not judge it."""

from __future__ import annotations

import numpy as np
import pytest

from personae.adapters.model_store import ModelStore
from personae.engine.cards import card
from personae.engine.types import Float32
from personae.errors import InvalidRequest, ModelError
from personae.evaluating.engines import (
    JUDGE,
    Contender,
    check_independent,
    conditions_of,
    contender,
)
from personae.evaluating.looks import Gallery


def towards(*values: float) -> Float32:
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


@pytest.fixture
def gallery() -> Gallery:
    gallery = Gallery()
    gallery.add("ann", [towards(1, 0, 0)])
    gallery.add("bob", [towards(0, 1, 0.2), towards(0, 1, -0.2)])
    gallery.add("cid", [towards(0.8, 0.6, 0)])
    return gallery


def test_the_largest_cosine_wins(gallery: Gallery) -> None:
    assert gallery.nearest(towards(0.9, 0.1, 0)) == "ann"
    assert gallery.nearest(towards(0.7, 0.6, 0.1)) == "cid"
    assert gallery.nearest(towards(0.7, 0.6, 0.1), frozenset({"ann", "bob"})) == "ann"
    assert len(gallery) == 3


def test_several_photos_are_one_mean(gallery: Gallery) -> None:
    bob = gallery.vector("bob")
    assert bob is not None
    assert np.allclose(bob, [0, 1, 0], atol=1e-6)
    assert gallery.vector("dan") is None


def test_an_engine_is_not_judged_by_what_conditions_it() -> None:
    def swap(scene: object, donor: object) -> object:
        raise AssertionError

    told = Contender("inswapper", swap, frozenset({JUDGE}))  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidRequest, match="conditioned on dlib_resnet, which also judges"):
        check_independent(told)
    other = Contender("inswapper", swap, conditions_of(card("inswapper_128")))  # pyright: ignore[reportArgumentType]
    assert other.conditioned_on == {"arcface_w600k_r50"}
    assert check_independent(other) is other
    assert conditions_of(card("dlib_resnet")) == frozenset()


def test_engines_by_name(store: ModelStore) -> None:
    mesh = contender("mesh")
    assert (mesh.name, mesh.conditioned_on) == ("mesh", frozenset())
    with pytest.raises(InvalidRequest, match="no model 'nothing'"):
        contender("nothing")
    with pytest.raises(InvalidRequest, match="dlib_resnet is no swapper"):
        contender("dlib_resnet")
    with pytest.raises(ModelError, match="inswapper_128"):
        contender("inswapper_128")

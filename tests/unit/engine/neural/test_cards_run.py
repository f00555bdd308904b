"""Every published card of these roles runs: a network that answers as the card says is understood.

The networks here are functions that give zeros, or ones, of the shapes that the card declares.
"""

from __future__ import annotations

import numpy as np
import pytest
from functions import Function
from portraits import astronaut

from personae.engine.canvas import RgbCanvas
from personae.engine.card import Card
from personae.engine.card_roles import (
    DetectorContract,
    LandmarkerContract,
    OccluderContract,
    ParserContract,
    RestorerContract,
    SafetyContract,
)
from personae.engine.cards import all_cards
from personae.engine.geometry import Region
from personae.engine.neural.aligning import five_points
from personae.engine.neural.covering import CardCover, Occluder, Parser
from personae.engine.neural.detecting import CardDetector
from personae.engine.neural.judging import CardScorer
from personae.engine.neural.landmarking import CardLandmarker, CardLift
from personae.engine.neural.restoring import CardRestorer
from personae.engine.restore import SwappedFace
from personae.engine.types import Face, Float32, Float64

FREE = {1: 7, 2: 20}
"""What free sizes are taken for, by their axis."""


def answering(card: Card) -> Function:
    """A network with the card's inputs, checked, that gives what its outputs look like."""
    part = card.part("graph")

    def answer(*arrays: Float32 | Float64) -> list[Float32]:
        for tensor, array in zip(part.inputs, arrays, strict=True):
            assert array.dtype == tensor.type
            assert array.ndim == len(tensor.shape)
            sizes = zip(tensor.shape, array.shape, strict=True)
            assert all(want in (-1, have) for want, have in sizes)
        shapes = [
            [FREE.get(i, 1) if n < 0 else n for i, n in enumerate(t.shape)] for t in part.outputs
        ]
        return [np.zeros(shape, np.float32) for shape in shapes]

    inputs, outputs = ([one.name for one in side] for side in (part.inputs, part.outputs))
    return Function(answer, inputs=inputs, outputs=outputs)


def of_role(*kinds: type) -> list[Card]:
    found = [card for card in all_cards() if isinstance(card.contract, kinds)]
    assert found
    return found


def name(card: Card) -> str:
    return card.name


CANVAS = RgbCanvas(astronaut().copy())


@pytest.mark.parametrize("card", of_role(DetectorContract), ids=name)
def test_detectors(card: Card) -> None:
    assert isinstance(card.contract, DetectorContract)
    detector = CardDetector(answering(card), card.contract)
    assert detector.find(CANVAS.rgb, 0.5) == []


@pytest.mark.parametrize("card", of_role(LandmarkerContract), ids=name)
def test_landmarkers(card: Card, astronaut_face: Face) -> None:
    assert isinstance(card.contract, LandmarkerContract)
    if card.contract.kind == "lift":
        points = CardLift(answering(card), card.contract).lift(
            five_points(astronaut_face.landmarks)
        )
        assert points.shape == (68, 2)
        return
    landmarker = CardLandmarker(answering(card), card.contract)
    (found,) = landmarker.find_all([(CANVAS, Region(220, 120, 100, 0.1))])
    assert found.score == 0


@pytest.mark.parametrize("card", of_role(RestorerContract), ids=name)
def test_restorers(card: Card, astronaut_face: Face) -> None:
    assert isinstance(card.contract, RestorerContract)
    box = 100, 20, 340, 260
    rgb = CANVAS.region_rgb(box).astype(np.float32)
    landmarks = astronaut_face.landmarks.astype(np.float64)
    face = SwappedFace(CANVAS, box, rgb, np.ones((240, 240), np.float32), landmarks)
    change = CardRestorer(card.name, answering(card), card.contract).restore(face, 1.0)
    assert np.abs(change).mean() > 1


@pytest.mark.parametrize("card", of_role(OccluderContract, ParserContract), ids=name)
def test_occluders_and_parsers(card: Card, astronaut_face: Face) -> None:
    network = answering(card)
    if isinstance(card.contract, OccluderContract):
        seer: Occluder | Parser = Occluder(network, card.contract)
    else:
        assert isinstance(card.contract, ParserContract)
        seer = Parser(network, card.contract)
    landmarks = astronaut_face.landmarks.astype(np.float64)
    # No class beats another, and the occluder sees nothing of the face.
    assert (CardCover([seer]).visible_in(CANVAS, (100, 20, 340, 260), landmarks) == 0).all()


@pytest.mark.parametrize("card", of_role(SafetyContract), ids=name)
def test_classifiers(card: Card) -> None:
    assert isinstance(card.contract, SafetyContract)
    assert CardScorer(answering(card), card.contract).score(CANVAS) < 0.7

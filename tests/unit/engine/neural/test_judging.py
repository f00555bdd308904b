"""Published classifiers as the content gate's scorers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from functions import Function, says

from personae.engine.canvas import RgbCanvas
from personae.engine.card_roles import Picture, SafetyContract
from personae.engine.gate import Gate
from personae.engine.neural.judging import AT_LIMIT, CardScorer, Vote, score_of
from personae.engine.types import Canvas, Float32
from personae.errors import InvalidRequest, ModelError, PolicyRefused

PICTURE = Picture("input", 32, "", "rgb", "nchw", mean=(0,) * 3, std=(1,) * 3)
LOGITS = SafetyContract(PICTURE, contain=True, plus=(0,), minus=(1,), any_of=False, limit=0.25)
FOUR = replace(LOGITS, plus=(2, 3), minus=(0, 1), limit=10.5)
BOXES = replace(LOGITS, plus=(), minus=(), any_of=True, limit=0.2, box_numbers=4)
WHITE = RgbCanvas(np.full((40, 80, 3), 255, np.uint8))


def told(*values: float) -> Float32:
    return np.array([values], np.float32)


def boxes(*columns: tuple[float, ...]) -> Float32:
    """A column for each box: its middle and size, and a score for each class."""
    return np.array([[10, 10, 5, 5, *column] for column in columns], np.float32).T[None]


@pytest.mark.parametrize(
    ("contract", "gave", "unsafe"),
    [
        (LOGITS, told(0.3, 0.0), True),
        (LOGITS, told(0.2, 0.0), False),
        (LOGITS, told(-3, 2), False),
        (FOUR, told(-2, -3, 4, 2), True),
        (FOUR, told(-2, -3, 3, 2), False),
        (BOXES, boxes((0.1, 0.19, 0.0), (0.1, 0.0, 0.21)), True),
        (BOXES, boxes((0.1, 0.19, 0.0), (0.1, 0.0, 0.19)), False),
        (replace(BOXES, plus=(0,)), boxes((0.1, 0.9)), False),
        (BOXES, np.zeros((1, 7, 0), np.float32), False),
    ],
)
def test_a_networks_limit_is_the_gates(
    contract: SafetyContract, gave: Float32, unsafe: bool
) -> None:
    score = CardScorer(says(gave), contract).score(WHITE)
    assert 0 <= score <= 1
    assert (score > AT_LIMIT) == unsafe


def test_scores_rise_with_what_a_network_says() -> None:
    for contract, shape in ((LOGITS, "logits"), (BOXES, "boxes")):
        values = np.linspace(0, 1, 21)
        gave = [
            np.array([value, 0], np.float32)
            if shape == "logits"
            else np.array([[0]] * 4 + [[value]], np.float32)
            for value in values
        ]
        scores = [score_of(one, contract) for one in gave]
        assert all(score is not None for score in scores)
        assert (np.diff(np.array(scores, float)) > 0).all()


def test_the_ends_of_a_probability_are_the_ends_of_the_score() -> None:
    ends = [score_of(boxes((value,))[0], BOXES) for value in (0.0, 0.2, 1.0)]
    assert ends == pytest.approx([0, AT_LIMIT, 1])


def test_a_logit_more_is_the_odds_times_e() -> None:
    low, high = (score_of(told(value, 0)[0], LOGITS) for value in (1.0, 2.0))
    assert low is not None
    assert high is not None
    assert high / (1 - high) == pytest.approx(math.e * low / (1 - low), rel=1e-4)


def test_a_picture_fits_between_black_bars_or_is_squeezed() -> None:
    network = says(told(0, 0))
    CardScorer(network, LOGITS).score(WHITE)
    CardScorer(network, replace(LOGITS, contain=False)).score(WHITE)
    (fitted,), (squeezed,) = network.given
    assert fitted.shape == squeezed.shape == (1, 3, 32, 32)
    assert (fitted[0, :, 8:24] == 1).all()
    assert fitted.sum() == 3 * 16 * 32
    assert (squeezed == 1).all()


def test_a_small_picture_is_enlarged() -> None:
    network = says(told(0, 0))
    CardScorer(network, LOGITS).score(RgbCanvas(np.full((6, 12, 3), 255, np.uint8)))
    assert network.given[0][0].sum() == 3 * 16 * 32


def test_the_ends_of_a_strip_are_looked_at_as_well() -> None:
    """Unsafe is what is bright: alone it fills a view, in the whole strip it is lost."""

    def brightness(seen: Float32) -> list[Float32]:
        level = seen.mean((1, 2, 3)) * 20 - 10
        return [np.stack([level, np.zeros_like(level)], 1)]

    strip = np.zeros((64, 512, 3), np.uint8)
    strip[:, :64] = 255
    for batch in (1, 8):
        network = Function(brightness, batch=batch)
        scorer = CardScorer(network, replace(LOGITS, contain=False))
        assert scorer.score(RgbCanvas(strip)) > 0.99
        assert scorer.score(RgbCanvas(strip // 4)) < AT_LIMIT


@pytest.mark.parametrize(
    ("contract", "gave"),
    [
        (LOGITS, told(np.nan, 0)),
        (LOGITS, told(0.3)),
        (LOGITS, np.zeros((1, 2, 5), np.float32)),
        (LOGITS, np.zeros((2, 2), np.float32)),
        (BOXES, told(0.3, 0.1)),
        (BOXES, np.zeros((1, 4, 10), np.float32)),
        (BOXES, boxes((np.inf, 0))),
        (replace(LOGITS, plus=(-1,)), told(0.3, 0)),
    ],
)
def test_what_is_no_score_is_an_error_and_lets_nothing_through(
    contract: SafetyContract, gave: Float32
) -> None:
    with pytest.raises(ModelError, match="does not fit its card"):
        CardScorer(says(gave), contract).score(WHITE)


class Fixed:
    def __init__(self, score: float) -> None:
        self.value = score

    def score(self, canvas: Canvas) -> float:
        return self.value


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        ((0.9,), 0.9),
        ((0.9, 0.1), 0.9),
        ((0.9, 0.1, 0.2), 0.2),
        ((0.1, 0.8, 0.9), 0.8),
        ((0.9, 0.8, 0.1, 0.1), 0.8),
        ((0.9, 0.8, 0.75, 0.1, 0.1), 0.75),
    ],
)
def test_two_of_three_decide(scores: tuple[float, ...], wanted: float) -> None:
    assert Vote([Fixed(score) for score in scores]).score(WHITE) == wanted


def test_nobody_cannot_vote() -> None:
    with pytest.raises(InvalidRequest, match="at least one"):
        Vote([])


def test_the_gate_takes_such_scorers() -> None:
    unsafe = CardScorer(says(told(5, 0)), LOGITS)
    harmless = CardScorer(says(told(-5, 0)), LOGITS)
    with pytest.raises(PolicyRefused):
        Gate(Vote([unsafe, harmless, unsafe]), 0.7, None, 1.0).look("scene", WHITE)
    seen = Gate(Vote([unsafe, harmless, harmless]), 0.7, None, 1.0).look("scene", WHITE)
    assert seen.highest < 0.1

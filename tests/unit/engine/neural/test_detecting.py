"""What published detectors tell becomes boxes in pixels of the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from functions import Function, says
from portraits import astronaut

from personae.engine.canvas import RgbCanvas
from personae.engine.card_roles import DetectorContract, Picture
from personae.engine.faces.finder import FaceFinder
from personae.engine.neural.detecting import MOST_CANDIDATES, CardDetector
from personae.engine.pipeline import Engine
from personae.engine.types import Face, Float32
from personae.errors import ModelError

PLAIN = Picture("input", 64, "", "bgr", "nchw", mean=(0, 0, 0), std=(1, 1, 1))
ROWS = DetectorContract(PLAIN, "rows", (), 0, least_score=0.5, overlap=0.4)
ANCHORS = replace(ROWS, decode="anchors", strides=(8, 16, 32), anchors=2)
GRID = replace(ROWS, decode="grid", strides=(8, 16, 32))
POINTS = [[10, 12], [20, 12], [15, 18], [11, 24], [19, 24]]
BLACK = np.zeros((64, 64, 3), np.uint8)


def rows(*told: tuple[float, float, float, float, float]) -> Float32:
    """One tensor (1, 20, N): boxes by middle, size and score, each with the same points."""
    points = [value for x, y in POINTS for value in (x, y, 0.9)]
    return np.array([[*one, *points] for one in told], np.float32).T[None]


def levels(columns: int, each: int = 1, fill: float = 0.0) -> list[Float32]:
    """A tensor (N, columns) for each stride of a square of 64 pixels."""
    return [np.full(((64 // s) ** 2 * each, columns), fill, np.float32) for s in (8, 16, 32)]


def anchored() -> list[Float32]:
    """A face with its box at 12, 20 to 36, 60, told by the second anchor of cell 1, 2 of 4 x 4."""
    scores, boxes, points = levels(1, 2), levels(4, 2), levels(10, 2)
    at = (2 * 4 + 1) * 2 + 1
    scores[1][at] = 0.8
    # The cell's corner is at 16, 32.
    boxes[1][at] = np.array([4, 12, 20, 28]) / 16
    points[1][at] = (np.array(POINTS) - [16, 32]).ravel() / 16
    return [*scores, *boxes, *points]


def gridded() -> list[Float32]:
    """A face of 24 x 40 pixels around 24, 40, told by cell 1, 2 of 4 x 4; in batches of one."""
    kinds, objects, boxes, points = levels(1), levels(1), levels(4), levels(10)
    at = 2 * 4 + 1
    kinds[1][at], objects[1][at] = 0.9, 0.4
    boxes[1][at] = [8 / 16, 8 / 16, np.log(24 / 16), np.log(40 / 16)]
    points[1][at] = (np.array(POINTS) - [16, 32]).ravel() / 16
    return [one[None] for one in (*kinds, *objects, *boxes, *points)]


def test_rows_tell_middle_and_size() -> None:
    detector = CardDetector(says(rows((24, 40, 24, 40, 0.8), (5, 5, 4, 4, 0.4))), ROWS)
    (found,) = detector.find(BLACK, 0.5)
    np.testing.assert_allclose(found.box_xyxy, [12, 20, 36, 60])
    np.testing.assert_allclose(found.eyes, [[10, 12], [20, 12]])
    assert found.score == pytest.approx(0.8)


@pytest.mark.parametrize("turned", [False, True], ids=["as published", "in another order"])
def test_anchors_tell_distances_in_strides(turned: bool) -> None:
    told = anchored()[::-1] if turned else anchored()
    (found,) = CardDetector(says(*told), ANCHORS).find(BLACK, 0.5)
    np.testing.assert_allclose(found.box_xyxy, [12, 20, 36, 60], atol=1e-4)
    np.testing.assert_allclose(found.eyes, [[10, 12], [20, 12]], atol=1e-4)
    assert found.score == pytest.approx(0.8)


def test_a_grid_tells_powers_of_e_and_two_scores() -> None:
    (found,) = CardDetector(says(*gridded()), GRID).find(BLACK, 0.5)
    np.testing.assert_allclose(found.box_xyxy, [12, 20, 36, 60], atol=1e-4)
    np.testing.assert_allclose(found.eyes, [[10, 12], [20, 12]], atol=1e-4)
    assert found.score == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("size_wh", "scale"), [((128, 64), 2), ((64, 128), 2), ((32, 16), 1), ((256, 256), 4)]
)
def test_a_picture_is_made_to_fit_into_the_upper_left(
    size_wh: tuple[int, int], scale: float
) -> None:
    network = says(rows((24, 40, 24, 40, 0.8)))
    white = np.full((size_wh[1], size_wh[0], 3), 255, np.uint8)
    (found,) = CardDetector(network, ROWS).find(white, 0.5)
    np.testing.assert_allclose(found.box_xyxy, np.array([12, 20, 36, 60]) * scale)
    ((seen,),) = network.given
    assert seen.shape == (1, 3, 64, 64)
    wide, high = (round(side / scale) for side in size_wh)
    assert (seen[..., :high, :wide] == 1).all()
    assert seen.sum() == 3 * wide * high


def test_colours_come_in_the_cards_order() -> None:
    network = says(np.zeros((1, 20, 0), np.float32))
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    CardDetector(network, ROWS).find(red, 0.5)
    assert network.given[0][0][0, :, 0, 0].tolist() == [0, 0, 1]


def test_what_takes_any_size_is_not_given_more_than_there_is() -> None:
    free = replace(GRID, picture=replace(PLAIN, size_px=0))

    def empty(seen: Float32) -> list[Float32]:
        cells = [seen.shape[2] // s * (seen.shape[3] // s) for s in (8, 16, 32)]
        return [np.zeros((1, n, k), np.float32) for k in (1, 1, 4, 10) for n in cells]

    network = Function(empty)
    assert CardDetector(network, free).find(np.zeros((360, 640, 3), np.uint8), 0.5) == []
    assert network.given[0][0].shape == (1, 3, 384, 640)


def test_of_boxes_that_overlap_the_strongest_is_kept() -> None:
    told = rows((24, 40, 24, 40, 0.6), (25, 41, 24, 40, 0.9), (50, 12, 20, 20, 0.7))
    found = CardDetector(says(told), ROWS).find(BLACK, 0.5)
    assert [round(one.score, 2) for one in found] == [0.9, 0.7]


def test_neither_the_cards_nor_the_callers_least_score_is_undercut() -> None:
    told = rows((24, 40, 24, 40, 0.6), (50, 12, 20, 20, 0.9))
    assert len(CardDetector(says(told), ROWS).find(BLACK, 0.1)) == 2
    assert len(CardDetector(says(told), ROWS).find(BLACK, 0.7)) == 1
    strict = replace(ROWS, least_score=0.95)
    assert CardDetector(says(told), strict).find(BLACK, 0.1) == []


@pytest.mark.parametrize(
    "box",
    [
        (np.nan, 40, 24, 40, 0.8),
        (24, 40, 24, 40, np.nan),
        (24, 40, np.inf, 40, 0.8),
        (24, 40, -24, 40, 0.8),
        (24, 40, 0, 40, 0.8),
        (24, 40, 1e9, 40, 0.8),
    ],
)
def test_what_is_no_box_is_dropped(box: tuple[float, float, float, float, float]) -> None:
    detector = CardDetector(says(rows(box, (50, 12, 20, 20, 0.7))), ROWS)
    (found,) = detector.find(BLACK, 0.5)
    np.testing.assert_allclose(found.box_xyxy, [40, 2, 60, 22])


def test_sizes_beyond_all_powers_are_dropped() -> None:
    told = gridded()
    told[7][0, 9] = [0, 0, 1e30, 1e30]
    assert CardDetector(says(*told), GRID).find(BLACK, 0.5) == []


def test_a_flood_of_boxes_is_cut_short() -> None:
    many = np.zeros((1, 20, 20_000), np.float32)
    many[0, :5] = np.array([32, 32, 20, 20, 0.9])[:, None]
    many[0, 0] = np.arange(20_000) % 1999
    far = replace(ROWS, overlap=1.0)
    assert len(CardDetector(says(many), far).find(BLACK, 0.5)) == MOST_CANDIDATES


def test_nothing_found_is_nothing() -> None:
    for contract, told in ((ROWS, [rows((0, 0, 0, 0, 0))]), (ANCHORS, [*anchored()])):
        quiet = [np.zeros_like(one) for one in told]
        assert CardDetector(says(*quiet), contract).find(BLACK, 0.5) == []


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        (ROWS, []),
        (ROWS, [np.zeros((1, 19, 5), np.float32)]),
        (ROWS, [np.zeros((2, 20, 5), np.float32)]),
        (ROWS, anchored()),
        (ANCHORS, anchored()[:-1]),
        (ANCHORS, gridded()),
        (GRID, anchored()),
        (replace(GRID, strides=()), gridded()),
        (replace(ANCHORS, anchors=1), anchored()),
    ],
)
def test_another_networks_answer_is_an_error(
    contract: DetectorContract, told: list[Float32]
) -> None:
    with pytest.raises(ModelError, match="does not fit its card"):
        CardDetector(says(*told), contract).find(BLACK, 0.5)


class Planted:
    """Tells one face where it is in a picture, however the picture is turned or cut."""

    def __init__(self, face: Face) -> None:
        x0, y0, x1, y1 = face.box_xyxy
        self.row = [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 0.95]
        self.points = [value for x, y in face.points for value in (x, y, 1.0)]

    def __call__(self, seen: Float32) -> list[Float32]:
        told = np.array([*self.row, *self.points], np.float32)[None, :, None]
        return [told if seen.sum() > 0 else 0 * told]


def test_the_finder_takes_such_a_detector(engine: Engine, astronaut_face: Face) -> None:
    finder: FaceFinder = engine._finder
    contract = replace(ROWS, picture=replace(PLAIN, size_px=640))
    planted = CardDetector(Function(Planted(astronaut_face)), contract)
    (found,) = FaceFinder([planted], finder._landmarks).find_quickly(RgbCanvas(astronaut()))
    side = np.ptp(astronaut_face.landmarks[:, 0])
    apart = np.abs(found.landmarks[:, :2] - astronaut_face.landmarks[:, :2]).mean()
    assert apart < 0.02 * side


def test_what_a_detector_makes_up_is_not_a_face(engine: Engine) -> None:
    finder: FaceFinder = engine._finder
    told = CardDetector(says(rows((30, 30, 40, 40, 0.99))), ROWS)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert FaceFinder([told], finder._landmarks).find_all(RgbCanvas(noise)) == []

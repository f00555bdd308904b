"""Candidates of the detector become boxes in the picture, one for each face."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.faces.blazeface import BlazeFace
from personae.engine.faces.rough import iou


class Answers:
    """A network that says what it was told, and keeps what it was shown."""

    def __init__(self, candidates: int, said: dict[int, tuple[float, np.ndarray]]) -> None:
        self.boxes = np.zeros((1, candidates, 16), np.float32)
        self.logits = np.full((1, candidates, 1), -50, np.float32)
        for number, (logit, box) in said.items():
            self.logits[0, number], self.boxes[0, number] = logit, box
        self.seen = np.empty(0)

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        self.seen = inputs[0]
        return [self.logits, self.boxes]


def box(dx: float, dy: float, side: float) -> np.ndarray:
    """Offsets from the prior, in network pixels: middle, size, right eye, left eye, the rest."""
    row = np.zeros(16, np.float32)
    row[:4] = dx, dy, side, side
    row[4:8] = dx - side / 4, dy - side / 8, dx + side / 4, dy - side / 8
    return row


# The first grid of the short range has 16 x 16 cells of 8 px with two priors each.
MIDDLE = (8 * 16 + 8) * 2


def test_boxes_are_told_in_pixels_of_the_picture() -> None:
    network = Answers(896, {MIDDLE: (3.0, box(4, -4, 32))})
    (found,) = BlazeFace(network, full_range=False).find(np.zeros((256, 512, 3), np.uint8), 0.5)
    # The prior's middle is at (68, 68) of 128; the picture fills 128 x 64 below 32 empty rows.
    x, y = (68 + 4) * 4, (68 - 4 - 32) * 4
    np.testing.assert_allclose(found.box_xyxy, [x - 64, y - 64, x + 64, y + 64], atol=1e-3)
    np.testing.assert_allclose(found.eyes, [[x - 32, y - 16], [x + 32, y - 16]], atol=1e-3)
    assert found.side_px == pytest.approx(128)
    assert found.score == pytest.approx(1 / (1 + np.exp(-3)))


def test_the_network_sees_the_whole_picture_within_its_range() -> None:
    network = Answers(896, {})
    BlazeFace(network, full_range=False).find(np.full((100, 50, 3), 255, np.uint8), 0.5)
    assert network.seen.shape == (1, 128, 128, 3)
    assert network.seen.min() == pytest.approx(-1)
    assert network.seen.max() == pytest.approx(1)
    assert (network.seen[0, :, :32] == -1).all()
    assert (network.seen[0, :, 32:96] == 1).all()


def test_overlapping_candidates_are_averaged_by_their_scores() -> None:
    network = Answers(896, {MIDDLE: (2.0, box(0, 0, 40)), MIDDLE + 1: (2.0, box(4, 0, 40))})
    (found,) = BlazeFace(network, full_range=False).find(np.zeros((128, 128, 3), np.uint8), 0.5)
    assert (found.box_xyxy[0] + found.box_xyxy[2]) / 2 == pytest.approx(70)


def test_faces_apart_stay_apart_and_the_surest_comes_first() -> None:
    network = Answers(896, {0: (1.0, box(20, 20, 30)), MIDDLE: (4.0, box(20, 20, 30))})
    found = BlazeFace(network, full_range=False).find(np.zeros((128, 128, 3), np.uint8), 0.5)
    assert [round(one.score, 2) for one in found] == [0.98, 0.73]
    assert BlazeFace(network, full_range=False).find(np.zeros((9, 9, 3), np.uint8), 0.99) == []


def test_overlap_is_measured() -> None:
    a = np.array([0, 0, 10, 10], np.float32)
    assert iou(a, a) == pytest.approx(1)
    assert iou(a, a + 5) == pytest.approx(25 / 175)
    assert iou(a, a + 20) == 0

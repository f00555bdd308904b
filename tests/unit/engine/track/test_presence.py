"""A face is told from what stands in its place, also where the finder does not see it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from portraits import astronaut, hopper

from personae.engine.canvas import RgbCanvas
from personae.engine.track.presence import alike, patch

# Eyes and chin of the astronaut, spread over a mesh of that size: only box and angle matter.
BOX = (179.0, 69.0, 272.0, 178.0)


def landmarks() -> np.ndarray:
    rng = np.random.default_rng(0)
    x0, y0, x1, y1 = BOX
    points = np.column_stack([rng.uniform(x0, x1, 478), rng.uniform(y0, y1, 478), np.zeros(478)])
    points[0, :2], points[1, :2] = (x0, y0), (x1, y1)
    points[33, :2], points[263, :2] = (200, 102), (250, 102)  # the outer corners of the eyes
    return points


def is_there(rgb: np.ndarray) -> bool:
    face = patch(RgbCanvas(astronaut()), landmarks())
    return alike(patch(RgbCanvas(np.ascontiguousarray(rgb)), landmarks()), face)


def streaked(rgb: np.ndarray, length: int) -> np.ndarray:
    return np.asarray(cv2.blur(rgb, (length, 1)), np.uint8)


@pytest.mark.parametrize(
    "seen",
    [
        astronaut(),
        (astronaut() * 0.5).astype(np.uint8),
        np.clip(astronaut() * 1.5, 0, 255).astype(np.uint8),
        cv2.GaussianBlur(astronaut(), (0, 0), 5),
        streaked(astronaut(), 25),
    ],
    ids=["same", "dimmed", "lit", "blurred", "streaked"],
)
def test_a_face_that_is_hard_to_see_is_there(seen: np.ndarray) -> None:
    assert is_there(seen)


@pytest.mark.parametrize(
    "seen",
    [
        np.full_like(astronaut(), 120),
        np.zeros_like(astronaut()),
        np.roll(astronaut(), 60, axis=1),
        np.roll(astronaut(), -50, axis=0),
        hopper()[: astronaut().shape[0]],
    ],
    ids=["wall", "black", "beside", "shoulder", "flag"],
)
def test_what_stands_in_its_place_is_no_face(seen: np.ndarray) -> None:
    assert not is_there(seen)


def test_an_empty_place_stays_empty() -> None:
    """Where there never was anything to see, nothing speaks against it."""
    wall = patch(RgbCanvas(np.full((200, 300, 3), 90, np.uint8)), landmarks())
    assert alike(wall, wall)

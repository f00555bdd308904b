"""Faces for the engine's tests: two public-domain portraits, and heads made of the mean face."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from personae.engine.canonical import canonical_face
from personae.engine.faces.finder import make_face
from personae.engine.types import Face

Rgb = NDArray[np.uint8]
MORE_FACES = Path(__file__).parents[4] / "shared" / "faces"
"""Portraits that lie beside some checkouts; tests that want them skip where they are missing."""


@functools.cache
def _hopper() -> Rgb:
    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).copy()


def hopper() -> Rgb:
    """Grace Hopper, 512 x 600, face about 250 px tall, a hat above it."""
    return _hopper().copy()


def astronaut() -> Rgb:
    """Eileen Collins, 512 x 512, face about 130 px tall, smiling, turned a little."""
    return skimage.data.astronaut().copy()


def resized(rgb: Rgb, factor: float) -> Rgb:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def turn(degrees: float, axis: int) -> NDArray[np.float64]:
    """Rotation about x (0), y (1) or z (2), float64 (3, 3), by the right-hand rule."""
    a = math.radians(degrees)
    c, s = math.cos(a), math.sin(a)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    out = np.eye(3)
    out[i, i], out[i, j], out[j, i], out[j, j] = c, -s, s, c
    return out


def head(
    x: float = 100,
    y: float = 100,
    width_px: float = 60,
    *,
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
) -> NDArray[np.float32]:
    """Landmarks (478, 3) of the mean face, its box's middle at x, y, angles as in `Pose`."""
    # With y down and z away from the viewer: nose to the right, nose down, then clockwise.
    matrix = turn(roll, 2) @ turn(-yaw, 1) @ turn(pitch, 0)
    points = canonical_face()[:, :3] @ matrix.T
    low, high = points[:468].min(0), points[:468].max(0)
    points = (points - (low + high) / 2) * (width_px / (high[0] - low[0]))
    return (points + np.array([x, y, 0])).astype(np.float32)


def face_at(x: float, y: float, width_px: float = 60, score: float = 0.99) -> Face:
    """A frontal mean face around x, y."""
    return make_face(head(x, y, width_px), score)


def largest(faces: list[Face]) -> Face:
    return max(faces, key=lambda face: face.box_xyxy[2] - face.box_xyxy[0])


def middle(face: Face) -> NDArray[np.float64]:
    x0, y0, x1, y1 = face.box_xyxy
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2])

"""Scenes with real faces: Grace Hopper and Eileen Collins, from the samples of matplotlib and
scikit-image. Nothing is downloaded.

Positions are pixels of the scene, sizes are the height of the face, brow to chin.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]
Name = Literal["hopper", "collins"]
NAMES: tuple[Name, Name] = ("hopper", "collins")
Box = tuple[int, int, int, int]

SIZE_WH = (320, 240)

# Middle of the face and its height, in the portraits as they come.
_PLACES: dict[Name, tuple[float, float, float]] = {
    "hopper": (263.0, 233.0, 206.0),
    "collins": (225.0, 123.0, 109.0),
}


@functools.cache
def portrait(name: Name) -> Rgb:
    """A portrait as it comes, uint8 (H, W, 3) RGB, read-only."""
    if name == "hopper":
        rgb = np.asarray(Image.open(hopper_file()).convert("RGB"))
    else:
        import skimage.data

        rgb = np.asarray(skimage.data.astronaut())
    rgb = np.array(rgb, np.uint8)
    rgb.flags.writeable = False
    return rgb


def hopper_file() -> Path:
    """The JPEG that matplotlib brings."""
    import matplotlib.cbook

    return Path(str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))


@dataclass(frozen=True)
class Placed:
    """A portrait laid into a scene; ``turn_deg`` is counter-clockwise."""

    who: Name
    x: float
    y: float
    face_px: float
    turn_deg: float = 0.0


def headshot(name: Name, face_px: float = 120, size_wh: tuple[int, int] = (240, 280)) -> Rgb:
    """One person before a plain wall, upright, the face in the middle."""
    return compose([Placed(name, size_wh[0] / 2, size_wh[1] / 2, face_px)], size_wh)


def compose(placed: list[Placed], size_wh: tuple[int, int] = SIZE_WH, wall: int | Rgb = 90) -> Rgb:
    """Lay portraits over a plain graded wall (or a picture), later ones in front."""
    scene = backdrop(size_wh, wall) if isinstance(wall, int) else wall.copy()
    for one in placed:
        _lay_into(scene, one)
    return scene


def backdrop(size_wh: tuple[int, int], shade: int) -> Rgb:
    """A wall, a little brighter to the right."""
    width, height = size_wh
    slope = np.linspace(shade, shade + 60, width)[None, :, None] * np.ones((height, 1, 3))
    return np.asarray(slope * np.array([0.9, 1.0, 1.1]), np.uint8)


def _lay_into(scene: Rgb, one: Placed) -> None:
    x, y, face_px = _PLACES[one.who]
    picture, soft = _cut_out(one.who)
    scale = one.face_px / face_px
    matrix = cv2.getRotationMatrix2D((x, y), one.turn_deg, scale)
    matrix[:, 2] += [one.x - x, one.y - y]
    size_wh = (scene.shape[1], scene.shape[0])
    if scale < 0.7:  # blurred first, or fine detail would flicker as the portrait moves
        picture = cv2.GaussianBlur(picture, (0, 0), 0.35 / scale)
    alpha = cv2.warpAffine(soft, matrix, size_wh)[..., None]
    over = cv2.warpAffine(picture, matrix, size_wh, flags=cv2.INTER_CUBIC).astype(np.float32)
    np.copyto(scene, np.rint(scene * (1 - alpha) + over * alpha).clip(0, 255).astype(np.uint8))


@functools.cache
def _cut_out(name: Name) -> tuple[Rgb, NDArray[np.float32]]:
    """The portrait and a soft oval around head and shoulders."""
    rgb = portrait(name)
    x, y, face_px = _PLACES[name]
    soft = np.zeros(rgb.shape[:2], np.float32)
    middle = (round(x), round(y + 0.15 * face_px))
    axes = (round(0.95 * face_px), round(1.25 * face_px))
    cv2.ellipse(soft, middle, axes, 0, 0, 360, 1.0, -1)
    # The portraits end close to the head: no edge of theirs may show as a line.
    border = max(2, round(0.06 * face_px))
    soft[:border], soft[-border:], soft[:, :border], soft[:, -border:] = 0, 0, 0, 0
    return rgb, cv2.GaussianBlur(soft, (0, 0), 0.05 * face_px)


# --- Motion: lists of placements, one for each frame


def nodding(name: Name, count: int, size_wh: tuple[int, int] = SIZE_WH) -> Iterator[Rgb]:
    """One person who moves from side to side and tilts the head."""
    width, height = size_wh
    face_px = 0.42 * min(size_wh)
    for i in range(count):
        x = width / 2 + 0.08 * width * math.sin(i / 6)
        yield compose([Placed(name, x, height / 2, face_px, 5 * math.sin(i / 7))], size_wh)


def crossing(count: int, size_wh: tuple[int, int] = SIZE_WH) -> list[list[Placed]]:
    """Two people who change sides, Collins in front."""
    width, height = size_wh
    frames: list[list[Placed]] = []
    for i in range(count):
        share = i / (count - 1)
        across = 0.5 * width * share
        frames.append(
            [
                Placed("hopper", 0.25 * width + across, 0.48 * height, 0.33 * height),
                Placed("collins", 0.75 * width - across, 0.5 * height, 0.36 * height),
            ]
        )
    return frames


# --- Looking at results


def box_around(placed: Placed, grow: float = 1.6) -> Box:
    """A generous box around a placed face: half-open x0, y0, x1, y1."""
    half = placed.face_px * grow / 2
    return (
        int(placed.x - half),
        int(placed.y - half),
        int(placed.x + half) + 1,
        int(placed.y + half) + 1,
    )


def turned(rgb: Rgb, degrees: float, wall: int = 110) -> Rgb:
    """A picture turned counter-clockwise about its middle."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(
            rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=(wall, wall, wall)
        ),
        np.uint8,
    )

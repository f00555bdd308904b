"""An upright window around both eyes, and closed rings in it, where frames of glasses may lie."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.types import Float32, Float64, UInt8

LENS_X, LENS_Y, FLAT = 0.36, 0.05, 0.75
"""Middle of a lens, in eye distances from the middle between the eyes, and how much flatter than
wide it may be drawn as a ring."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a picture, turned upright, in which eyes are `unit_px` apart, outer corners.

    ``left``, ``above``: from its corner to the middle between the eyes, in eye distances; ``wide``,
    ``tall``: its size in them.
    """

    unit_px: int
    left: float
    above: float
    wide: float
    tall: float

    @property
    def size_wh(self) -> tuple[int, int]:
        """In pixels."""
        return round(self.wide * self.unit_px), round(self.tall * self.unit_px)

    def to_picture(self, eyes: Float64) -> Float64:
        """The affine (2, 3) from the window to a picture; `eyes` are the outer corners (2, 2)."""
        x, y = (eyes[1] - eyes[0]) / self.unit_px
        turn = np.array([[x, -y], [y, x]])
        middle = np.array([self.left, self.above]) * self.unit_px
        return np.asarray(np.column_stack([turn, eyes.mean(0) - turn @ middle]), np.float64)

    def cut(self, pixels: UInt8, to_picture: Float64) -> UInt8:
        """The window, uint8 (h, w, 3), averaged first where the picture is much larger."""
        height, width = pixels.shape[:2]
        scale = min(1.0, 1.4 / float(np.hypot(*to_picture[:, 0])))
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        small = imaging.resize_area(pixels, size)
        # Middles of pixels are at integers.
        less = np.array([[size[0] / width], [size[1] / height]])
        matrix = to_picture * less
        matrix[:, 2:] += 0.5 * less - 0.5
        return imaging.look_up(small, matrix, self.size_wh)

    def part(self, x: tuple[float, float], y: tuple[float, float]) -> tuple[slice, slice]:
        """Rows and columns of a part that is given in eye distances from the middle."""
        rows = slice(*(max(round((v + self.above) * self.unit_px), 0) for v in y))
        return rows, slice(*(max(round((v + self.left) * self.unit_px), 0) for v in x))


@dataclass(frozen=True, slots=True, eq=False)
class PolarGrid:
    """Where the points of one polar grid for each eye lie in a window, and the other way round.

    ``x``, ``y``: float32 (2 * angles, radii), the left eye's grid above the right one's; angles
    run from the outer side over the cheek to the nose and over the brow. ``angle``, ``radius``:
    float32 (h, w), positions in that stacked grid, padded by a row on either side of each eye.
    """

    x: Float32
    y: Float32
    angle: Float32
    radius: Float32

    def sample(self, image: Float32) -> Float32:
        """A window's values on both grids, float32 (2, angles, radii)."""
        return imaging.remap_xy(image, self.x, self.y).reshape(2, -1, self.x.shape[1])

    def spread(self, values: Float32) -> Float32:
        """Both grids' values in the window, float32 (h, w); 0 outside of them."""
        radii = values.shape[2]
        stacked = np.concatenate([values[:, -1:], values, values[:, :1]], 1).reshape(-1, radii)
        out = imaging.remap_xy(stacked.astype(np.float32), self.radius, self.angle)
        out[(self.radius < 0) | (self.radius > radii - 1)] = 0
        return out


@functools.cache
def polar_grid(window: Window, angles: int, radii: int, reach: tuple[float, float]) -> PolarGrid:
    """A grid whose rings have radii within `reach`, in eye distances, across."""
    near, far = reach
    angle = (np.arange(angles) / angles * 2 * np.pi)[:, None]
    radius = np.linspace(near, far, radii)
    across, down = np.cos(angle) * radius, np.sin(angle) * radius * FLAT
    x = np.concatenate([-LENS_X - across, LENS_X + across])
    y = np.tile(LENS_Y + down, (2, 1))
    width, height = window.size_wh
    row, column = np.mgrid[0:height, 0:width]
    right = column / window.unit_px - window.left
    side = np.where(right < 0, -1.0, 1.0)
    away = right * side - LENS_X
    below = (row / window.unit_px - window.above - LENS_Y) / FLAT
    turn = np.mod(np.arctan2(below, away) / (2 * np.pi), 1.0) * angles + 1
    turn += np.where(side > 0, angles + 2, 0)
    steps = (np.hypot(away, below) - near) / (far - near) * (radii - 1)
    return PolarGrid(
        ((x + window.left) * window.unit_px).astype(np.float32),
        ((y + window.above) * window.unit_px).astype(np.float32),
        turn.astype(np.float32),
        steps.astype(np.float32),
    )


def widest(rows: Float32) -> Float32:
    """The largest of each value and its two neighbours in a row."""
    out = rows.copy()
    np.maximum(out[:, 1:], rows[:, :-1], out=out[:, 1:])
    np.maximum(out[:, :-1], rows[:, 1:], out=out[:, :-1])
    return out


def near_best(on_rings: Float32, step_cost: float) -> Float32:
    """What the best closed ring through each point is worth, up to a constant.

    `on_rings` is float32 (2, angles, radii); a ring is worth the sum of its values, less
    `step_cost` for each step in or out. Max-marginals of a chain that is followed twice around,
    both ways.
    """
    _, angles, radii = on_rings.shape
    forth = np.concatenate([on_rings, on_rings[:, ::-1]])
    reached = np.zeros((4, radii), np.float32)
    ways: list[Float32] = []
    for k in range(2 * angles):
        ways.append(reached)
        reached = reached + forth[:, k % angles]
        reached = np.maximum(reached, widest(reached) - np.float32(step_cost))
        reached = reached - reached.max(1, keepdims=True)
    last = np.stack(ways[angles:], 1)
    return last[:2] + on_rings + last[2:, ::-1]

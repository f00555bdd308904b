"""The frames of glasses in a scene, told by their structure: thin lines around both eyes.

Everything happens in a small upright window around the eyes, `UNIT_PX` pixels from outer corner to
outer corner, so that what a face's size does is settled once.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.types import Float32, Float64, UInt8

UNIT_PX = 64
"""From outer corner to outer corner of the eyes in the window."""
LEFT, ABOVE, WIDE, TALL = 1.0, 0.5, 2.0, 1.1
"""How far the window reaches, in eye distances, from the middle between the eyes."""
SMALLEST_EYES_PX = 60
"""From outer corner to outer corner, below which frames are painted over: on small faces they alone
make an embedder take the new face for the old one, and what is left of them is hardly seen."""
THICK_PX = 9
"""Lines no thicker than this, in the window, may belong to a frame."""
WORN = ((THICK_PX, 0.27, 0.36), (5, 0.125, 0.2))
"""Lines of what thickness are looked at, and the contrast of bridge, lower rims and temple together
from which frames may be, and are, worn. Folds of skin are seldom thin, so that thin lines count
from less on."""
ANGLES, RADII = 48, 24
NEAREST, FARTHEST = 0.18, 0.46
LENS_X, LENS_Y, FLAT = 0.36, 0.05, 0.75
"""Middle of a lens, and how much flatter than wide it may be drawn as a ring."""
LINE = (0.025, 0.08)
"""Contrast from which a line may be, and is, one."""
STEP_COST, SLACK = 0.06, 0.3


@dataclass(frozen=True, slots=True, eq=False)
class _Rings:
    """Where the points of both polar grids lie in the window, and the other way round.

    ``x``, ``y``: float32 (2 * ANGLES, RADII), the left eye's grid above the right one's; angles
    run from the outer side over the cheek to the nose and over the brow. ``angle``, ``radius``:
    float32 (h, w), positions in that stacked grid, padded by a row on either side of each eye.
    """

    x: Float32
    y: Float32
    angle: Float32
    radius: Float32


@functools.cache
def _rings() -> _Rings:
    angle = (np.arange(ANGLES) / ANGLES * 2 * np.pi)[:, None]
    radius = np.linspace(NEAREST, FARTHEST, RADII)
    across, down = np.cos(angle) * radius, np.sin(angle) * radius * FLAT
    x = np.concatenate([-LENS_X - across, LENS_X + across])
    y = np.tile(LENS_Y + down, (2, 1))
    row, column = np.mgrid[0 : round(TALL * UNIT_PX), 0 : round(WIDE * UNIT_PX)]
    right = column / UNIT_PX - LEFT
    side = np.where(right < 0, -1.0, 1.0)
    away, below = (right * side - LENS_X), (row / UNIT_PX - ABOVE - LENS_Y) / FLAT
    turn = np.mod(np.arctan2(below, away) / (2 * np.pi), 1.0) * ANGLES + 1
    turn += np.where(side > 0, ANGLES + 2, 0)
    steps = (np.hypot(away, below) - NEAREST) / (FARTHEST - NEAREST) * (RADII - 1)
    return _Rings(
        ((x + LEFT) * UNIT_PX).astype(np.float32),
        ((y + ABOVE) * UNIT_PX).astype(np.float32),
        turn.astype(np.float32),
        steps.astype(np.float32),
    )


def frames_worn(pixels: UInt8, points: Float64) -> float:
    """How surely glasses with a frame that can be seen are worn, [0, 1].

    Parameters
    ----------
    pixels : uint8 (h, w, 3) RGB
        The face.
    points : float64 (478, 3)
        Landmarks in pixels of it.

    A bridge over the nose, a rim below both eyes and a temple beside one of them, all of them thin
    lines: wrinkles may be one or two of these, seldom all three. What counts is the geometric mean
    of their contrasts, each along the best way through its place.
    """
    eyes = points[[33, 263], :2]
    if np.linalg.norm(eyes[1] - eyes[0]) < SMALLEST_EYES_PX:
        return 0.0
    grey = _grey(_window(pixels, _from_window(eyes)))
    sure = 0.0
    for thickest, low, high in WORN:
        together = _together(_along(_lines(grey, across=False, thickest_px=thickest)))
        sure = max(sure, (together - low) / (high - low))
        # Thin lines show no more contrast than all lines.
        if sure >= 1 or together <= WORN[-1][1]:
            break
    return min(sure, 1.0)


def _together(line: Float32) -> float:
    """The geometric mean of the contrasts of bridge, lower rims and one temple."""
    bridge = _best_way(line, (-0.08, 0.08), (-0.14, 0.16))
    rims = min(_best_way(line, x, (0.17, 0.42)) for x in ((-0.46, -0.26), (0.26, 0.46)))
    temple = max(_best_way(line, x, (-0.2, 0.16)) for x in ((-0.82, -0.68), (0.68, 0.82)))
    return (max(bridge, 0.0) * max(rims, 0.0) * max(temple, 0.0)) ** (1 / 3)


def frames_mask(pixels: UInt8, eyes: Float64) -> Float32:
    """Where the frames of glasses lie, float32 (h, w) in [0, 1], given that some are worn.

    Parameters
    ----------
    pixels : uint8 (h, w, 3) RGB
    eyes : float64 (2, 2)
        The outer corners of both eyes in it, the left one first.

    Around each eye it is the closed ring of the strongest lines, by dynamic programming; and not
    the best ring alone but, more weakly, all that are nearly as good, so that small changes from
    one frame to the next change the mask little. Between and beside the rings, it is the lines of
    bridge and temples.
    """
    from_window = _from_window(eyes)
    grey = _grey(_window(pixels, from_window))
    both = _lines(grey, across=True, thickest_px=THICK_PX)
    flat = _lines(grey, across=False, thickest_px=THICK_PX)
    sure = np.clip((both - LINE[0]) / (LINE[1] - LINE[0]), 0, 1)
    rings = _rings()
    on_rings = imaging.remap_xy(sure, rings.x, rings.y).reshape(2, ANGLES, RADII)
    near = _near_best(on_rings)
    stacked = np.concatenate([near[:, -1:], near, near[:, :1]], 1).reshape(-1, RADII)
    kept = imaging.remap_xy(stacked.astype(np.float32), rings.radius, rings.angle)
    kept[(rings.radius < 0) | (rings.radius > RADII - 1)] = 0
    kept = imaging.dilate(kept) * sure
    straight = np.clip((flat - LINE[0]) / (LINE[1] - LINE[0]), 0, 1)
    kept = np.maximum(kept, straight * _bridge_and_temples())
    kept = imaging.blur(imaging.dilate(kept.astype(np.float32)), 0.7)
    return imaging.warp(kept, from_window, (pixels.shape[1], pixels.shape[0]))


@functools.cache
def _bridge_and_temples() -> Float32:
    """The places of bridge and temples in the window, float32 (h, w), softly."""
    out = np.zeros((round(TALL * UNIT_PX), round(WIDE * UNIT_PX)), np.float32)
    for x0, x1, y0, y1 in (
        (-0.13, 0.13, -0.16, 0.16),
        (-1, -0.6, -0.2, 0.14),
        (0.6, 1, -0.2, 0.14),
    ):
        rows = slice(round((y0 + ABOVE) * UNIT_PX), round((y1 + ABOVE) * UNIT_PX))
        out[rows, round((x0 + LEFT) * UNIT_PX) : round((x1 + LEFT) * UNIT_PX)] = 1
    return imaging.blur(out, 1.5)


def _from_window(eyes: Float64) -> Float64:
    """The affine (2, 3) from the window to the picture."""
    x, y = (eyes[1] - eyes[0]) / UNIT_PX
    turn = np.array([[x, -y], [y, x]])
    middle = np.array([LEFT, ABOVE]) * UNIT_PX
    return np.asarray(np.column_stack([turn, eyes.mean(0) - turn @ middle]), np.float64)


def _window(pixels: UInt8, from_window: Float64) -> UInt8:
    """The window, uint8 (h, w, 3), averaged first where the picture is much larger."""
    height, width = pixels.shape[:2]
    scale = min(1.0, 1.4 / float(np.hypot(*from_window[:, 0])))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = imaging.resize_area(pixels, size)
    # Middles of pixels are at integers.
    less = np.array([[size[0] / width], [size[1] / height]])
    matrix = from_window * less
    matrix[:, 2:] += 0.5 * less - 0.5
    return imaging.look_up(small, matrix, (round(WIDE * UNIT_PX), round(TALL * UNIT_PX)))


def _grey(window: UInt8) -> Float32:
    """Green and blue, in which skin is darkest beside gold and brightest beside black."""
    mixed = imaging.transform(window, np.array([[0, 0.5, 0.5]], np.float32))
    return imaging.blur(mixed.astype(np.float32), 0.6)


def _lines(grey: Float32, *, across: bool, thickest_px: int) -> Float32:
    """Contrast of dark or bright lines no thicker than `thickest_px`, relative to what is around.

    Black-hat and white-hat transforms: with `across`, lines of any direction; without, level ones.
    """
    shape = (thickest_px if across else 1, thickest_px)
    dark, bright = imaging.hats(grey, shape)
    around = imaging.blur(grey, 6) + np.float32(20)
    return np.divide(np.maximum(dark, bright * np.float32(0.8)), around, dtype=np.float32)


def _along(line: Float32) -> Float32:
    """The mean of three neighbours in a row."""
    out = line.copy()
    out[:, 1:-1] += line[:, :-2] + line[:, 2:]
    out[:, 1:-1] /= 3
    return out


def _best_way(line: Float32, x: tuple[float, float], y: tuple[float, float]) -> float:
    """Mean contrast along the best way from left to right through a part of the window."""
    rows = slice(round((y[0] + ABOVE) * UNIT_PX), round((y[1] + ABOVE) * UNIT_PX))
    part = line[rows, round((x[0] + LEFT) * UNIT_PX) : round((x[1] + LEFT) * UNIT_PX)]
    best = part[:, 0].copy()
    for column in range(1, part.shape[1]):
        best = _widest(best[None])[0] + part[:, column]
    return float(best.max()) / part.shape[1]


def _widest(rows: Float32) -> Float32:
    """The largest of each value and its two neighbours in a row."""
    out = rows.copy()
    np.maximum(out[:, 1:], rows[:, :-1], out=out[:, 1:])
    np.maximum(out[:, :-1], rows[:, 1:], out=out[:, :-1])
    return out


def _near_best(on_rings: Float32) -> Float32:
    """How near to the best closed ring's each point's own best ring comes, [0, 1].

    `on_rings` is float32 (2, ANGLES, RADII). Max-marginals of a chain that is followed twice
    around, both ways.
    """
    forth = np.concatenate([on_rings, on_rings[:, ::-1]])
    reached = np.zeros((4, RADII), np.float32)
    ways: list[Float32] = []
    for k in range(2 * ANGLES):
        ways.append(reached)
        reached = reached + forth[:, k % ANGLES]
        reached = np.maximum(reached, _widest(reached) - np.float32(STEP_COST))
        reached = reached - reached.max(1, keepdims=True)
    last = np.stack(ways[ANGLES:], 1)
    total = last[:2] + on_rings + last[2:, ::-1]
    return np.clip(1 - (total.max(2, keepdims=True) - total) / np.float32(SLACK), 0, 1)

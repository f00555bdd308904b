"""The frames of glasses in a scene, told by their structure: thin lines around both eyes.

Everything happens in a small upright window around the eyes, `UNIT_PX` pixels from outer corner to
outer corner, so that what a face's size does is settled once.
"""

from __future__ import annotations

import functools

import numpy as np

from personae.engine import imaging
from personae.engine.mesh.rings import Window, near_best, polar_grid, widest
from personae.engine.types import Float32, Float64, UInt8

UNIT_PX = 64
"""From outer corner to outer corner of the eyes in the window."""
LEFT, ABOVE, WIDE, TALL = 1.0, 0.5, 2.0, 1.1
"""How far the window reaches, in eye distances, from the middle between the eyes."""
WINDOW = Window(UNIT_PX, LEFT, ABOVE, WIDE, TALL)
SMOOTH_PX = 0.6
SMALLEST_EYES_PX = 24
"""From outer corner to outer corner, below which no frame could be told."""
THICK_PX = 9
"""Lines no thicker than this, in the window, may belong to a frame."""
WORN = ((THICK_PX, 0.27, 0.36), (5, 0.125, 0.2))
"""Lines of what thickness are looked at, and the contrast of bridge, lower rims and temple together
from which frames may be, and are, worn. Folds of skin are seldom thin, so that thin lines count
from less on."""
DONOR_WORN = ((5, 0.1, 0.12), (THICK_PX, 0.33, 0.2))
"""Contrast of lines of a thickness together, and of the better temple alone, from which a donor's
photo is taken to show glasses. Deep wrinkles have no temples."""
ANGLES, RADII = 48, 24
NEAREST, FARTHEST = 0.18, 0.46
LINE = (0.025, 0.08)
"""Contrast from which a line may be, and is, one."""
STEP_COST, SLACK = 0.06, 0.8


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
    grey = frame_grey(WINDOW.cut(pixels, WINDOW.to_picture(eyes)), SMOOTH_PX)
    sure = 0.0
    for thickest, low, high in WORN:
        together = _together(_along(_lines(grey, across=False, thickest_px=thickest)))
        sure = max(sure, (together - low) / (high - low))
        # Thin lines show no more contrast than all lines.
        if sure >= 1 or together <= WORN[-1][1]:
            break
    return min(sure, 1.0)


def donor_frames_worn(pixels: UInt8, points: Float64) -> bool:
    """Whether a donor's photo shows glasses, rimless ones with thin temples included.

    Parameters as in `frames_worn`. A single photo is judged once, so its answer need not be soft.
    """
    eyes = points[[33, 263], :2]
    if np.linalg.norm(eyes[1] - eyes[0]) < SMALLEST_EYES_PX:
        return False
    grey = frame_grey(WINDOW.cut(pixels, WINDOW.to_picture(eyes)), SMOOTH_PX)
    for thickest, low, temple in DONOR_WORN:
        line = _along(_lines(grey, across=False, thickest_px=thickest))
        if _together(line) >= low and _temple(line) >= temple:
            return True
    return False


def _together(line: Float32) -> float:
    """The geometric mean of the contrasts of bridge, lower rims and one temple."""
    bridge = _best_way(line, (-0.08, 0.08), (-0.14, 0.16))
    rims = min(_best_way(line, x, (0.17, 0.42)) for x in ((-0.46, -0.26), (0.26, 0.46)))
    return (max(bridge, 0.0) * max(rims, 0.0) * max(_temple(line), 0.0)) ** (1 / 3)


def _temple(line: Float32) -> float:
    """The contrast of the better temple."""
    return max(_best_way(line, x, (-0.2, 0.16)) for x in ((-0.82, -0.68), (0.68, 0.82)))


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
    from_window = WINDOW.to_picture(eyes)
    grey = frame_grey(WINDOW.cut(pixels, from_window), SMOOTH_PX)
    both = _lines(grey, across=True, thickest_px=THICK_PX)
    flat = _lines(grey, across=False, thickest_px=THICK_PX)
    sure = np.clip((both - LINE[0]) / (LINE[1] - LINE[0]), 0, 1)
    rings = polar_grid(WINDOW, ANGLES, RADII, (NEAREST, FARTHEST))
    best = near_best(rings.sample(sure), STEP_COST)
    kept = rings.spread(np.clip(1 - (best.max(2, keepdims=True) - best) / np.float32(SLACK), 0, 1))
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


def frame_grey(window: UInt8, smooth_px: float) -> Float32:
    """Green and blue, in which skin is darkest beside gold and brightest beside black."""
    mixed = imaging.transform(window, np.array([[0, 0.5, 0.5]], np.float32))
    return imaging.blur(mixed.astype(np.float32), smooth_px)


def line_contrast(grey: Float32, around: Float32, shape_wh: tuple[int, int]) -> Float32:
    """Contrast of dark or bright lines, relative to `around`, that no rectangle fits into.

    Black-hat and white-hat transforms: with a square, lines of any direction; with an upright
    rectangle one pixel wide, level ones.
    """
    dark, bright = imaging.hats(grey, shape_wh)
    return np.divide(np.maximum(dark, bright * np.float32(0.8)), around, dtype=np.float32)


def _lines(grey: Float32, *, across: bool, thickest_px: int) -> Float32:
    """Contrast of lines no thicker than `thickest_px`: of any direction `across`, or level ones."""
    around = imaging.blur(grey, 6) + np.float32(20)
    return line_contrast(grey, around, (thickest_px if across else 1, thickest_px))


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
        best = widest(best[None])[0] + part[:, column]
    return float(best.max()) / part.shape[1]

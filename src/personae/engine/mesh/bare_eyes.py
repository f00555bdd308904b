"""Take the frames of glasses out of a donor's photo, for they are not the donor's skin.

In a texture they would lose their temples and be bent with the face. They are found as in scenes
(`glasses`), but here they have to be found whole, and nothing depends on a frame before or after.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from personae.engine import imaging
from personae.engine.mesh.glasses import donor_frames_worn, frame_grey, line_contrast
from personae.engine.mesh.rings import Window, near_best, polar_grid
from personae.engine.mesh.vertices import BROWS, EYE_LEFT, EYE_RIGHT, OVAL
from personae.engine.types import Bool, Float32, Float64, UInt8

WINDOW = Window(128, 1.05, 0.6, 2.1, 1.25)
ANGLES, RADII, REACH = 120, 57, (0.17, 0.53)
SMOOTH_PX = 1.0
THIN_PX, THICK_PX, WHOLE_PX = 9, 15, 23
"""Lines no thicker than this, in the window, count most, and at all; and how thick a frame may be
where no brow joins it."""
THICK_WORTH = 0.7
LINE, BROW_LINE = (0.03, 0.3), (0.1, 0.4)
"""Contrast from which a line may be, and is, part of a rim; over a brow, which is one itself."""
STEP_COST = 0.15
OTHER_SIDE, OTHER_STEPS = 0.5, 3
"""What a line is worth at the same place around the other eye, within so many radii."""
LIKELY = ((0.17, 0.38, 0.44, 0.53), (1.0, 1.5, 1.5, 0.6))
"""Radii, and what lines are worth there: bags lie inside of rims, and only corners are far out."""
FRAME_SHARE = 0.55
"""Of a line's contrast in the middle, to which it reaches at its sides."""
HALF_PX = 13
"""How far from the middle of a line a frame may reach, in radii."""
MARGIN_PX = 2
STRAIGHT = 0.06
"""Contrast from which a level line is bridge or temple."""
LASHES_PX = 2
DARK = 0.5
"""Of the cheeks' brightness, below which lenses are dark, and the photo is not changed."""
GLEAM = 0.45
"""From the skin's least channel to white, from which a lens reflects something."""
RIM_PX, BEYOND_PX, FILL_PX = 3, 6, 4
SOFT_PX = 1.0


def without_frames(pixels: UInt8, points: Float64) -> UInt8 | None:
    """A donor's photo with the frames of glasses painted over from beside them.

    Parameters
    ----------
    pixels : uint8 (h, w, 3) RGB
        The face. Not modified.
    points : float64 (478, 3)
        Landmarks in pixels of it.

    Returns
    -------
    uint8 (h, w, 3) RGB, or None
        Equal to `pixels` wherever no frame was found; None where no glasses are worn, or none
        whose frame can be seen.
    """
    eyes = points[[33, 263], :2]
    if not donor_frames_worn(pixels, points):
        return None
    to_picture = WINDOW.to_picture(eyes)
    window = WINDOW.cut(pixels, to_picture)
    eye = imaging.dilate(_hulls(points, to_picture, (EYE_LEFT, EYE_RIGHT)), LASHES_PX) > 0
    brow = _hulls(points, to_picture, (BROWS[:10], BROWS[10:])) > 0
    frame, lenses = _frame(frame_grey(window, SMOOTH_PX), brow)
    if _dark(window, lenses & ~eye & ~frame):
        return None
    face = imaging.erode(_hulls(points, to_picture, (OVAL,)), RIM_PX) > 0
    frame = np.asarray((frame | _gleam(window, lenses)) & ~eye & face)
    # Nothing is taken from beyond the face: there is hair, or a wall.
    beyond = (imaging.dilate(frame.astype(np.uint8), BEYOND_PX) > 0) & ~face
    filled = imaging.inpaint(window, frame | beyond, FILL_PX)
    size = (pixels.shape[1], pixels.shape[0])
    soft = imaging.blur(imaging.dilate(frame.astype(np.float32)), SOFT_PX)
    share = imaging.warp(soft, to_picture, size)[..., None]
    over = imaging.warp(filled.astype(np.float32), to_picture, size)
    out = np.where(share > 0, pixels + share * (over - pixels), pixels)
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def _hulls(points: Float64, to_picture: Float64, loops: tuple[tuple[int, ...], ...]) -> UInt8:
    """Hulls around landmarks in the window, uint8 (h, w), 0 or 1 or 255."""
    width, height = WINDOW.size_wh
    out = np.zeros((height, width), np.uint8)
    for loop in loops:
        at = (points[list(loop), :2] - to_picture[:, 2]) @ np.linalg.inv(to_picture[:, :2]).T
        imaging.fill_hull_into(out, at.astype(np.float32))
    return out


def _dark(window: UInt8, lenses: Bool) -> bool:
    """Whether lenses are so dark that the eyes behind them are no use without a frame."""
    if not lenses.any():
        return False
    luma = imaging.luma(window)
    below = np.zeros_like(lenses)
    below[WINDOW.part((-0.6, 0.6), (0.4, 0.6))] = True
    return float(np.median(luma[lenses])) < DARK * float(np.median(luma[below]))


def _gleam(window: UInt8, lenses: Bool) -> Bool:
    """Where lenses reflect a lamp or a window, bool (h, w): nearly white and brighter than skin."""
    least = imaging.blur(window.min(2).astype(np.float32), SMOOTH_PX)
    if not lenses.any():
        return lenses
    usual = float(np.median(least[lenses]))
    bright = (least > usual + GLEAM * (255 - usual)) & lenses
    return np.asarray(imaging.dilate(bright.astype(np.uint8), 2) > 0)


def _frame(grey: Float32, brow: Bool) -> tuple[Bool, Bool]:
    """Where the frame lies in the window, and what it encloses: bool (h, w) each."""
    around = imaging.blur(grey, 12) + np.float32(20)
    thin = line_contrast(grey, around, (THIN_PX, THIN_PX))
    both = line_contrast(grey, around, (THICK_PX, THICK_PX))
    whole = line_contrast(grey, around, (WHOLE_PX, WHOLE_PX))
    level = line_contrast(grey, around, (1, THICK_PX))
    worth = np.maximum(thin, THICK_WORTH * both)
    low, high = np.where(brow, BROW_LINE[0], LINE[0]), np.where(brow, BROW_LINE[1], LINE[1])
    worth = np.clip((worth - low) / (high - low), 0, 1)
    grid = polar_grid(WINDOW, ANGLES, RADII, REACH)
    on_rings = grid.sample(worth.astype(np.float32))
    other = on_rings[::-1]
    for _ in range(OTHER_STEPS):
        other = np.maximum(other, np.maximum(np.roll(other, 1, 2), np.roll(other, -1, 2)))
    on_rings = on_rings + OTHER_SIDE * np.minimum(other, on_rings + 0.2)
    on_rings = on_rings * np.interp(np.linspace(*REACH, RADII), *LIKELY).astype(np.float32)
    middle = near_best(on_rings.astype(np.float32), STEP_COST).argmax(2)
    ring = grid.spread(_thickness(grid.sample(np.where(brow, both, whole)), middle)) > 0.5
    straight = (level > STRAIGHT) & _bridge_and_temples()
    inside = grid.radius < imaging.remap_xy(_wrapped(middle), np.zeros_like(grid.angle), grid.angle)
    return np.asarray(imaging.dilate((ring | straight).astype(np.uint8)) > 0), inside


def _wrapped(middle: NDArray[np.intp]) -> Float32:
    """The radius at each angle, float32 (2 * (ANGLES + 2), 1), as `PolarGrid.angle` counts them."""
    around = np.concatenate([middle[:, -1:], middle, middle[:, :1]], 1)
    return around.reshape(-1, 1).astype(np.float32)


def _thickness(line: Float32, middle: NDArray[np.intp]) -> Float32:
    """As far as a line goes on to both sides of its middle: (2, ANGLES, RADII), 0 or 1.

    `line` is its contrast, `middle` the radius (2, ANGLES) at each angle.
    """
    peak = np.take_along_axis(line, middle[..., None], 2)
    peak = sum(np.roll(peak, k, 1) for k in range(-3, 4)) / np.float32(7)
    within = line >= FRAME_SHARE * np.maximum(peak, 0.05)
    steps = np.arange(RADII) - middle[..., None]
    # From the middle on, all have to be within: those that are not stop it.
    inner = np.where((steps <= 0) & ~within, steps, -HALF_PX).max(2, keepdims=True)
    outer = np.where((steps >= 0) & ~within, steps, HALF_PX).min(2, keepdims=True)
    inside = (steps > np.minimum(inner, 0) - MARGIN_PX) & (steps < np.maximum(outer, 0) + MARGIN_PX)
    return inside.astype(np.float32)


@functools.cache
def _bridge_and_temples() -> Bool:
    """The places of bridge and temples in the window, bool (h, w)."""
    width, height = WINDOW.size_wh
    out = np.zeros((height, width), np.bool_)
    out[WINDOW.part((-0.13, 0.13), (-0.16, 0.16))] = True
    for side in ((-1, -0.6), (0.6, 1)):
        out[WINDOW.part(side, (-0.2, 0.14))] = True
    return out

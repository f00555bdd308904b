"""Bend the background to the new outline, and blend a face into it without a seam."""

from __future__ import annotations

import functools

import numpy as np

from personae.engine import imaging
from personae.engine.types import Float32, UInt8

LOW_BAND_PULL = 0.7
CAST_LIMIT = np.float32(38)
"""A difference in colour beyond which it is not light but a beard or the edge of a shadow."""
BENT = np.float32(1 / 255)


def bend(image: UInt8, offsets: Float32, size_wh: tuple[int, int]) -> UInt8:
    """Pull the background along with the changed outline; uint8 (h, w, 3) of size `size_wh`.

    `offsets` is float32 (ch, cw, 2): how far each cell's background comes from, in cells.
    """
    scale = [size_wh[0] / offsets.shape[1], size_wh[1] / offsets.shape[0]]
    pixels = offsets * np.array(scale, np.float32)
    return imaging.shift(image, imaging.resize_linear(pixels, size_wh))


def blend(
    background: UInt8,
    face: Float32,
    alpha: Float32,
    weight: Float32,
    front: Float32 | None = None,
) -> tuple[Float32, Float32]:
    """Two bands: fine detail under a tight mask, colour under a soft one that stays inside it.

    Parameters
    ----------
    background, face : uint8, float32 (H, W, 3) RGB in [0, 255], at working size
        `face` is used up.
    alpha, weight : float32 (h, w), on cells
        The mask, and where skin is plain enough to compare colours.
    front : float32 (H, W), optional
        Thin things in front of the face, in [0, 1]. They stay to the pixel and have no part in
        the soft band, so that skin right beside them is the donor's.

    Returns
    -------
    float32 (H, W, 3)
        The difference from the background.
    float32 (h, w)
        Its mask on cells.
    """
    cells = max(alpha.shape)
    work_wh = (background.shape[1], background.shape[0])
    fine = imaging.blur(alpha, max(0.7, 0.008 * cells))
    inner = imaging.erode(alpha, max(1, cells // 40))
    soft = np.minimum(imaging.blur(inner, 0.035 * cells), imaging.blur(fine, 2))
    face -= background
    low_wh = (max(8, work_wh[0] // 6), max(8, work_wh[1] // 6))
    bare = None if front is None else np.float32(1) - front
    if bare is None:
        low = imaging.blur(imaging.resize_area(face, low_wh), 1.2)
    else:
        low = _mean_where(face, bare, low_wh)
    face -= imaging.resize_linear(low, work_wh)
    low -= _colour_pull(low, weight * alpha)
    imaging.multiply_into(face, imaging.resize_linear(imaging.thrice(fine), work_wh))
    tinted = imaging.resize_linear(imaging.thrice(soft), work_wh)
    imaging.multiply_into(tinted, imaging.resize_linear(low, work_wh))
    imaging.add_into(face, tinted)
    mask = np.maximum(fine, soft)
    if bare is not None:
        imaging.multiply_into(face, imaging.thrice(bare))
        mask *= imaging.resize_area(bare, (mask.shape[1], mask.shape[0]))
    return face, mask


def _mean_where(values: Float32, share: Float32, size_wh: tuple[int, int]) -> Float32:
    """Values scaled down and blurred, counting only `share` of each pixel."""
    counted = imaging.multiply(values, imaging.thrice(share))
    low = imaging.blur(imaging.resize_area(counted, size_wh), 1.2)
    weight = np.maximum(imaging.blur(imaging.resize_area(share, size_wh), 1.2), np.float32(0.05))
    low /= weight[..., None]
    return low


def _colour_pull(low: Float32, skin: Float32) -> Float32:
    """What is left of a colour cast on skin, to be taken out by `LOW_BAND_PULL`."""
    size = (max(6, low.shape[1] // 2), max(6, low.shape[0] // 2))
    share = imaging.resize_area(skin, size)
    cast = imaging.resize_area(low, size) * share[..., None]
    spread = imaging.blur(share, 1.6)[..., None]
    pull: Float32 = np.divide(imaging.blur(cast, 1.6), spread + 0.02, dtype=np.float32)
    pull *= np.minimum(spread * 2.5, 1) * LOW_BAND_PULL
    pull /= 1 + (_largest(pull)[..., None] / CAST_LIMIT) ** 4
    return imaging.resize_linear(pull, (low.shape[1], low.shape[0]))


def at_full_size(
    pixels: UInt8, scene: UInt8, background: UInt8, change: Float32, offsets: Float32
) -> Float32:
    """The difference from the picture's own pixels, float32 (H, W, 3), after the blend.

    Parameters
    ----------
    pixels, scene : uint8 RGB
        The picture at its own size and at working size.
    background : uint8 RGB
        `scene` bent by `offsets`.
    change : float32
        The face's difference from `background`; used up.
    offsets : float32 (ch, cw, 2)
        As for `bend`.
    """
    full_wh = (pixels.shape[1], pixels.shape[0])
    if pixels is scene:
        change += background.astype(np.float32)
        change -= scene
        return change
    # The background's bend is repeated at full size, so that its detail is not lost; only the
    # face's own difference is upsampled.
    change = imaging.resize_linear(change, full_wh)
    change += bend(pixels, offsets, full_wh)
    change -= pixels
    return change


def confine_into(change: Float32, mask: Float32, offsets: Float32) -> Float32:
    """Make a difference exactly 0 where nothing acts; returns the mask at its size, in [0, 1].

    `change` is (H, W, 3); `mask` (h, w) and `offsets` (h, w, 2) are on cells. Where only the
    background was bent, the mask that is returned is `BENT`: it is 0 only where nothing changes.
    """
    full_wh = (change.shape[1], change.shape[0])
    moved = (_largest(offsets) > 1e-3).astype(np.float32)
    support = imaging.dilate(np.maximum(mask, moved))
    reach = imaging.resize_linear(np.minimum(support * 50, 1), full_wh)
    imaging.multiply_into(change, imaging.thrice(np.minimum(reach, 1)))
    alpha = np.maximum(np.clip(imaging.resize_linear(mask, full_wh), 0, 1), BENT)
    alpha[reach <= 0] = 0
    return alpha


def _largest(values: Float32) -> Float32:
    """The largest size of each pixel's values, float32 (h, w).

    NumPy takes the maximum over a short last axis some fifty times more slowly.
    """
    size = np.abs(values)
    return functools.reduce(np.maximum, (size[..., k] for k in range(size.shape[2])))

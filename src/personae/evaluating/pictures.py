"""How two pictures of one scene differ: inside a mask, outside it, and in colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.mesh.vertices import BROWS, EYE_LEFT, EYE_RIGHT, LIPS_OUTER, OVAL
from personae.engine.types import Bool, Float32, UInt8
from personae.errors import InvalidRequest

SSIM_SIGMA_PX = 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@dataclass(frozen=True, slots=True)
class PictureDifference:
    """How far one picture is from another where a mask is not 0.

    Attributes
    ----------
    mean_absolute : float, levels of 255
    psnr_db : float
        Peak signal-to-noise ratio; infinite for equal pictures.
    ssim : float, at most 1
        Structural similarity of the brightness: Wang et al., "Image quality assessment: from error
        visibility to structural similarity", IEEE TIP 13(4), 2004, with its Gaussian window of 1.5
        pixels and its constants.
    outside : int, levels of 255
        The largest difference of a sample where the mask is 0.
    """

    mean_absolute: float
    psnr_db: float
    ssim: float
    outside: int


def picture_difference(one: UInt8, other: UInt8, mask: Float32) -> PictureDifference:
    """Compare two pictures of one size.

    Parameters
    ----------
    one, other : uint8 (H, W, 3) RGB
    mask : float32 (H, W), range [0, 1]
        All pixels count alike where it is not 0.

    Raises
    ------
    InvalidRequest
        If the sizes differ or the mask is 0 everywhere.
    """
    if one.shape != other.shape or one.shape[:2] != mask.shape:
        raise InvalidRequest("Only pictures and masks of one size can be compared.")
    inside = mask > 0
    if not inside.any():
        raise InvalidRequest("The mask is empty: there is nothing to compare.")
    x0, y0, x1, y1 = _bounds(inside)
    window = inside[y0:y1, x0:x1]
    first, second = (part[y0:y1, x0:x1].astype(np.float32) for part in (one, other))
    off = (first - second)[window]
    mean_square = float((off.astype(np.float64) ** 2).mean())
    psnr = float("inf") if mean_square == 0 else 10 * float(np.log10(255**2 / mean_square))
    likeness = float(_ssim(imaging.luma(first), imaging.luma(second))[window].mean())
    return PictureDifference(
        float(np.abs(off).mean()), psnr, likeness, outside_change(one, other, mask)
    )


def outside_change(scene: UInt8, output: UInt8, mask: Float32) -> int:
    """The largest difference of any sample where the mask is exactly 0, in levels of 255.

    uint8 (H, W, 3) RGB each, and float32 (H, W); 0 if the mask leaves nothing outside.
    """
    changed = (scene != output).any(axis=2) & (mask == 0)
    if not changed.any():
        return 0
    off = scene[changed].astype(np.int16) - output[changed].astype(np.int16)
    return int(np.abs(off).max())


def skin_mask(landmarks: Float32, size_wh: tuple[int, int]) -> Bool:
    """The face's bare skin: bool (H, W), inside the oval without brows, eyes and mouth.

    Parameters
    ----------
    landmarks : float32 (478, 3), pixels
    size_wh : width and height of the picture in pixels
    """
    width, height = size_wh
    inside = np.zeros((height, width), np.uint8)
    imaging.fill_hull_into(inside, _shrunk(landmarks[list(OVAL), :2], 0.9))
    hole = np.zeros_like(inside)
    for loop in (EYE_LEFT, EYE_RIGHT, LIPS_OUTER, BROWS[:10], BROWS[10:]):
        imaging.fill_hull_into(hole, _shrunk(landmarks[list(loop), :2], 1.25))
    return (inside > 0) & (hole == 0)


def colour_difference(scene: UInt8, output: UInt8, skin: Bool) -> tuple[float, float]:
    """How far the mean colour of the skin has moved: CIE Lab, lightness and colour together.

    Returns
    -------
    delta_e : float
        The distance of the two mean colours in CIE Lab (CIE 1976); about 2.3 is just noticeable.
    delta_l : float
        The part of the lightness, output less scene; 0 is the scene's light.
    """
    if not skin.any():
        return 0.0, 0.0
    x0, y0, x1, y1 = _bounds(skin)
    window = skin[y0:y1, x0:x1]
    means = [
        imaging.lab(part[y0:y1, x0:x1].astype(np.float32))[window].mean(0, dtype=np.float64)
        for part in (scene, output)
    ]
    off = means[1] - means[0]
    return float(np.linalg.norm(off)), float(off[0])


def _ssim(one: Float32, other: Float32) -> Float32:
    """The map of structural similarity of two layers, float32 (h, w)."""

    def blurred(layer: Float32) -> Float32:
        return imaging.blur(layer, SSIM_SIGMA_PX)

    mean_one, mean_other = blurred(one), blurred(other)
    var_one = blurred(one * one) - mean_one**2
    var_other = blurred(other * other) - mean_other**2
    both = blurred(one * other) - mean_one * mean_other
    top = (2 * mean_one * mean_other + _C1) * (2 * both + _C2)
    below = (mean_one**2 + mean_other**2 + _C1) * (var_one + var_other + _C2)
    return np.asarray(top / below, np.float32)


def _shrunk(points: Float32, share: float) -> Float32:
    middle = points.mean(0)
    return middle + (points - middle) * np.float32(share)


def _bounds(mask: Bool) -> tuple[int, int, int, int]:
    """The half-open box around all that is true."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

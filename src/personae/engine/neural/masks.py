"""Masks of crops: soft borders, parts of a face, and what networks see of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.types import Float32, Float64
from personae.errors import InvalidRequest

AREAS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "face": (
            *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400),
            *(377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103),
            *(67, 109),
        ),
        "upper_face": (
            *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 2, 93, 234, 127, 162, 21, 54, 103),
            *(67, 109),
        ),
        "lower_face": (
            *(4, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136),
            *(172, 58, 132, 93, 234),
        ),
        "mouth": (
            *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39),
            *(40, 185),
        ),
    }
)
"""Landmarks of the 478 around each part of a face; the part is their convex hull."""

Padding = tuple[float, float, float, float]


@functools.lru_cache(maxsize=16)
def crop_mask(side_px: int, soft: float = 0.3, padding: Padding = (0.0, 0.0, 0.0, 0.0)) -> Float32:
    """1 in the middle of a crop, softly 0 at its border.

    Parameters
    ----------
    side_px : int
    soft : float, range [0, 1]
        How much of half the side the border takes.
    padding : four floats, range [0, 1)
        By how much of the side the border moves in: top, right, bottom, left.

    Returns
    -------
    float32 (side, side) in [0, 1], read-only
        0 in the outermost pixels.

    Raises
    ------
    InvalidRequest
        If a number is out of its range, or the padding leaves nothing.
    """
    top, right, bottom, left = padding
    if not 0 <= soft <= 1 or min(padding) < 0 or max(top + bottom, left + right) >= 1:
        raise InvalidRequest(
            "A crop's soft border lies in [0, 1], and its padding leaves something of each side."
        )
    width = max(1.0, soft * side_px / 2)
    down = _ramp(side_px, top * side_px, bottom * side_px, width)
    across = _ramp(side_px, left * side_px, right * side_px, width)
    mask = down[:, None] * across
    mask.setflags(write=False)
    return mask


def area_mask(landmarks: Float64, side_px: int, areas: Sequence[str], blur_px: float) -> Float32:
    """Parts of a face in a crop.

    Parameters
    ----------
    landmarks : float64 (478, 2) or (478, 3), pixels of the crop
    side_px : int
    areas : names in `AREAS`; together they make the mask
    blur_px : float
        Of the outline, to its inside: outside the mask is 0.

    Returns
    -------
    float32 (side, side) in [0, 1]

    Raises
    ------
    InvalidRequest
        If there is no area of a name.
    """
    check_areas(areas)
    found = np.zeros((side_px, side_px), np.uint8)
    for name in areas:
        # Far outside nothing changes, and OpenCV counts in 16 bits.
        points = np.clip(landmarks[list(AREAS[name]), :2], -side_px * 4, side_px * 4)
        imaging.fill_hull_into(found, points.astype(np.float32))
    inside = found.astype(np.float32)
    return inside if blur_px <= 0 else inner(imaging.blur(inside, blur_px), 0.5)


def check_areas(areas: Sequence[str]) -> None:
    """Raise an InvalidRequest unless all are names of areas."""
    for name in areas:
        if name not in AREAS:
            raise InvalidRequest(
                f"There is no area {name!r} of a face; choose of {', '.join(AREAS)}."
            )


def inner(mask: Float32, floor: float) -> Float32:
    """What is below `floor` of a mask in [0, 1] becomes 0, linearly above."""
    out = np.clip(mask, floor, 1)
    out -= np.float32(floor)
    out *= np.float32(1 / (1 - floor))
    return out


def _ramp(length: int, first: float, last: float, width: float) -> Float32:
    """0 up to `first` pixels from one end and `last` from the other, 1 from `width` further on.

    As smooth as a cosine, so that neither end of the slope shows.
    """
    at = np.arange(length, dtype=np.float32)
    near = np.minimum(at - np.float32(first), length - 1 - at - np.float32(last))
    slope = np.clip(near / np.float32(width), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * slope)).astype(np.float32)

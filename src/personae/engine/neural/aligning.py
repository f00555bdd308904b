"""Cut a face upright out of a picture by a template, and lay a crop back where it was cut.

A crop's matrix leads from the picture's pixels to the crop's; pixel centres are whole numbers in
both.
"""

from __future__ import annotations

import cmath
import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from personae.engine import imaging
from personae.engine.geometry import clip_box
from personae.engine.imaging import SampleT
from personae.engine.types import BoxXYXY, Canvas, Float32, Float64, UInt8
from personae.errors import InvalidRequest

_EYE_LEFT: Final = [33, 160, 158, 133, 153, 144]
_EYE_RIGHT: Final = [362, 385, 387, 263, 373, 380]
_NOSE, _MOUTH_LEFT, _MOUTH_RIGHT = 4, 61, 291
_USED: Final = [*_EYE_LEFT, *_EYE_RIGHT, _NOSE, _MOUTH_LEFT, _MOUTH_RIGHT]
_SHARES: Final = np.zeros((5, len(_USED)))
"""Of each landmark used in each of the five points."""
_SHARES[0, :6] = _SHARES[1, 6:12] = 1 / 6
_SHARES[[2, 3, 4], [12, 13, 14]] = 1


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """An aligned face.

    Attributes
    ----------
    rgb : uint8 (side, side, 3) RGB
    to_crop : float64 (2, 3)
        From pixels of the picture to pixels of the crop.
    """

    rgb: UInt8
    to_crop: Float64

    @property
    def side_px(self) -> int:
        return self.rgb.shape[0]


@functools.cache
def templates() -> Mapping[str, Float64]:
    """Points of every template: float64 (5, 2), in fractions of the crop's side.

    In the order eye on the viewer's left, eye on the right, nose, mouth corner left, right.
    """
    text = resources.files("personae.engine").joinpath("data", "templates.toml").read_text("utf-8")
    return MappingProxyType(
        {name: np.array(points, np.float64) for name, points in tomllib.loads(text).items()}
    )


def template(name: str) -> Float64:
    """The points of one template.

    Raises
    ------
    InvalidRequest
        If there is none of that name.
    """
    found = templates().get(name)
    if found is None:
        raise InvalidRequest(
            f"There is no alignment template {name!r}; choose one of {', '.join(templates())}."
        )
    return found


def five_points(landmarks: Float32 | Float64) -> Float64:
    """The five points of a template out of 478 landmarks: float64 (5, 2), pixels.

    An eye is the middle of its lids, as it is for the 68 points that the published networks were
    trained with, and not its iris, which wanders with the gaze.
    """
    return _SHARES @ landmarks[_USED, :2].astype(np.float64)


def crop_matrix(points: Float64, name: str, side_px: int) -> Float64:
    """The similarity that lays five points nearest to a template's: float64 (2, 3).

    Least squares: S. Umeyama, IEEE PAMI 13(4), 1991, without reflections.

    Raises
    ------
    InvalidRequest
        If the points fall together.
    """
    # The networks' crops were made without half a pixel's care: fractions times side. Five points
    # as complex numbers cost a tenth of what arrays of them do.
    wanted = [complex(x, y) * side_px for x, y in template(name).tolist()]
    given = [complex(x, y) for x, y in points.tolist()]
    mean_from, mean_to = sum(given) / 5, sum(wanted) / 5
    centred = [one - mean_from for one in given]
    spread = sum(abs(one) ** 2 for one in centred)
    turned = sum(one.conjugate() * (to - mean_to) for one, to in zip(centred, wanted, strict=True))
    factor = turned / spread if spread > 0 else 0j
    if not cmath.isfinite(factor) or abs(factor) < 1e-6:
        raise InvalidRequest("The five points of the face fall together.")
    rest = mean_to - factor * mean_from
    return np.array([[factor.real, -factor.imag, rest.real], [factor.imag, factor.real, rest.imag]])


def inverse(matrix: Float64) -> Float64:
    """The way back of an affine (2, 3)."""
    (a, b, x), (c, d, y) = matrix.tolist()
    size = a * d - b * c
    return np.array([[d, -b, b * y - d * x], [-c, a, c * x - a * y]], np.float64) / size


def reach_of(matrix: Float64, side_px: int, size_wh: tuple[int, int]) -> BoxXYXY | None:
    """The picture's box that a crop covers; None when it lies outside."""
    last = side_px - 1
    corners = np.array([[0, 0, 1], [last, 0, 1], [0, last, 1], [last, last, 1]], np.float64)
    where = corners @ inverse(matrix).T
    return clip_box(where.min(0), where.max(0), size_wh)


def take_crop(canvas: Canvas, matrix: Float64, side_px: int) -> Crop | None:
    """Cut an aligned face out of a canvas without aliasing; None when it lies outside.

    Only the pixels under the crop are read. Beyond the picture's edge its last pixels go on.
    """
    box = reach_of(matrix, side_px, canvas.size_wh)
    if box is None:
        return None
    return Crop(cut(canvas.region_rgb(box), box, matrix, side_px), matrix)


def cut(pixels: UInt8, box: BoxXYXY, matrix: Float64, side_px: int) -> UInt8:
    """`take_crop` from the pixels of a box that were read already."""
    to_picture = inverse(matrix)
    shrink = math.hypot(*to_picture[:, 0])
    to_region = to_picture.copy()
    to_region[:, 2] -= box[:2]
    if shrink >= 2:
        # Bilinear lookup alone would skip pixels of a large face.
        pixels, to_region = _thinned(pixels, to_region, shrink)
    return imaging.look_up(pixels, to_region, (side_px, side_px))


def lay_back(
    crop: Float32, matrix: Float64, box: BoxXYXY, *, edge: bool = False, smooth: bool = False
) -> Float32:
    """A crop's values in a box of the picture: float32, (h, w) or (h, w, 3).

    Enlarged bicubically, or, of what is `smooth` anyway, bilinearly in a third of the time; shrunk
    by averaging what falls together. Outside the crop everything is 0, or with `edge` what its
    border is.
    """
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ np.array(box[:2], np.float64)
    size_wh = (box[2] - box[0], box[3] - box[1])
    grown = math.hypot(*matrix[:, 0])
    if grown >= 2:
        # A look-up alone would skip pixels of what was enlarged much for the network.
        crop, moved = _thinned(crop, moved, grown)
    return imaging.look_up(crop, moved, size_wh, cubic=grown < 1 and not smooth, edge=edge)


def lay_back_colours(crop: Float32, matrix: Float64, box: BoxXYXY) -> Float32:
    """`lay_back` of a picture in [0, 255], float32 (h, w, 3), the edge going on.

    A crop that is enlarged is so once, bicubically, to twice its size and whole levels, and looked
    up there: half the time of looking up bicubically, and no difference that can be seen.
    """
    if math.hypot(*matrix[:, 0]) >= 1:
        return lay_back(crop, matrix, box, edge=True)
    double = imaging.resize_cubic(imaging.to_bytes(crop), (2 * crop.shape[1], 2 * crop.shape[0]))
    moved = 2 * matrix
    moved[:, 2] += 0.5 + moved[:, :2] @ np.array(box[:2], np.float64)
    size_wh = (box[2] - box[0], box[3] - box[1])
    return imaging.look_up(double, moved, size_wh).astype(np.float32)


def _thinned(
    pixels: NDArray[SampleT], to_pixels: Float64, shrink: float
) -> tuple[NDArray[SampleT], Float64]:
    """Average pixels two by two until a look-up that shrinks by `shrink` skips none."""
    factor = 2 ** math.floor(math.log2(shrink))
    small_wh = (max(1, pixels.shape[1] // factor), max(1, pixels.shape[0] // factor))
    scale = np.array([small_wh[0] / pixels.shape[1], small_wh[1] / pixels.shape[0]])
    moved = to_pixels.copy()
    moved[:, 2] += 0.5
    moved *= scale[:, None]
    moved[:, 2] -= 0.5
    return imaging.resize_area(pixels, small_wh), moved

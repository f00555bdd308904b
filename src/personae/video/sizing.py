"""Outputs that may be no larger than somebody allows: media are scaled down as they are read.

Everything behind the reader then works at the smaller size, which is cheaper, and the swapped face
is never scaled itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import cast

import av
import numpy as np
from PIL import ExifTags, Image

from personae.engine import imaging
from personae.engine.types import UInt8
from personae.video.formats import KEPT, assumed_matrix
from personae.video.frames import like_frame, plane_samples
from personae.video.shape import VideoShape
from personae.video.stills import Picture

_PROGRESSIVE = 1


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """The most pixels that the longer and the shorter side may have, whichever is the width.

    1920 and 1080 are what people call 1080p, landscape or portrait.
    """

    long_px: int | None = None
    short_px: int | None = None

    def fit(self, size_wh: tuple[int, int], *, even: bool = False) -> tuple[int, int]:
        """The largest size of the same proportions within the limit; never an enlarged one.

        With `even`, sides that are scaled get an even number of pixels, as 4:2:0 wants it.
        """
        longest, shortest = max(size_wh), min(size_wh)
        long_px = math.inf if self.long_px is None else self.long_px
        short_px = min(long_px, math.inf if self.short_px is None else self.short_px)
        scale = min(long_px / longest, short_px / shortest)
        if scale >= 1:
            return size_wh
        step = 2 if even else 1
        sides: list[int] = []
        for side in size_wh:
            pixels = step * round(side * scale / step)
            if pixels > (long_px if side == longest > shortest else short_px):
                pixels -= step
            sides.append(max(step, pixels))
        return sides[0], sides[1]


def fit_shape(shape: VideoShape, limit: SizeLimit | None) -> VideoShape:
    """What a clip's frames have in common once they are scaled; `shape` itself if they fit.

    Pixels keep their own shape. Colours that a player would guess by the size are written down,
    and fields, which scaling mixes, are gone.
    """
    size = shape.coded_wh if limit is None else limit.fit(shape.coded_wh, even=True)
    if size == shape.coded_wh:
        return shape
    matrix = assumed_matrix(shape.tags.matrix, shape.coded_wh[1])
    order = min(shape.field_order, _PROGRESSIVE)
    return replace(shape, coded_wh=size, tags=replace(shape.tags, matrix=matrix), field_order=order)


def fit_frame(frame: av.VideoFrame, size_wh: tuple[int, int]) -> av.VideoFrame:
    """A frame in a kept format, each plane averaged down; the same frame if it has that size."""
    if (frame.width, frame.height) == size_wh:
        return frame
    made = like_frame(frame, size_wh)
    bits = KEPT[frame.format.name].bits
    for before, after in zip(frame.planes, made.planes, strict=True):
        samples = np.ascontiguousarray(plane_samples(before, bits))
        size = (after.width, after.height)
        plane_samples(after, bits)[...] = imaging.resize_area(samples, size)
    return made


def fit_pixels(
    rgb: UInt8, alpha: UInt8 | None, size_wh: tuple[int, int]
) -> tuple[UInt8, UInt8 | None]:
    """A picture averaged down; colours count as much as they show, so that none bleeds in.

    Parameters
    ----------
    rgb : uint8 (H, W, 3) RGB
    alpha : uint8 (H, W), optional
    size_wh : pixels

    Returns
    -------
    uint8 (h, w, 3) RGB, uint8 (h, w) or None
        The very same arrays if they have that size.
    """
    if (rgb.shape[1], rgb.shape[0]) == size_wh:
        return rgb, alpha
    if alpha is None:
        return np.ascontiguousarray(imaging.resize_area(rgb, size_wh)), None
    small = np.ascontiguousarray(imaging.resize_area(alpha, size_wh))
    share = alpha.astype(np.float32)
    shown = imaging.resize_area(imaging.multiply(rgb, imaging.thrice(share)), size_wh)
    weight = imaging.resize_area(share, size_wh)
    shown /= np.maximum(weight, np.float32(1e-3))[..., None]
    colours = imaging.to_bytes(shown)
    hidden = weight <= 0
    colours[hidden] = imaging.resize_area(rgb, size_wh)[hidden]
    return colours, small


def fit_picture(picture: Picture, limit: SizeLimit | None) -> Picture:
    """A picture within the limit, its EXIF saying so; the same picture if it fits."""
    size = picture.size_wh if limit is None else limit.fit(picture.size_wh)
    if size == picture.size_wh:
        return picture
    rgb, alpha = fit_pixels(picture.rgb, picture.alpha, size)
    return replace(picture, rgb=rgb, alpha=alpha, exif=_with_size(picture.exif, size))


def _with_size(exif: bytes | None, size_wh: tuple[int, int]) -> bytes | None:
    """EXIF whose statements about the size, if any, are true."""
    if exif is None:
        return None
    block = Image.Exif()
    block.load(exif)
    tags = ExifTags.Base
    pairs = [(tags.ImageWidth, 0), (tags.ImageLength, 1)]
    for tag, side in pairs:
        if tag in block:
            block[tag] = size_wh[side]
    inner = cast("dict[int, object]", block.get_ifd(ExifTags.IFD.Exif))
    for tag, side in ((tags.ExifImageWidth, 0), (tags.ExifImageHeight, 1)):
        if tag in inner:
            inner[tag] = size_wh[side]
    return block.tobytes()

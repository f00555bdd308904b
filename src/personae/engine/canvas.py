"""Canvases: one RGB picture, and the planes of a YUV video frame."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from personae.engine import imaging
from personae.engine.types import BoxXYXY, Float32, Int16, UInt8
from personae.errors import InvalidRequest


def thumbnail_size(size_wh: tuple[int, int], limit_px: int) -> tuple[int, int]:
    """Width and height of a picture scaled down to fit `limit_px`; never enlarged."""
    width, height = size_wh
    scale = min(1.0, limit_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


class RgbCanvas:
    """A still picture: uint8 (H, W, 3) RGB, owned and changed in place."""

    def __init__(self, rgb: UInt8) -> None:
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
            raise InvalidRequest(
                f"An RGB picture is uint8 (H, W, 3); this array is {rgb.dtype} {rgb.shape}."
            )
        self.rgb = rgb

    @property
    def size_wh(self) -> tuple[int, int]:
        return self.rgb.shape[1], self.rgb.shape[0]

    def region_rgb(self, box: BoxXYXY) -> UInt8:
        x0, y0, x1, y1 = box
        return self.rgb[y0:y1, x0:x1].copy()

    def thumbnail_rgb(self, limit_px: int) -> UInt8:
        small = imaging.resize_area(self.rgb, thumbnail_size(self.size_wh, limit_px))
        return small.copy() if small is self.rgb else small

    def add_into(self, box: BoxXYXY, delta: Float32) -> None:
        x0, y0, x1, y1 = box
        region = self.rgb[y0:y1, x0:x1]
        _add_samples_into(region, delta, 0, 255)

    def region_luma(self, box: BoxXYXY, step: int) -> Float32:
        x0, y0, x1, y1 = box
        thin = np.ascontiguousarray(self.rgb[y0:y1:step, x0:x1:step])
        return imaging.luma(thin).astype(np.float32)

    def brighten_into(self, box: BoxXYXY, change: Float32) -> None:
        x0, y0, x1, y1 = box
        _brighten_into(self.rgb[y0:y1, x0:x1], imaging.thrice(_whole(change, 1)), 255)


@dataclass(frozen=True, slots=True)
class YuvFormat:
    """How the samples of a planar YUV frame stand for colours.

    ``kr`` and ``kb`` are the luma weights of red and blue (ITU-R BT.601: 0.299, 0.114; BT.709:
    0.2126, 0.0722; BT.2020: 0.2627, 0.0593). ``full_range``: 0 to 2**bits - 1, else 16 to 235
    (luma) and 16 to 240 (chroma) times 2**(bits - 8).
    """

    kr: float
    kb: float
    full_range: bool
    bits: int

    @property
    def luma_scale(self) -> float:
        """Sample units per unit of RGB on the 0 to 255 scale."""
        return (2**self.bits - 1) / 255 if self.full_range else 219 / 255 * 2 ** (self.bits - 8)

    @property
    def chroma_scale(self) -> float:
        """Sample units of Cb or Cr per unit of (B - Y) / (2 - 2 kb) on the 0 to 255 scale."""
        return (2**self.bits - 1) / 255 if self.full_range else 224 / 255 * 2 ** (self.bits - 8)

    @property
    def luma_offset(self) -> int:
        return 0 if self.full_range else 16 << (self.bits - 8)

    @property
    def chroma_offset(self) -> int:
        return 128 << (self.bits - 8)

    def rgb_to_yuv(self) -> Float32:
        """float32 (3, 3): differences of RGB (0 to 255) to differences of Y, Cb, Cr samples."""
        return _to_yuv(self)

    def yuv_to_rgb(self) -> Float32:
        """float32 (3, 4): samples of Y, Cb, Cr and 1 to RGB on the 0 to 255 scale."""
        return _to_rgb(self)


@functools.cache
def _to_yuv(form: YuvFormat) -> Float32:
    # Both are asked for several times a frame, and there is a handful of formats.
    luma = np.array([form.kr, 1 - form.kr - form.kb, form.kb])
    blue = (np.array([0.0, 0.0, 1.0]) - luma) / (2 * (1 - form.kb))
    red = (np.array([1.0, 0.0, 0.0]) - luma) / (2 * (1 - form.kr))
    rows = [luma * form.luma_scale, blue * form.chroma_scale, red * form.chroma_scale]
    made = np.array(rows, np.float32)
    made.setflags(write=False)
    return made


@functools.cache
def _to_rgb(form: YuvFormat) -> Float32:
    inverse = np.linalg.inv(_to_yuv(form).astype(np.float64))
    offsets = np.array([form.luma_offset, form.chroma_offset, form.chroma_offset])
    made = np.column_stack([inverse, -inverse @ offsets]).astype(np.float32)
    made.setflags(write=False)
    return made


Plane = NDArray[np.uint8] | NDArray[np.uint16]
_Samples = NDArray[np.uint8 | np.uint16]


class YuvCanvas:
    """The planes of one video frame, changed in place through the views it was given.

    Parameters
    ----------
    planes : three arrays, uint8 or uint16
        Y of (H, W) and Cb, Cr of (ceil(H / sy), ceil(W / sx)), as *upright* views: a rotated
        video passes ``np.rot90`` views, so that nothing is copied and writes go through.
    form : YuvFormat
    mirrored_xy : two bools
        Whether the views run against the samples' order. In a picture of odd size the chroma
        sample that stands for one pixel instead of two is the last one stored, so in a mirrored
        view it is the first.
    """

    def __init__(
        self,
        planes: tuple[Plane, Plane, Plane],
        form: YuvFormat,
        mirrored_xy: tuple[bool, bool] = (False, False),
    ) -> None:
        luma, blue, red = planes
        if blue.shape != red.shape:
            raise InvalidRequest("The chroma planes differ in size.")
        self.planes = planes
        self.form = form
        height, width = luma.shape
        self._sx = 1 if blue.shape[1] == width else 2
        self._sy = 1 if blue.shape[0] == height else 2
        expected = (-(-height // self._sy), -(-width // self._sx))
        if blue.shape != expected:
            raise InvalidRequest(f"Chroma planes of {blue.shape} do not fit luma of {luma.shape}.")
        # Pixels that are missing before the first one for chroma samples to come out even.
        self._lead_x = int(mirrored_xy[0] and width % self._sx)
        self._lead_y = int(mirrored_xy[1] and height % self._sy)

    @property
    def size_wh(self) -> tuple[int, int]:
        return self.planes[0].shape[1], self.planes[0].shape[0]

    def _chroma_box(self, box: BoxXYXY) -> BoxXYXY:
        x0, x1 = box[0] + self._lead_x, box[2] + self._lead_x
        y0, y1 = box[1] + self._lead_y, box[3] + self._lead_y
        return x0 // self._sx, y0 // self._sy, -(-x1 // self._sx), -(-y1 // self._sy)

    def _rgb(self, samples: Sequence[_Samples]) -> UInt8:
        """Merge planes of one size to uint8 RGB."""
        matrix = self.form.yuv_to_rgb()
        if self.form.bits == 8:
            # In whole numbers, which takes half the time; some levels come out off by one.
            return imaging.transform(imaging.merge(cast("Sequence[UInt8]", samples)), matrix)
        wide = [plane.astype(np.float32) for plane in samples]
        return imaging.to_bytes(imaging.transform(imaging.merge(wide), matrix))

    def region_rgb(self, box: BoxXYXY) -> UInt8:
        x0, y0, x1, y1 = box
        cx0, cy0, cx1, cy1 = self._chroma_box(box)
        luma = np.ascontiguousarray(self.planes[0][y0:y1, x0:x1])
        full = ((cx1 - cx0) * self._sx, (cy1 - cy0) * self._sy)
        ox = x0 + self._lead_x - cx0 * self._sx
        oy = y0 + self._lead_y - cy0 * self._sy
        samples: list[_Samples] = [luma]
        for plane in self.planes[1:]:
            chroma = np.ascontiguousarray(plane[cy0:cy1, cx0:cx1])
            chroma = imaging.resize_linear(chroma, full)
            chroma = chroma[oy : oy + y1 - y0, ox : ox + x1 - x0]
            samples.append(np.ascontiguousarray(chroma))
        return self._rgb(samples)

    def thumbnail_rgb(self, limit_px: int) -> UInt8:
        width, height = thumbnail_size(self.size_wh, limit_px)
        samples: list[_Samples] = []
        for plane in self.planes:
            # Large planes are thinned first: area-averaging every sample of a 1080p frame costs
            # more than the detector that looks at the result.
            step = max(1, min(plane.shape[1] // (2 * width), plane.shape[0] // (2 * height)))
            thin = np.ascontiguousarray(plane[::step, ::step])
            samples.append(imaging.resize_area(thin, (width, height)))
        return self._rgb(samples)

    def add_into(self, box: BoxXYXY, delta: Float32) -> None:
        x0, y0, x1, y1 = box
        limit = 2**self.form.bits - 1
        change = imaging.transform(delta, self.form.rgb_to_yuv())
        planes = imaging.split(change)
        _add_samples_into(self.planes[0][y0:y1, x0:x1], planes[0], 0, limit)
        cx0, cy0, cx1, cy1 = self._chroma_box(box)
        full_w, full_h = (cx1 - cx0) * self._sx, (cy1 - cy0) * self._sy
        ox = x0 + self._lead_x - cx0 * self._sx
        oy = y0 + self._lead_y - cy0 * self._sy
        for plane, part in zip(self.planes[1:], planes[1:], strict=True):
            if (full_w, full_h) != (part.shape[1], part.shape[0]):
                right, bottom = full_w - ox - part.shape[1], full_h - oy - part.shape[0]
                part = imaging.pad(part, ox, oy, right, bottom)
            part = imaging.resize_area(part, (cx1 - cx0, cy1 - cy0))
            _add_samples_into(plane[cy0:cy1, cx0:cx1], part, 0, limit)

    def region_luma(self, box: BoxXYXY, step: int) -> Float32:
        x0, y0, x1, y1 = box
        thin = self.planes[0][y0:y1:step, x0:x1:step].astype(np.float32)
        return (thin - np.float32(self.form.luma_offset)) / np.float32(self.form.luma_scale)

    def brighten_into(self, box: BoxXYXY, change: Float32) -> None:
        x0, y0, x1, y1 = box
        limit = 2**self.form.bits - 1
        samples = self.planes[0][y0:y1, x0:x1]
        _brighten_into(samples, _whole(change, self.form.luma_scale), limit)


def _add_samples_into(samples: Plane, delta: NDArray[np.float32], low: int, high: int) -> None:
    """Add, round to nearest and clip, in place; a delta of 0 changes nothing."""
    changed = np.add(samples, delta, dtype=np.float32)
    np.rint(changed, out=changed)
    np.clip(changed, low, high, out=changed)
    samples[...] = changed.astype(samples.dtype)


def _whole(change: Float32, scale: float) -> Int16:
    """A change in levels as whole numbers of samples."""
    return np.rint(change * np.float32(scale)).astype(np.int16)


def _brighten_into(samples: Plane, change: Int16, high: int) -> None:
    """Add and clip, in place: `_add_samples_into` in whole numbers, five times as fast."""
    # 16 bits hold every sample of 8, 10 and 12 bits with its change.
    changed = samples.astype(np.int16)
    changed += change
    np.clip(changed, 0, high, out=changed)
    samples[...] = changed.astype(samples.dtype)

"""Decoded frames whose planes are edited in place and encoded as they are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av
import av.video.plane
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from personae.engine.canvas import Plane, YuvCanvas, YuvFormat
from personae.engine.types import BoxXYXY, Canvas, Float32, SceneFrame, UInt8
from personae.video.formats import GREYS, KEPT
from personae.video.orientation import Orientation


def plane_samples(plane: av.video.plane.VideoPlane, bits: int) -> NDArray[Any]:
    """The samples of one plane, (H, W) uint8 or uint16: a view onto the frame's own memory.

    The view dangles once the frame's buffers are replaced, as by ``make_writable``.
    """
    dtype = np.dtype(np.uint8 if bits == 8 else np.uint16)
    stride = abs(plane.line_size)
    # The cast is for the type checker alone, which does not see that planes are buffers.
    rows = np.frombuffer(cast("bytes", plane), np.uint8).reshape(plane.height, stride)
    samples = rows[:, : plane.width * dtype.itemsize].view(dtype)
    return samples[::-1] if plane.line_size < 0 else samples


class FrameCanvas:
    """The canvas of a decoded frame: read in place, copied once, when it is first written.

    A decoder predicts later frames from the ones it has given out, so their buffers are shared:
    writing into them would smear a face over the frames to come. The frame therefore gets buffers
    of its own on the first `add_into`, and frames that nobody edits are never copied.

    Parameters
    ----------
    frame : av.VideoFrame
        In one of the `KEPT` formats; edited in place.
    form : YuvFormat
    orientation : Orientation
    """

    def __init__(self, frame: av.VideoFrame, form: YuvFormat, orientation: Orientation) -> None:
        self._frame = frame
        self._form = form
        self._orientation = orientation
        self._inner: YuvCanvas | None = None
        self._owned = False

    def _canvas(self) -> YuvCanvas:
        if self._inner is None:
            planes: list[Plane] = []
            for plane in self._frame.planes:
                samples = plane_samples(plane, self._form.bits)
                samples.flags.writeable = self._owned
                planes.append(self._orientation.upright(samples))
            turned = self._orientation
            mirrored = (turned.flip_x, turned.flip_y)
            self._inner = YuvCanvas((planes[0], planes[1], planes[2]), self._form, mirrored)
        return self._inner

    @property
    def size_wh(self) -> tuple[int, int]:
        return self._orientation.size_wh((self._frame.width, self._frame.height))

    @property
    def edited(self) -> bool:
        """Whether anything was written."""
        return self._owned

    def region_rgb(self, box: BoxXYXY) -> UInt8:
        return self._canvas().region_rgb(box)

    def thumbnail_rgb(self, limit_px: int) -> UInt8:
        return self._canvas().thumbnail_rgb(limit_px)

    def region_luma(self, box: BoxXYXY, step: int) -> Float32:
        return self._canvas().region_luma(box, step)

    def add_into(self, box: BoxXYXY, delta: Float32) -> None:
        self._own().add_into(box, delta)

    def brighten_into(self, box: BoxXYXY, change: Float32) -> None:
        self._own().brighten_into(box, change)

    def _own(self) -> YuvCanvas:
        """The canvas over buffers of the frame's own."""
        if not self._owned:
            self._inner = None  # its views point into the buffers that are given up
            self._frame.make_writable()
            self._owned = True
        return self._canvas()


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """One frame between reader and writer.

    Attributes
    ----------
    video : av.VideoFrame
        The planes, in a kept format. Encoded as they are.
    pts : int
        Presentation time in `time_base` units, counted like the output's.
    time_base : Fraction, seconds
    duration : int or None
        In `time_base` units; None when the file does not say.
    scene : SceneFrame
        The same frame for the engine.
    """

    video: av.VideoFrame
    pts: int
    time_base: Fraction
    duration: int | None
    scene: SceneFrame

    @property
    def canvas(self) -> Canvas:
        """Where faces are read and written; upright."""
        return self.scene.canvas

    def __repr__(self) -> str:
        width, height = self.canvas.size_wh
        return (
            f"DecodedFrame({self.scene.number}, pts={self.pts} x {self.time_base} s, "
            f"{width}x{height} {self.video.format.name})"
        )


def convert_frame(frame: av.VideoFrame, pixel_format: str, matrix: int) -> av.VideoFrame:
    """A frame in another pixel format; the same frame when it is in that format already.

    Parameters
    ----------
    frame : av.VideoFrame
    pixel_format : str
        One of `KEPT`.
    matrix : int
        Number of ITU-T H.273 that RGB is turned into YUV with.

    Returns
    -------
    av.VideoFrame
        Bits do not depend on the machine or on the number of threads.
    """
    if frame.format.name == pixel_format:
        return frame
    if frame.format.name in GREYS:
        return _with_neutral_chroma(frame, pixel_format)
    exact = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
    rgb = frame.format.is_rgb or frame.format.has_palette
    colours: dict[str, Any] = {}
    if rgb:
        spaces = {1: Colorspace.ITU709, 9: Colorspace.BT2020}
        colours = {
            "dst_colorspace": spaces.get(matrix, Colorspace.ITU601),
            "src_color_range": ColorRange.JPEG,
            "dst_color_range": ColorRange.MPEG,
        }
    return frame.reformat(format=pixel_format, interpolation=exact, threads=1, **colours)


def _with_neutral_chroma(frame: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
    """A grey frame as YUV: its luma samples as they are, chroma in the middle."""
    bits = KEPT[pixel_format].bits
    made = av.VideoFrame(frame.width, frame.height, pixel_format)
    luma, *chroma = made.planes
    plane_samples(luma, bits)[...] = plane_samples(frame.planes[0], bits)
    for plane in chroma:
        plane_samples(plane, bits)[...] = 1 << (bits - 1)
    made.pts, made.time_base, made.duration = frame.pts, frame.time_base, frame.duration
    made.color_range = frame.color_range
    made.color_trc, made.color_primaries = frame.color_trc, frame.color_primaries
    return made


def like_frame(
    frame: av.VideoFrame, size_wh: tuple[int, int], pixel_format: str | None = None
) -> av.VideoFrame:
    """An empty frame of another size or format, with the times and colours of `frame`."""
    made = av.VideoFrame(*size_wh, pixel_format or frame.format.name)
    made.pts, made.time_base, made.duration = frame.pts, frame.time_base, frame.duration
    made.colorspace, made.color_range = frame.colorspace, frame.color_range
    made.color_trc, made.color_primaries = frame.color_trc, frame.color_primaries
    return made


def relabelled(frame: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
    """A copy of a frame's planes, sample for sample, under another format's name.

    For ``yuvj420p`` and the like, which some encoders know only as ``yuv420p`` with a range tag,
    and for 4:2:0 to 4:4:4 at odd sizes, where each chroma sample is repeated.
    """
    was, becomes = KEPT[frame.format.name], KEPT[pixel_format]
    made = like_frame(frame, (frame.width, frame.height), pixel_format)
    for before, after in zip(frame.planes, made.planes, strict=True):
        samples = plane_samples(before, was.bits)
        if after.width != before.width or after.height != before.height:
            samples = samples.repeat(was.sy // becomes.sy, 0).repeat(was.sx // becomes.sx, 1)
        plane_samples(after, becomes.bits)[...] = samples[: after.height, : after.width]
    return made

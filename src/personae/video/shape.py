"""What every frame of a clip has in common, and which part of its time is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.video.stream
from av.format import Flags

from personae.engine.canvas import YuvFormat
from personae.errors import InvalidRequest, MediaUnsupported
from personae.video.formats import (
    KEPT,
    ColourTags,
    check_colours,
    planar_format,
    yuv_format,
)
from personae.video.orientation import Orientation, frame_orientation

ASSUMED_RATE = Fraction(25)
"""Frames a second when a file says nothing at all."""

PROGRESSIVE = (0, 1)
"""Field orders of whole frames, in FFmpeg's numbers: not said, and progressive."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The part of a file's time that is kept, and how its timestamps are shifted.

    Attributes
    ----------
    start_s, end_s : Fraction or None, seconds on the file's clock
        Kept is ``start_s <= time < end_s``; None is open.
    shift_s : Fraction, seconds
        Subtracted from every timestamp, of sound and subtitles as of pictures.
    """

    start_s: Fraction | None = None
    end_s: Fraction | None = None
    shift_s: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class VideoShape:
    """What a writer needs to know before the first frame.

    Attributes
    ----------
    path : Path
        The file that is read; its other streams are copied from there.
    stream : int
        Index of the video stream in it.
    coded_wh : (int, int), pixels
        Of the planes, before rotation.
    pixel_format : str
        One of `KEPT`.
    form : YuvFormat
    tags : ColourTags
    orientation : Orientation
    aspect : Fraction or None
        Of one sample, width over height.
    time_base : Fraction, seconds
        Unit of every frame's ``pts``.
    frame_rate : Fraction, frames a second
        Average.
    field_order : int
        FFmpeg's number; one of `PROGRESSIVE`, or frames hold two fields. Faces are handled as in
        progressive frames, and h264 keeps the fields.
    range : TimeRange
    """

    path: Path
    stream: int
    coded_wh: tuple[int, int]
    pixel_format: str
    form: YuvFormat
    tags: ColourTags
    orientation: Orientation
    aspect: Fraction | None
    time_base: Fraction
    frame_rate: Fraction
    field_order: int
    range: TimeRange

    @property
    def size_wh(self) -> tuple[int, int]:
        """Upright size, pixels."""
        return self.orientation.size_wh(self.coded_wh)


def check_range(start_s: float | None, end_s: float | None) -> None:
    """Refuse a range of time that holds nothing.

    Raises
    ------
    InvalidRequest
    """
    for value in (start_s, end_s):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise InvalidRequest(f"A start or end of {value} s makes no sense; give 0 or more.")
    if end_s is not None and end_s <= (start_s or 0.0):
        raise InvalidRequest(
            f"The range from {start_s or 0:g} s to {end_s:g} s is empty; the end comes first."
        )


def time_range(
    container: av.container.InputContainer,
    time_base: Fraction,
    start_s: float | None,
    end_s: float | None,
) -> TimeRange:
    """A range in seconds from the start of a file, on the file's own clock.

    The shift is a whole number of the video's `time_base`, so that every gap between frames
    stays what it is; a start between two ticks leaves the first frame up to one tick late.
    """
    origin = Fraction(0)
    if container.format.flags & Flags.ts_discont.value:  # its clock starts anywhere
        origin = Fraction(container.start_time or 0, av.time_base)
    # By its decimal digits: the number 0.4 lies just above 0.4, and would miss a frame there.
    start = None if start_s is None else origin + Fraction(str(start_s))
    end = None if end_s is None else origin + Fraction(str(end_s))
    shift = (start if start is not None else origin) // time_base * time_base
    return TimeRange(start, end, shift)


def read_tags(stream: av.video.stream.VideoStream, frame: av.VideoFrame | None) -> ColourTags:
    """Colours as the first frame says, and as the container says where the frame is silent."""
    context = stream.codec_context
    if frame is None:
        frame_tags = (2, 2, 2, 0)
    else:
        frame_tags = (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range)
    stream_tags = (
        context.color_primaries,
        context.color_trc,
        context.colorspace,
        context.color_range,
    )
    silent = (2, 2, 2, 0)
    said = [
        int(a) if int(a) != none else int(b)
        for a, b, none in zip(frame_tags, stream_tags, silent, strict=True)
    ]
    return ColourTags(*said)


def has_hidden_alpha(stream: av.video.stream.VideoStream) -> bool:
    """Whether VP8 or VP9 carries its alpha beside the picture, where the decoder drops it."""
    return any(k.lower() == "alpha_mode" and v == "1" for k, v in stream.metadata.items())


def _is_dolby_vision(stream: av.video.stream.VideoStream) -> bool:
    """Whether the samples mean Dolby's own colours, which no tag of H.273 says."""
    try:
        return stream.codec_context.codec_tag in ("dvh1", "dvhe", "dva1", "dvav", "dav1")
    except UnicodeDecodeError:  # an old AVI's four bytes need not be letters
        return False


def read_shape(
    path: Path,
    stream: av.video.stream.VideoStream,
    frame: av.VideoFrame,
    kept: TimeRange,
) -> VideoShape:
    """Look at a stream and at its first frame, and refuse what would come out wrong.

    Raises
    ------
    MediaUnsupported
        For alpha, HDR, and pixel formats or matrices that are not supported.
    """
    name = str(path)
    if has_hidden_alpha(stream):
        raise MediaUnsupported(
            f"{name} has transparency, which a swapped video would lose; flatten it onto a "
            "background first, or use an animated WebP or PNG."
        )
    tags = read_tags(stream, frame)
    check_colours(name, tags)
    if _is_dolby_vision(stream):
        raise MediaUnsupported(
            f"{name} is Dolby Vision, whose colours would come out wrong; convert it to SDR "
            "(BT.709) first."
        )
    pixel_format = planar_format(name, frame.format.name)
    orientation = frame_orientation(frame)
    coded_wh = (frame.width, frame.height)
    if _mirrored_odd(pixel_format, orientation, coded_wh):
        # Mirrored, the chroma of an odd size would start with half a sample.
        pixel_format = pixel_format.replace("420", "444").replace("422", "444")
    if frame.format.is_rgb or frame.format.has_palette:
        height = frame.height
        tags = ColourTags(tags.primaries, tags.transfer, 1 if height >= 720 else 6, 1)
    return VideoShape(
        path=path,
        stream=stream.index,
        coded_wh=coded_wh,
        pixel_format=pixel_format,
        form=yuv_format(pixel_format, tags, frame.height),
        tags=tags,
        orientation=orientation,
        aspect=stream.sample_aspect_ratio or None,
        time_base=stream.time_base or Fraction(1, 1000),
        frame_rate=frame_rate(stream),
        field_order=stream.codec_context.field_order,
        range=kept,
    )


def frame_rate(stream: av.video.stream.VideoStream) -> Fraction:
    """Average frames a second, or the best guess."""
    return stream.average_rate or stream.guessed_rate or stream.base_rate or ASSUMED_RATE


def _mirrored_odd(pixel_format: str, orientation: Orientation, coded_wh: tuple[int, int]) -> bool:
    layout = KEPT[pixel_format]
    odd_x = coded_wh[0] % layout.sx != 0
    odd_y = coded_wh[1] % layout.sy != 0
    flip_coded_x = orientation.flip_y if orientation.transpose else orientation.flip_x
    flip_coded_y = orientation.flip_x if orientation.transpose else orientation.flip_y
    return (odd_x and flip_coded_x) or (odd_y and flip_coded_y)

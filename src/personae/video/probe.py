"""Describing a video without reading it all: headers and the first frame."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.container
import av.stream
import av.video.stream

from personae.errors import MediaUnsupported
from personae.video.decoding import Decoder
from personae.video.formats import (
    MATRIX_NAMES,
    PRIMARIES_NAMES,
    RANGE_NAMES,
    TRANSFER_NAMES,
    has_alpha,
    sample_bits,
)
from personae.video.info import AudioInfo, ChapterInfo, MediaInfo, SubtitleInfo
from personae.video.integrity import Damage
from personae.video.lengths import picture_span
from personae.video.limits import DEFAULT_LIMITS, MediaLimits
from personae.video.opening import open_container, video_stream
from personae.video.orientation import Orientation, frame_orientation
from personae.video.shape import has_hidden_alpha, read_tags

_SHORT_NAMES = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska"}


def probe_video(path: Path | str, limits: MediaLimits = DEFAULT_LIMITS) -> MediaInfo:
    """Say what a video or a sound file holds; one frame is decoded, for its rotation.

    What a swap would refuse, such as HDR or alpha, is described all the same.

    Raises
    ------
    MediaUnreachable, MediaUnreadable, MediaUnsupported, MediaTooLarge
        If it does not open; see `open_container`.
    """
    path = Path(path)
    with open_container(path, limits) as container:
        common: dict[str, Any] = {
            "container": _container_name(container),
            "duration_s": None if container.duration is None else container.duration / av.time_base,
            "audio": tuple(_audio(s) for s in container.streams.audio),
            "subtitles": tuple(
                SubtitleInfo(codec=_codec(s), language=s.language)
                for s in container.streams.subtitles
            ),
            "chapters": tuple(_chapter(c) for c in container.chapters()),
            "metadata": dict(container.metadata),
        }
        try:
            stream = video_stream(container, str(path))
        except MediaUnsupported:
            if not container.streams.audio:
                raise
            return MediaInfo(kind="audio", **common)
        frame = _first_frame(container, stream, limits)
        return MediaInfo(kind="video", **common, **_picture(container, stream, frame))


def _picture(
    container: av.container.InputContainer,
    stream: av.video.stream.VideoStream,
    frame: av.VideoFrame | None,
) -> dict[str, Any]:
    """The fields of `MediaInfo` that a sound file has not."""
    tags = read_tags(stream, frame)
    orientation = Orientation() if frame is None else frame_orientation(frame)
    coded_wh = (stream.width, stream.height) if frame is None else (frame.width, frame.height)
    pixel_format = stream.pix_fmt if frame is None else frame.format.name
    rate = stream.average_rate or stream.guessed_rate
    span = picture_span(container, stream)
    return {
        "size_wh": orientation.size_wh(coded_wh),
        "coded_size_wh": coded_wh,
        "rotation_deg": orientation.rotation_deg,
        "mirrored": orientation.mirrored,
        "frame_rate": rate,
        "variable_rate": _variable_rate(stream),
        "frames": stream.frames or (span.frames(rate) if span and rate else None),
        "codec": _codec(stream),
        "pixel_format": pixel_format,
        "bits": sample_bits(pixel_format) if pixel_format else 8,
        "color_primaries": PRIMARIES_NAMES.get(tags.primaries),
        "color_transfer": TRANSFER_NAMES.get(tags.transfer),
        "color_matrix": MATRIX_NAMES.get(tags.matrix),
        "color_range": RANGE_NAMES.get(tags.range),
        "hdr": tags.hdr,
        "has_alpha": has_hidden_alpha(stream) or bool(pixel_format and has_alpha(pixel_format)),
    }


def _first_frame(
    container: av.container.InputContainer,
    stream: av.video.stream.VideoStream,
    limits: MediaLimits,
) -> av.VideoFrame | None:
    decoder = Decoder(container, stream, Damage(), threads=1, frame_pixels=limits.frame_pixels)
    frames = decoder.frames()
    try:
        return next(frames, None)
    finally:
        frames.close()


def _variable_rate(stream: av.video.stream.VideoStream) -> bool | None:
    """Whether frames come at uneven times, where the container has an index of all of them."""
    entries = stream.index_entries
    if len(entries) < 3 or (stream.frames and len(entries) != stream.frames):
        return None
    times = [entry.timestamp for entry in entries]
    steps = [b - a for a, b in pairwise(times)]
    # One tick either way is rounding, as of 30000/1001 frames a second in milliseconds.
    return max(steps) - min(steps) > 1


def _container_name(container: av.container.InputContainer) -> str:
    if container.metadata.get("major_brand", "").strip() == "qt":
        return "mov"
    name = container.format.name
    return _SHORT_NAMES.get(name, name.split(",")[0])


def _codec(stream: av.stream.Stream) -> str:
    context = stream.codec_context
    return context.name if context is not None else "unknown"  # pyright: ignore[reportUnnecessaryComparison] - stub


def _audio(stream: Any) -> AudioInfo:
    known = stream.codec_context is not None
    return AudioInfo(
        # The codec's name, not that of the decoder, which is "mp3float" for MP3.
        codec=stream.codec_context.codec.canonical_name if known else "unknown",
        channels=stream.channels if known else 0,
        rate_hz=stream.rate if known else 0,
        language=stream.language,
    )


def _chapter(chapter: Any) -> ChapterInfo:
    tick = chapter["time_base"]
    return ChapterInfo(
        start_s=float(chapter["start"] * tick),
        end_s=float(chapter["end"] * tick),
        title=chapter["metadata"].get("title"),
    )

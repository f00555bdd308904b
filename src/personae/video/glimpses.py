"""A few frames of any media file, for whoever wants to know what is in it rather than edit it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av.error

from personae.engine.canvas import RgbCanvas
from personae.engine.types import Canvas
from personae.errors import MediaError
from personae.video.animations import AnimationReader
from personae.video.frames import DecodedFrame
from personae.video.reader import VideoReader
from personae.video.sniffing import sniff
from personae.video.stills import load_picture

_ENOUGH_KEYS = 0.5
"""If fewer key frames than this share of what is wanted are found, other frames are shown too."""


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """One frame: when it is shown, in seconds, and its pixels."""

    time_s: float
    canvas: Canvas


def glimpses(path: Path, count: int) -> Generator[Glimpse]:
    """At most `count` frames, spread over a clip; a picture is one.

    Key frames come first: they are the clearest, and cheap to get at.

    Raises
    ------
    MediaError
    """
    kind = sniff(path)
    if kind == "picture":
        yield Glimpse(0.0, RgbCanvas(load_picture(path).rgb))
    elif kind == "animation":
        yield from _of_animation(path, count)
    else:
        yield from _of_video(path, count)


def _of_animation(path: Path, count: int) -> Generator[Glimpse]:
    with AnimationReader(path) as reader:
        step = -(-reader.frames // count)
        for frame in reader:
            if frame.number % step == 0:
                yield Glimpse(frame.time_s, RgbCanvas(frame.rgb))


def _of_video(path: Path, count: int) -> Generator[Glimpse]:
    shown = 0
    times = set[float]()
    with KeyReader(path) as reader:
        for frame in reader.keys(count):
            yield Glimpse(frame.scene.time_s, frame.canvas)
            times.add(frame.scene.time_s)
            shown += 1
    if shown >= _ENOUGH_KEYS * count:
        return
    with VideoReader(path) as reader:
        step = max(1, (reader.frames_expected or count) // (count - shown))
        for frame in reader:
            if shown == count:
                return
            if frame.scene.number % step == step // 2 and frame.scene.time_s not in times:
                yield Glimpse(frame.scene.time_s, frame.canvas)
                shown += 1


class KeyReader(VideoReader):
    """Decodes key frames alone, by seeking from one to the next."""

    def keys(self, count: int) -> Generator[DecodedFrame]:
        """Different key frames in order, each the last one before one of `count` moments."""
        begin, length = 0, 0.0
        if self._span is not None:
            begin = round(self._span.start_s / self._time_base)
            length = float((self._span.end_s - self._span.start_s) / self._time_base)
        seen: int | None = None
        for number in range(count):
            frame = None
            with suppress(av.error.FFmpegError, MediaError):
                self._decoder.seek_before(begin + round(length * number / count))
                frame = self._next_frame(restart=True)
            if frame is None or frame.pts is None or (seen is not None and frame.pts <= seen):
                continue
            seen = frame.pts
            yield self._wrap(frame, number, frame.pts)

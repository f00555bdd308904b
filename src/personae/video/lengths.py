"""How long the picture of a file lasts, where other streams last longer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import av
import av.container
import av.video.stream

_TAG = re.compile(r"(\d+):([0-5]?\d):([0-5]?\d(?:\.\d+)?)")
_MATROSKA = "matroska"
_SLACK_S = 1
"""Rounding and the last frame's own time: by so much a tag may go beyond the whole file."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when the picture is shown, in seconds on the file's own clock."""

    start_s: Fraction
    end_s: Fraction

    def frames(
        self, rate: Fraction, start_s: Fraction | None = None, end_s: Fraction | None = None
    ) -> int:
        """How many frames that makes at `rate`, at least one; also in a part of it."""
        start = self.start_s if start_s is None else max(start_s, self.start_s)
        end = self.end_s if end_s is None else min(end_s, self.end_s)
        return max(1, round((end - start) * rate))


def picture_span(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream
) -> Span | None:
    """When the picture is shown, as far as headers and tags tell; None if they do not.

    The stream's own length comes first, then the tag that writers of Matroska and WebM leave,
    then the length of the whole file, which counts the sound that goes on after the picture.
    """
    tick = stream.time_base
    start = None if stream.start_time is None or tick is None else stream.start_time * tick
    if stream.duration and tick is not None:
        start = start or Fraction(0)
        return Span(start, start + stream.duration * tick)
    whole = _whole(container)
    end = _tagged_end(container, stream, start or Fraction(0))
    if end is not None and (whole is None or end <= whole.end_s + _SLACK_S):
        return Span(start or Fraction(0), end)
    return whole


def _whole(container: av.container.InputContainer) -> Span | None:
    if container.duration is None:
        return None
    start = Fraction(container.start_time or 0, av.time_base)
    return Span(start, start + Fraction(container.duration, av.time_base))


def _tagged_end(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, start: Fraction
) -> Fraction | None:
    """The end by the stream's DURATION tag: FFmpeg writes the end, mkvmerge the length."""
    if _MATROSKA not in container.format.name:
        return None
    by_ffmpeg = container.metadata.get("ENCODER", "").startswith("Lavf")
    for key, value in stream.metadata.items():
        # mkvmerge adds the language of the tag: DURATION-eng.
        match = _TAG.fullmatch(value) if key.upper().split("-")[0] == "DURATION" else None
        if match is not None:
            hours, minutes, seconds = (Fraction(part) for part in match.groups())
            said = hours * 3600 + minutes * 60 + seconds
            end = said if by_ffmpeg else start + said
            return end if end > start else None
    return None

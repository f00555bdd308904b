"""Metadata that goes with a clip from container to container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from personae.video.shape import TimeRange

if TYPE_CHECKING:
    from av.container.core import Chapter

# Said anew by whoever writes the file, or wrong once a stream is encoded again.
_OF_THE_FILE = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
_OF_THE_STREAM = frozenset({"encoder", "duration", "rotate", "alpha_mode"})
_STATISTICS = ("bps", "number_of_frames", "number_of_bytes", "_statistics_", "source_id")

# What the iTunes list of an MP4 has boxes for, in FFmpeg's words.
_ITUNES = (
    *("title", "artist", "album_artist", "composer", "album", "date", "comment", "genre"),
    *("copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id"),
    *("network", "keywords", "episode_sort", "season_number", "media_type", "hd_video"),
    *("gapless_playback", "compilation", "track", "disc", "tmpo", "creation_time", "location"),
)

_QUICKTIME_LANGUAGES = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi",
    "sqi": "alb", "mkd": "mac",
}  # fmt: skip


def file_tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """A container's tags, without those that describe the old file itself."""
    return {k: v for k, v in metadata.items() if k.lower() not in _OF_THE_FILE}


def stream_tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """A stream's tags, without measurements of its old form."""
    return {
        k: v
        for k, v in metadata.items()
        if k.lower() not in _OF_THE_STREAM and not k.lower().startswith(_STATISTICS)
    }


def language_in(container: str, language: str) -> str:
    """A language's code as a container knows it; QuickTime has some of its own."""
    return _QUICKTIME_LANGUAGES.get(language, language) if container == "mov" else language


def needs_free_tags(metadata: Mapping[str, str]) -> bool:
    """Whether an MP4 must use QuickTime's free list of keys, for keys iTunes has no box for."""
    return any(k.lower().split("-")[0] not in _ITUNES for k in file_tags(metadata))


def chapters_in(chapters: Sequence[Chapter], kept: TimeRange) -> list[Chapter]:
    """Chapters of the kept range, on the output's clock, as PyAV takes them."""
    made: list[Chapter] = []
    for chapter in chapters:
        tick = chapter["time_base"] or Fraction(1, 1000)
        start_s, end_s = chapter["start"] * tick, chapter["end"] * tick
        if kept.start_s is not None:
            start_s = max(start_s, kept.start_s)
        if kept.end_s is not None:
            end_s = min(end_s, kept.end_s)
        if start_s < end_s:
            start = round((start_s - kept.shift_s) / tick)
            end = round((end_s - kept.shift_s) / tick)
            made.append({**chapter, "start": max(0, start), "end": max(0, end)})
    return made

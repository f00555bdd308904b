"""What Personae says about a media file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any, Literal

MediaKind = Literal["picture", "animation", "video", "audio"]


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """One audio stream: what it is, never what it sounds like."""

    codec: str
    channels: int
    rate_hz: int
    language: str | None = None


@dataclass(frozen=True, slots=True)
class SubtitleInfo:
    """One subtitle stream."""

    codec: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ChapterInfo:
    """One chapter, in seconds from the start of the file."""

    start_s: float
    end_s: float
    title: str | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """The facts about a file that decide how it is decoded, shown and written back.

    Attributes
    ----------
    kind : "picture", "animation", "video" or "audio"
    container : str
        Short name of the file format: "mp4", "matroska", "png", ...
    size_wh : (int, int) or None, pixels
        Upright, as a viewer sees it. None for audio.
    coded_size_wh : (int, int) or None, pixels
        Before rotation.
    rotation_deg : int, one of 0, 90, 180, 270
        How far the coded picture is turned clockwise to stand upright.
    mirrored : bool
        Whether it is also mirrored.
    duration_s : float or None, seconds
    frame_rate : Fraction or None, frames a second, averaged over the file
    variable_rate : bool or None
        None when the container does not tell without reading every frame.
    frames : int or None
        As the container counts them, else an estimate from duration and rate.
    codec, pixel_format : str or None
        In FFmpeg's words.
    bits : int
        Per sample.
    color_primaries, color_transfer, color_matrix, color_range : str or None
        None when the file does not say.
    hdr : bool
        Whether the transfer is PQ (SMPTE ST 2084) or HLG (ARIB STD-B67).
    has_alpha : bool
    audio, subtitles, chapters : tuples, in the file's order
    metadata : dict of the container's tags
    """

    kind: MediaKind
    container: str
    size_wh: tuple[int, int] | None = None
    coded_size_wh: tuple[int, int] | None = None
    rotation_deg: int = 0
    mirrored: bool = False
    duration_s: float | None = None
    frame_rate: Fraction | None = None
    variable_rate: bool | None = None
    frames: int | None = None
    codec: str | None = None
    pixel_format: str | None = None
    bits: int = 8
    color_primaries: str | None = None
    color_transfer: str | None = None
    color_matrix: str | None = None
    color_range: str | None = None
    hdr: bool = False
    has_alpha: bool = False
    audio: tuple[AudioInfo, ...] = ()
    subtitles: tuple[SubtitleInfo, ...] = ()
    chapters: tuple[ChapterInfo, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> dict[str, Any]:
        """As plain values that `json.dumps` takes; the frame rate becomes "30000/1001"."""
        plain = asdict(self)
        if self.frame_rate is not None:
            plain["frame_rate"] = f"{self.frame_rate.numerator}/{self.frame_rate.denominator}"
        return plain

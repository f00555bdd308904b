"""Small clips for tests and benchmarks, written with PyAV: nothing is downloaded.

Every function takes the path to write and returns it. Pictures are a moving pattern unless they
are given as RGB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

SIZE_WH = (160, 120)
RATE = 25
# Gaps between frames in milliseconds: nothing that a constant rate could produce.
IRREGULAR_MS = (0, 33, 50, 51, 150, 170, 233, 240, 400, 433, 447, 500, 620, 633, 700, 741, 900)


@dataclass(frozen=True)
class Track:
    """An audio track: a tone of its own, so that tracks cannot be mistaken for one another."""

    language: str = "eng"
    tone_hz: float = 440.0
    codec: str = "aac"
    rate_hz: int = 48_000


@dataclass(frozen=True)
class Clip:
    """What `write_clip` writes; the defaults are a second of plain silent H.264.

    Sound is as long as the picture unless `audio_s` says otherwise.
    """

    frames: int = 20
    size_wh: tuple[int, int] = SIZE_WH
    rate: Fraction = Fraction(RATE)
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: dict[str, str] = field(default_factory=lambda: {"crf": "18", "preset": "ultrafast"})
    b_frames: int = 0
    pts: Sequence[int] | None = None
    time_base: Fraction | None = None
    pictures: Iterable[Rgb] | None = None
    display_matrix: Sequence[int] | None = None
    tags: tuple[int, int, int, int] | None = None
    aspect: Fraction | None = None
    audio: Sequence[Track] = ()
    audio_s: float | None = None
    subtitles: Sequence[str] = ()
    chapters: Sequence[tuple[float, float, str]] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)


def pattern(number: int, size_wh: tuple[int, int] = SIZE_WH, seed: int = 0) -> Rgb:
    """A picture that differs from every other number's, with edges, colours and fine detail."""
    width, height = size_wh
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(seed).integers(0, 48, (height, width, 3))
    moved = np.roll(noise, number * 3, axis=1)
    ramp = np.stack([x * 2 + number * 7, y * 2 + number * 3, (x + y) + seed * 60], axis=2)
    picture = ramp % 180 + moved
    at = (number * 5) % max(1, width - width // 4)
    picture[height // 4 : height // 2, at : at + width // 4] = (220, 150, 120)
    return picture.clip(0, 255).astype(np.uint8)


def write_clip(path: Path, clip: Clip | None = None, **changes: Any) -> Path:
    """Write a clip; `changes` replace fields of `clip`."""
    made = replace(clip or Clip(), **changes)
    with av.open(str(path), "w", container_options=dict(made.container_options)) as output:
        output.metadata.update(made.metadata)
        if made.chapters:
            output.set_chapters([_chapter(i, c) for i, c in enumerate(made.chapters)])
        video = _video_stream(output, made)
        audio = [_audio_stream(output, track) for track in made.audio]
        subtitles = _subtitle_stream(output, path) if made.subtitles else None
        packets = _video_packets(video, made)
        for stream, track in zip(audio, made.audio, strict=True):
            packets += _audio_packets(stream, track, made.audio_s or _length_s(made))
        if subtitles is not None:
            packets += _subtitle_packets(subtitles, made.subtitles)
        for packet in sorted(packets, key=lambda p: (p.dts or 0) * p.time_base):
            output.mux(packet)
    return path


def vfr_clip(path: Path, **changes: Any) -> Path:
    """A clip whose frames come at irregular times, by `IRREGULAR_MS`."""
    irregular = {"pts": IRREGULAR_MS, "time_base": Fraction(1, 1000), "frames": len(IRREGULAR_MS)}
    return write_clip(path, **{**irregular, **changes})


def rotated_clip(path: Path, clockwise_deg: int, **changes: Any) -> Path:
    """A clip that stands upright once it is turned clockwise, as phones record."""
    turns = {
        0: (1, 0, 0, 1),
        90: (0, 1, -1, 0),
        180: (-1, 0, 0, -1),
        270: (0, -1, 1, 0),
    }
    a, b, c, d = (v << 16 for v in turns[clockwise_deg])
    return write_clip(path, display_matrix=(a, b, 0, c, d, 0, 0, 0, 1 << 30), **changes)


def rich_clip(path: Path, **changes: Any) -> Path:
    """Two audio tracks in two languages, subtitles, chapters and tags."""
    everything: dict[str, Any] = {
        "frames": 50,
        "audio": (Track("eng", 440.0), Track("fra", 660.0)),
        "subtitles": ("First line", "Second line"),
        "chapters": ((0.0, 0.8, "Opening"), (0.8, 2.0, "Rest")),
        "metadata": {"title": "A clip", "artist": "Nobody", "comment": "made for tests"},
    }
    return write_clip(path, **{**everything, **changes})


def cut_clip(path: Path, **changes: Any) -> Path:
    """A clip of two shots, with a hard cut in the middle."""
    pictures = [pattern(i, seed=0 if i < 10 else 7) for i in range(20)]
    return write_clip(path, pictures=pictures, frames=20, **changes)


def hdr_clip(path: Path, transfer: int = 16) -> Path:
    """A clip of 10 bits, tagged BT.2020 with PQ (16) or HLG (18)."""
    return write_clip(path, **_ten_bit("libx265"), tags=(9, transfer, 9, 1))


def ten_bit_clip(path: Path, **changes: Any) -> Path:
    """A clip of 10 bits per sample in HEVC, in ordinary BT.709."""
    return write_clip(path, **{**_ten_bit("libx265"), "tags": (1, 1, 1, 1), **changes})


def _ten_bit(codec: str) -> dict[str, Any]:
    options = {"crf": "18", "preset": "ultrafast", "x265-params": "log-level=none"}
    return {"codec": codec, "pixel_format": "yuv420p10le", "options": options}


def audio_only(path: Path, length_s: float = 1.0) -> Path:
    """A file with sound and no picture."""
    with av.open(str(path), "w") as output:
        stream = _audio_stream(output, Track())
        for packet in _audio_packets(stream, Track(), length_s):
            output.mux(packet)
    return path


def truncated_copy(path: Path, whole: Path, keep: float = 0.6) -> Path:
    """The first part of a file, as a broken download leaves it; `keep` is a share of its bytes."""
    data = whole.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def damaged_copy(path: Path, whole: Path, at: float = 0.5, length: int = 400) -> Path:
    """A file with some bytes overwritten, `at` a share of its length."""
    data = bytearray(whole.read_bytes())
    begin = int(len(data) * at)
    data[begin : begin + length] = bytes(length)
    path.write_bytes(data)
    return path


def _length_s(clip: Clip) -> float:
    if clip.pts is not None and clip.time_base is not None:
        return float(clip.pts[-1] * clip.time_base) + 1 / RATE
    return float(clip.frames / clip.rate)


def _chapter(number: int, chapter: tuple[float, float, str]) -> dict[str, Any]:
    start_s, end_s, title = chapter
    return {
        "id": number + 1,
        "start": round(start_s * 1000),
        "end": round(end_s * 1000),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": title},
    }


def _video_stream(output: Any, clip: Clip) -> Any:
    stream = output.add_stream(clip.codec, rate=clip.rate, options=dict(clip.options))
    stream.width, stream.height = clip.size_wh
    stream.pix_fmt = clip.pixel_format
    context = stream.codec_context
    context.time_base = clip.time_base or 1 / clip.rate
    context.max_b_frames = clip.b_frames
    context.thread_count = 1
    if clip.aspect is not None:
        context.sample_aspect_ratio = clip.aspect
    if clip.tags is not None:
        context.color_primaries, context.color_trc = clip.tags[:2]
        context.colorspace, context.color_range = clip.tags[2:]
    if clip.display_matrix is not None:
        stream.set_display_matrix(clip.display_matrix)
    return stream


def _video_packets(stream: Any, clip: Clip) -> list[Any]:
    pictures = clip.pictures or (pattern(i, clip.size_wh) for i in range(clip.frames))
    packets: list[Any] = []
    for number, rgb in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame = frame.reformat(format=clip.pixel_format, dst_colorspace="itu709")
        frame.pts = clip.pts[number] if clip.pts is not None else number
        frame.time_base = clip.time_base or 1 / clip.rate
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _audio_stream(output: Any, track: Track) -> Any:
    stream = output.add_stream(track.codec, rate=track.rate_hz)
    stream.codec_context.layout = "mono"
    stream.metadata["language"] = track.language
    return stream


def _audio_packets(stream: Any, track: Track, length_s: float) -> list[Any]:
    samples = int(length_s * track.rate_hz)
    times = np.arange(samples) / track.rate_hz
    wave = (np.sin(2 * np.pi * track.tone_hz * times) * 8000).astype(np.int16)
    packets: list[Any] = []
    for begin in range(0, samples, 1024):
        block = wave[begin : begin + 1024].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate, frame.pts = track.rate_hz, begin
        frame.time_base = Fraction(1, track.rate_hz)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _subtitle_stream(output: Any, path: Path) -> Any:
    codec = "mov_text" if path.suffix in (".mp4", ".mov") else "subrip"
    stream = output.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = "deu"
    return stream


def _subtitle_packets(stream: Any, lines: Sequence[str]) -> list[Any]:
    packets: list[Any] = []
    with_length = stream.container.format.name in ("mp4", "mov")
    for number, line in enumerate(lines):
        text = line.encode()
        packet = av.Packet(len(text).to_bytes(2, "big") + text if with_length else text)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = number * 800 + 100
        packet.duration = 500
        packets.append(packet)
    return packets

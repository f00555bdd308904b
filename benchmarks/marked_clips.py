"""Clips to mark, and what may happen to them afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from benchmarks import scenes
from benchmarks.scenes import Image8

FRAMES = 100
_SCALE = 206.0
"""Height of Hopper's face in her portrait."""


def _still_face(size_wh: tuple[int, int], face_px: float) -> Iterator[Image8]:
    """Hopper, who hardly moves."""
    width, height = size_wh
    wall = np.full((height, width, 3), 110, np.uint8)
    wall += np.linspace(0, 40, width).astype(np.uint8)[None, :, None]
    for i in range(FRAMES):
        x = width / 2 + 12 * math.sin(i / 25)
        yield scenes.place(wall, scenes.hopper(), x, height / 2, face_px / _SCALE)


def _moving(size_wh: tuple[int, int], face_px: float) -> Callable[[Path], Path]:
    return lambda path: scenes.write(path, scenes.one_face(size_wh, face_px, FRAMES))


def _still(size_wh: tuple[int, int], face_px: float) -> Callable[[Path], Path]:
    return lambda path: scenes.write(path, _still_face(size_wh, face_px))


CLIPS: dict[str, tuple[Callable[[Path], Path], int]] = {
    "720p, 340 px, calm": (_still((1280, 720), 340), 0),
    "720p, 220 px, calm": (_still((1280, 720), 220), 0),
    "720p, 150 px, calm": (_still((1280, 720), 150), 0),
    "720p, 340 px, fast": (_moving((1280, 720), 340), 1),
    "720p, 220 px, fast": (_moving((1280, 720), 220), 1),
    "720p, 150 px, fast": (_moving((1280, 720), 150), 1),
    "1080p, 330 px, fast": (_moving((1920, 1080), 330), 1),
    "360p, 150 px, calm": (_still((640, 360), 150), 0),
}
"""What makes each, and which of the two donors goes on it."""


def _frames(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def encode(
    path: Path,
    frames: Iterator[av.VideoFrame],
    codec: str,
    options: dict[str, str],
    size_wh: tuple[int, int] | None = None,
) -> Path:
    """Write frames as yuv420p at 25 a second, scaled if a size is given."""
    stream: Any = None
    with av.open(str(path), "w") as container:
        for number, frame in enumerate(frames):
            if stream is None:
                stream = container.add_stream(codec, rate=25, options=options)
                stream.width, stream.height = size_wh or (frame.width, frame.height)
                stream.pix_fmt = "yuv420p"
                if codec == "libvpx-vp9":
                    stream.bit_rate = 0
            frame = frame.reformat(stream.width, stream.height, "yuv420p", interpolation="BICUBIC")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _again(
    codec: str, options: dict[str, str], *, cut: int = 0, half: bool = False
) -> Callable[[Path, Path], Path]:
    """Encode once more, from frame `cut` on, so that no key frame is one again."""

    def attack(marked: Path, folder: Path) -> Path:
        frames = _frames(marked)
        for _ in range(cut):
            next(frames)
        size = None
        if half:
            first = next(_frames(marked))
            size = (first.width // 4 * 2, first.height // 4 * 2)
        return encode(folder / "attacked.mp4", frames, codec, options, size)

    return attack


def _cropped(marked: Path, folder: Path) -> Path:
    """70 % of the width and the height, encoded again."""

    def frames() -> Iterator[av.VideoFrame]:
        for frame in _frames(marked):
            rgb = frame.to_ndarray(format="rgb24")
            height, width = rgb.shape[:2]
            x, y = int(0.11 * width), int(0.13 * height)
            part = rgb[y : y + int(0.7 * height) // 2 * 2, x : x + int(0.7 * width) // 2 * 2]
            yield av.VideoFrame.from_ndarray(np.ascontiguousarray(part), format="rgb24")

    return encode(folder / "attacked.mp4", frames(), "libx264", {"crf": "23"})


def _gif(marked: Path, folder: Path) -> Path:
    """Every fifth frame, in a palette of its own."""
    images = [
        Image.fromarray(frame.to_ndarray(format="rgb24"))
        for number, frame in enumerate(_frames(marked))
        if number % 5 == 0
    ]
    path = folder / "attacked.gif"
    images[0].save(path, save_all=True, append_images=images[1:], duration=200)
    return path


def _as_it_is(marked: Path, folder: Path) -> Path:
    return marked


_QUIET = {"preset": "medium", "x265-params": "log-level=none"}
CLIP_ATTACKS: dict[str, Callable[[Path, Path], Path]] = {
    "none": _as_it_is,
    "crf 23, cut": _again("libx264", {"crf": "23"}, cut=41),
    "crf 28": _again("libx264", {"crf": "28"}),
    "crf 28, cut": _again("libx264", {"crf": "28"}, cut=41),
    "half, crf 18": _again("libx264", {"crf": "18"}, half=True),
    "half, crf 23": _again("libx264", {"crf": "23"}, half=True, cut=41),
    "crop 70 %, crf 23": _cropped,
    "HEVC crf 28": _again("libx265", {"crf": "28", **_QUIET}, cut=41),
    "VP9 crf 36": _again("libvpx-vp9", {"crf": "36", "deadline": "realtime", "cpu-used": "6"}),
    "GIF": _gif,
}

"""Scenes to measure on, made of the portraits inside matplotlib and scikit-image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Image8 = NDArray[np.uint8]
HOPPER_FACE_PX = 160.0
COLLINS_FACE_PX = 109.0


def hopper() -> Image8:
    """Grace Hopper's portrait, uint8 (600, 512, 3) RGB."""
    import matplotlib.cbook

    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return np.asarray(Image.open(str(path)).convert("RGB"))


def collins() -> Image8:
    """Eileen Collins' portrait, uint8 (512, 512, 3) RGB."""
    import skimage.data

    return np.asarray(skimage.data.astronaut())


def place(base: Image8, portrait: Image8, x: float, y: float, scale: float) -> Image8:
    """Lay a portrait over a picture, its middle at x, y."""
    height, width = portrait.shape[:2]
    matrix = np.array([[scale, 0, x - scale * width / 2], [0, scale, y - scale * height / 2]])
    size = (base.shape[1], base.shape[0])
    over = cv2.warpAffine(portrait, matrix, size, flags=cv2.INTER_CUBIC)
    inside = cv2.warpAffine(np.ones((height, width), np.uint8), matrix, size)
    return np.where(inside[..., None] > 0, over, base).astype(np.uint8)


def one_face(size_wh: tuple[int, int], face_px: float, frames: int) -> Iterator[Image8]:
    """Collins' face, `face_px` tall, moving over a wall with grain."""
    width, height = size_wh
    portrait, scale = collins(), face_px / COLLINS_FACE_PX
    wall = _wall(size_wh)
    for i in range(frames):
        x = width / 2 + width / 10 * math.sin(i / 11)
        y = height / 2 + 100 * scale + 6 * math.sin(i / 5)
        yield place(wall, portrait, x, y, scale)


def several_faces(size_wh: tuple[int, int], count: int, frames: int) -> Iterator[Image8]:
    """`count` faces of one size side by side, alternately Hopper and Collins."""
    width, height = size_wh
    wall = _wall(size_wh)
    for i in range(frames):
        base = wall
        for k in range(count):
            portrait = (collins()[20:230, 140:310], hopper()[40:420, 150:400])[k % 2]
            face = (COLLINS_FACE_PX, HOPPER_FACE_PX)[k % 2]
            x = width * (k + 0.5) / count + 4 * math.sin(i / 7 + k)
            base = place(base, portrait, x, height / 2 + 3 * math.sin(i / 5), 130 / face)
        yield base


def _wall(size_wh: tuple[int, int]) -> Image8:
    width, height = size_wh
    random = np.random.default_rng(7)
    slope = np.linspace(70, 150, width)[None, :, None] + np.zeros((height, 1, 3))
    return np.clip(slope + random.normal(0, 3, (height, width, 1)), 0, 255).astype(np.uint8)


def write(path: Path, frames: Iterator[Image8], fps: int = 25) -> Path:
    """Encode frames as H.264 with a tone."""
    stream: Any = None
    with av.open(str(path), "w") as container:
        for number, rgb in enumerate(frames):
            if stream is None:
                stream = container.add_stream("libx264", rate=fps, options={"crf": "18"})
                stream.width, stream.height = rgb.shape[1], rgb.shape[0]
                stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def repeat(path: Path, clip: Path, times: int) -> Path:
    """The same clip many times over, without encoding it again."""
    with av.open(str(path), "w") as output:
        stream: Any = None
        offset = 0
        for _ in range(times):
            with av.open(str(clip)) as source:
                given = source.streams.video[0]
                if stream is None:
                    stream = output.add_stream_from_template(given)
                length = int(given.duration or 0)
                for packet in source.demux(given):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts = (packet.pts or 0) + offset, packet.dts + offset
                    packet.stream = stream
                    output.mux(packet)
                offset += length
    return path

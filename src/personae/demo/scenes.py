"""The demo's clip: both people, with motion, cuts and sound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from personae.demo.people import Portraits
    from personae.engine.types import UInt8

SIZE_WH: Final = (1280, 720)
FPS: Final = 25
RATE_HZ: Final = 44_100
SHOT_FRAMES: Final = (40, 50, 25)
"""Grace Hopper moving; both, crossing each other; Eileen Collins, near."""
_NOTES_HZ: Final = (262, 330, 392, 523)


def write_clip(path: Path, people: Portraits) -> None:
    """Write the clip: three shots with two cuts, and a slow melody; H.264 and AAC."""
    opened: Any = av.open(str(path), "w", format="mp4")  # Its stubs know only parts of its types.
    with opened as container:
        picture = container.add_stream(
            "libx264", rate=FPS, options={"crf": "16", "preset": "veryfast"}
        )
        picture.width, picture.height = SIZE_WH
        picture.pix_fmt = "yuv420p"
        sound = container.add_stream("aac", rate=RATE_HZ)
        sound.layout = "mono"
        for number, rgb in enumerate(frames(people)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(picture.encode(frame))
            container.mux(sound.encode(_tone(number)))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))


def frames(people: Portraits) -> Iterator[UInt8]:
    """Every frame of the clip: uint8 (720, 1280, 3) RGB."""
    hopper, collins = people.hopper, people.collins
    first, second, third = SHOT_FRAMES
    for i in range(first):
        x, turn = 640 + 220 * math.sin(i / 9), 6 * math.sin(i / 7)
        yield _laid(_wall(40), hopper, (x, 360), 1.0, turn)
    for i in range(second):
        share = i / (second - 1)
        behind = _laid(_wall(90), hopper, (300 + 680 * share, 380), 0.75, 0)
        yield _laid(behind, collins, (980 - 680 * share, 340), 0.9, 4 * math.sin(i / 8))
    for i in range(third):
        scale, turn = 1.6 + 0.3 * i / third, 5 * math.sin(i / 10)
        yield _laid(_wall(140), collins, (640, 470), scale, turn)


def _tone(number: int) -> av.AudioFrame:
    """The sound of one frame."""
    count = RATE_HZ // FPS
    at = np.arange(number * count, (number + 1) * count) / RATE_HZ
    note = _NOTES_HZ[number // 12 % len(_NOTES_HZ)]
    wave = (0.15 * np.sin(2 * math.pi * note * at)).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = RATE_HZ, number * count
    frame.time_base = Fraction(1, RATE_HZ)
    return frame


def _wall(shade: int) -> UInt8:
    """A plain graded wall."""
    width, height = SIZE_WH
    slope = np.linspace(shade, shade + 60, width)[None, :, None] * np.ones((height, 1, 3))
    return np.asarray(slope * np.array([0.9, 1.0, 1.1]), np.uint8)


def _laid(
    base: UInt8, portrait: UInt8, middle_xy: tuple[float, float], scale: float, turn_deg: float
) -> UInt8:
    """A portrait with soft edges over a picture, turned counter-clockwise around its middle."""
    height, width = portrait.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, scale)
    matrix[:, 2] += [middle_xy[0] - width / 2, middle_xy[1] - height / 2]
    soft = np.zeros((height, width), np.float32)
    soft[12:-12, 12:-12] = 1
    soft = cv2.GaussianBlur(soft, (0, 0), 6)
    over = cv2.warpAffine(portrait, matrix, SIZE_WH).astype(np.float32)
    alpha = cv2.warpAffine(soft, matrix, SIZE_WH)[..., None]
    return np.asarray(np.rint(base * (1 - alpha) + over * alpha), np.uint8)

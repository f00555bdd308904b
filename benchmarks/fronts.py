"""Things drawn in front of a portrait's face, each with the mask of what it hides.

They are drawn, so that what should be kept is known to the pixel. Sizes are in units of the
distance between the outer corners of the eyes; every function is a function of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes import Image8

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Covered:
    """A scene with something in front of its face.

    ``rgb``: uint8 (H, W, 3). ``hidden``: float32 (H, W) in [0, 1], how much of each pixel is the
    thing in front.
    """

    rgb: Image8
    hidden: Float32


@dataclass(frozen=True)
class Frame:
    """A face's own axes in a picture: `at` takes units of eye distance to pixels."""

    middle: Float64
    right: Float64
    unit: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        down = np.array([-self.right[1], self.right[0]])
        px, py = self.middle + self.unit * (x * self.right + y * down)
        return float(px), float(py)


def frame_of(landmarks: NDArray[np.float32]) -> Frame:
    """The middle between the eyes, and the way from the left to the right one."""
    left, right = (landmarks[i, :2].astype(np.float64) for i in (33, 263))
    unit = float(np.linalg.norm(right - left))
    return Frame((left + right) / 2, (right - left) / unit, unit)


def hand(rgb: Image8, landmarks: NDArray[np.float32], shift: float = 0.0) -> Covered:
    """Four fingers of the face's own skin over a cheek, `shift` to the viewer's left."""
    frame = frame_of(landmarks)
    skin = _skin(rgb, landmarks) * np.array([0.97, 0.93, 0.92])
    parts = [((0.62, 1.75), (0.5, 1.2), 0.36)]
    for k, (top_x, top_y) in enumerate([(0.62, 0.02), (0.42, 0.1), (0.24, 0.24), (0.08, 0.46)]):
        parts.append(((0.72 - 0.19 * k, 1.25), (top_x, top_y), 0.105))
    return _rods(rgb, frame, parts, skin, shift, nails=True)


def palm(rgb: Image8, landmarks: NDArray[np.float32], shift: float = 0.0) -> Covered:
    """A hand over the mouth, from below."""
    frame = frame_of(landmarks)
    skin = _skin(rgb, landmarks) * np.array([1.0, 0.95, 0.93])
    parts = [((0.75, 1.6), (0.35, 1.15), 0.33)]
    for k in range(4):
        y = 0.78 + 0.165 * k
        parts.append(((0.5, y + 0.12), (-0.42 + 0.05 * k, y), 0.095))
    return _rods(rgb, frame, parts, skin, shift, nails=True)


def microphone(rgb: Image8, landmarks: NDArray[np.float32], shift: float = 0.0) -> Covered:
    """A dark microphone before the chin and the lower lip."""
    frame = frame_of(landmarks)
    parts = [((0.12, 2.1), (0.05, 1.3), 0.11), ((0.02, 1.12), (0.0, 1.02), 0.24)]
    return _rods(rgb, frame, parts, np.array([58.0, 58.0, 62.0]), shift, nails=False)


def strands(rgb: Image8, landmarks: NDArray[np.float32], shift: float = 0.0) -> Covered:
    """A lock of hair that falls over brow and cheek."""
    return _hair(rgb, landmarks, 46, (-0.8, -0.45), (-0.7, 0.8), shift, 3)


def fringe(rgb: Image8, landmarks: NDArray[np.float32], shift: float = 0.0) -> Covered:
    """Hair over the whole forehead, down to the brows."""
    return _hair(rgb, landmarks, 150, (-0.62, 0.62), (-0.66, -0.16), shift, 5)


def dark_frames(rgb: Image8, landmarks: NDArray[np.float32], shift: float = 0.0) -> Covered:
    """Clear glasses with a dark frame."""
    return _glasses(rgb, landmarks, (26.0, 22.0, 22.0), 0.034, 0.05, shift)


def metal_frames(rgb: Image8, landmarks: NDArray[np.float32], shift: float = 0.0) -> Covered:
    """Clear glasses with a thin metal frame."""
    return _glasses(rgb, landmarks, (128.0, 118.0, 104.0), 0.017, 0.04, shift)


def tinted_glasses(rgb: Image8, landmarks: NDArray[np.float32], shift: float = 0.0) -> Covered:
    """Weakly tinted glasses with a dark frame; the lenses do not count as hidden."""
    return _glasses(rgb, landmarks, (50.0, 34.0, 26.0), 0.028, 0.3, shift)


Draw = Callable[[Image8, NDArray[np.float32], float], Covered]
FRONTS: dict[str, Draw] = {
    "hand": hand,
    "palm": palm,
    "microphone": microphone,
    "strands": strands,
    "fringe": fringe,
    "dark frames": dark_frames,
    "metal frames": metal_frames,
    "tinted glasses": tinted_glasses,
}


def _skin(rgb: Image8, landmarks: NDArray[np.float32]) -> Float64:
    """The colour of both cheeks, float64 (3,)."""
    height, width = rgb.shape[:2]
    found = []
    for vertex in (50, 280, 101, 330):
        x, y = np.rint(landmarks[vertex, :2]).astype(int)
        part = rgb[max(y - 3, 0) : min(y + 4, height), max(x - 3, 0) : min(x + 4, width)]
        found.append(np.median(part.reshape(-1, 3), axis=0))
    return np.mean(found, axis=0)


def _away(width: int, height: int, a: tuple[float, float], b: tuple[float, float]) -> Float64:
    """Distance of each pixel from the line from `a` to `b`."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    along = np.array(b) - np.array(a)
    share = ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(float(along @ along), 1e-9)
    share = np.clip(share, 0, 1)
    return np.hypot(x - a[0] - share * along[0], y - a[1] - share * along[1])


def _rods(
    rgb: Image8,
    frame: Frame,
    parts: list[tuple[tuple[float, float], tuple[float, float], float]],
    colour: Float64,
    shift: float,
    *,
    nails: bool,
) -> Covered:
    """Round rods, shaded, one over the other, with the shadow they throw and the scene's grain."""
    height, width = rgb.shape[:2]
    out = rgb.astype(np.float64)
    hidden = np.zeros((height, width))
    grain = np.random.default_rng(1).normal(0, 2.5, (height, width, 1))
    for start, end, radius in parts:
        a, b = (frame.at(x - shift, y) for x, y in (start, end))
        r = radius * frame.unit
        away = _away(width, height, a, b)
        cover = np.clip(r - away + 0.5, 0, 1)
        shadow = np.clip(1.25 - away / (1.5 * r), 0, 1) * 0.5
        out *= 1 - 0.35 * (shadow * (1 - cover))[..., None]
        round_ = 0.68 + 0.36 * np.sqrt(np.clip(1 - (away / r) ** 2, 0, 1))
        fill = colour * round_[..., None] + grain
        if nails and radius < 0.2:
            tip = np.array(b) + (np.array(a) - np.array(b)) * 0.0
            nail = np.clip(0.6 * r - _away(width, height, tuple(tip), tuple(tip)) + 0.5, 0, 1)
            fill += nail[..., None] * np.array([14.0, 6.0, 8.0])
        out = out * (1 - cover[..., None]) + fill * cover[..., None]
        hidden = np.maximum(hidden, cover)
    return _covered(out, hidden)


def _hair(
    rgb: Image8,
    landmarks: NDArray[np.float32],
    count: int,
    across: tuple[float, float],
    down: tuple[float, float],
    shift: float,
    seed: int,
) -> Covered:
    """Single hairs, each of its own shade, from the hairline down."""
    frame, random = frame_of(landmarks), np.random.default_rng(seed)
    height, width = rgb.shape[:2]
    out, hidden = rgb.astype(np.float32), np.zeros((height, width), np.float32)
    thick = max(1, round(0.022 * frame.unit))
    colour = np.array([74.0, 52.0, 38.0])
    for k in range(count):
        start = across[0] + (across[1] - across[0]) * (k + random.uniform(0, 1)) / count
        bow, end = random.normal(0, 0.03), down[1] + random.normal(0, 0.06)
        t = np.linspace(0, 1, 24)
        x = start - shift + bow * t + (0.10 * np.sign(-start) * t**2)
        y = down[0] + (end - down[0]) * t
        line = np.array([frame.at(px, py) for px, py in zip(x, y, strict=True)])
        one = np.zeros((height, width), np.uint8)
        cv2.polylines(one, [np.rint(line * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
        cover = (one.astype(np.float32) / 255)[..., None]
        shade = (colour * random.uniform(0.55, 1.35)).astype(np.float32)
        out = out * (1 - cover) + shade * cover
        hidden = np.maximum(hidden, cover[..., 0])
    return _covered(out, hidden)


def _glasses(
    rgb: Image8,
    landmarks: NDArray[np.float32],
    colour: tuple[float, float, float],
    thick: float,
    tint: float,
    shift: float,
) -> Covered:
    """Two rounded lenses, a bridge and both temples; lenses take off `tint` of the light."""
    frame = frame_of(landmarks)
    height, width = rgb.shape[:2]
    scale = 4
    size = (width * scale, height * scale)
    line, lens = np.zeros(size[::-1], np.uint8), np.zeros(size[::-1], np.uint8)
    pen = max(scale, round(thick * frame.unit * scale))
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    xs = 0.29 * np.sign(cos) * np.abs(cos) ** 0.65
    ys = 0.205 * np.sign(sin) * np.abs(sin) ** 0.65

    def draw(points: list[tuple[float, float]], closed: bool) -> None:
        at = np.array([frame.at(x - shift, y) for x, y in points]) * scale
        cv2.polylines(line, [np.rint(at).astype(np.int32)], closed, 255, pen, cv2.LINE_AA)
        if closed:
            cv2.fillPoly(lens, [np.rint(at).astype(np.int32)], 255)

    for side in (-1, 1):
        draw([(side * 0.36 + x, 0.06 + y) for x, y in zip(xs, ys, strict=True)], True)
        draw([(side * 0.65, 0.0), (side * 0.92, -0.04)], False)
    draw([(-0.085, 0.02), (-0.04, -0.03), (0.04, -0.03), (0.085, 0.02)], False)
    small = (width, height)
    hidden, inside = (
        cv2.resize(one, small, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
        for one in (line, lens)
    )
    out = rgb * (1 - tint * inside) + tint * inside * np.array(colour)
    y = np.arange(height)[:, None, None]
    gleam = 1 + 0.35 * np.sin(y / max(1.0, 0.07 * frame.unit))
    out = out * (1 - hidden) + np.array(colour) * gleam * hidden
    return _covered(out, hidden[..., 0])


def _covered(out: NDArray[np.floating], hidden: NDArray[np.floating]) -> Covered:
    rgb = np.clip(np.rint(out), 0, 255).astype(np.uint8)
    return Covered(rgb, np.asarray(hidden, np.float32))

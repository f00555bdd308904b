"""Make swapped faces crisper: what any restorer must do, and one that needs no model.

A restorer gets a face as it was swapped and gives back a difference to add, so that it can do
nothing outside the face's mask. It knows one frame only: in a clip cut anywhere every frame comes
out the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from personae.engine import imaging
from personae.engine.types import BoxXYXY, Canvas, Float32, Float64


@dataclass(frozen=True, slots=True, eq=False)
class SwappedFace:
    """A face with its new identity, before it is written into the picture.

    Attributes
    ----------
    scene : Canvas
        The picture without it, for restorers that look further than `box`; not to be changed.
    box : pixels of the picture
    rgb : float32 (h, w, 3) RGB in [0, 255]
        What `box` will show; not to be changed.
    mask : float32 (h, w) in [0, 1]
        Where it is the new face; nothing outside may change.
    landmarks : float64 (478, 3), pixels of the picture
    """

    scene: Canvas
    box: BoxXYXY
    rgb: Float32
    mask: Float32
    landmarks: Float64


class Restorer(Protocol):
    """Repairs faces; threads share it, and it keeps nothing from one face to the next."""

    @property
    def name(self) -> str:
        """What results call it; ``classical`` is the one without a model."""
        ...

    def restore(self, face: SwappedFace, strength: float) -> Float32:
        """The difference to add, float32 (h, w, 3) RGB, exactly 0 where `face.mask` is 0.

        `strength` lies in (0, 1].
        """
        ...

    def restore_all(self, faces: Sequence[SwappedFace], strength: float) -> list[Float32]:
        """`restore` of several faces in one go, which gives the same as one by one."""
        ...


WORK_PX: Final = 640
"""The longer side, at most, at which the change is worked out."""
_BENT: Final = np.float32(1 / 255)
"""Up to here a mask only says that the background was bent, which is no part of the face."""

# Sizes are relative to the face's.
_SMOOTHED: Final = 0.007
_SCALES: Final = ((0.011, 0.9), (0.0045, 0.6))
"""Blurs beneath which detail is amplified, and the least of each in pixels; coarse to fine."""
_GAINS: Final = ((0.4, 1.0), (0.8, 1.8))
"""How much of that detail is added: on skin, on eyes, brows and mouth."""
_PLENTY: Final = (4.0, 10.0)
"""Detail, in levels, from which a place is crisp enough to get only half of the gain; likewise."""
_AROUND: Final = 0.03
_TEXTURE: Final = 1.2
"""What looks like noise of so many levels is skin."""
_MOST_NOISE: Final = 10.0
_SPECKLED: Final = (0.5, 2.0)
"""Levels of noise from which colours are smoothed as well, and from which they are fully."""
OVERSHOOT: Final = 0.08
"""How far beyond the lightest and darkest of its neighbours a pixel may go, relative to their
difference: with none lashes and pores look flat, with more edges get halos."""
_OVERSHOOT_LEVELS: Final = 6.0

_FROM_RED_AND_BLUE: Final = np.array(
    [[1, 0], [-imaging.LUMA[0] / imaging.LUMA[1], -imaging.LUMA[2] / imaging.LUMA[1]], [0, 1]],
    np.float32,
)
"""Changes of red and of blue to the change of colour that leaves luma as it is."""
_SKIN: Final = 468
_FEATURES: Final = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
     70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466,
     300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185),
)  # fmt: skip
"""Landmarks of each eye with its brow, and of the lips."""


class ClassicalRestorer:
    """Takes noise out and steepens edges, by filters as wide as the face asks for.

    Luma is denoised and sharpened where it is not crisp yet, eyes, brows and mouth more than skin;
    colour is smoothed only if there is noise.
    """

    @property
    def name(self) -> str:
        """``classical``."""
        return "classical"

    def restore_all(self, faces: Sequence[SwappedFace], strength: float) -> list[Float32]:
        """As `Restorer.restore_all`; one after the other."""
        return [self.restore(face, strength) for face in faces]

    def restore(self, face: SwappedFace, strength: float) -> Float32:
        """As `Restorer.restore`; large faces get a change that was worked out at `WORK_PX`."""
        height, width = face.mask.shape
        scale = min(1.0, WORK_PX / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        x0, y0, _, _ = face.box
        points = ((face.landmarks[:, :2] - [x0, y0] + 0.5) * scale - 0.5).astype(np.float32)
        face_px = float(np.ptp(points[:_SKIN], 0).max())

        rgb, mask = imaging.resize_area(face.rgb, size), imaging.resize_area(face.mask, size)
        luma = imaging.luma(rgb)
        noise = noise_level(luma, mask, face_px)
        features = feature_map(points, size, face_px)
        change = imaging.thrice(sharper(luma, features, face_px, noise) - luma)
        low, high = _SPECKLED
        speckles = min((noise - low) / (high - low), 1.0)
        if speckles > 0:
            imaging.add_into(
                change, _plainer_colour(rgb, luma, face_px, noise) * np.float32(speckles)
            )

        change = imaging.resize_linear(change, (width, height))
        weight = np.maximum(face.mask - _BENT, 0)
        weight *= np.float32(strength) / (1 - _BENT)
        imaging.multiply_into(change, imaging.thrice(weight))
        return change


def noise_level(luma: Float32, mask: Float32, face_px: float) -> float:
    """Standard deviation of the noise inside a mask, in levels, beyond what skin has.

    J. Immerkær, "Fast noise variance estimation", 1996, with a median, which lashes hardly move;
    between neighbours, and between pixels farther apart for noise that was enlarged with the face.
    """
    inside = mask[::3, ::3] > 0.5
    if np.count_nonzero(inside) < 16:
        return 0.0
    found = 0.0
    for step in {1, max(1, round(face_px / 120))}:
        differences = imaging.second_differences(luma, step)[::3, ::3][inside]
        # For white noise they are 6 times as wide, and half lie within 0.6745 of that.
        found = max(found, float(np.median(np.abs(differences))) / (6 * 0.6745))
    return min(max(found - _TEXTURE, 0.0), _MOST_NOISE)


def feature_map(points: Float32, size_wh: tuple[int, int], face_px: float) -> Float32:
    """Where eyes with lashes and brows, and the mouth, are: float32 (h, w) in [0, 1].

    `points` are the landmarks (478, 2) in pixels of the map.
    """
    step = max(1, round(face_px / 64))
    found = np.zeros((-(-size_wh[1] // step), -(-size_wh[0] // step)), np.uint8)
    for numbers in _FEATURES:
        imaging.fill_hull_into(found, points[list(numbers)] / np.float32(step))
    sigma = max(0.8, 0.02 * face_px / step)
    soft = imaging.blur(imaging.dilate(found).astype(np.float32), sigma)
    return imaging.resize_linear(soft, size_wh)


def smooth(plane: Float32, radius_px: int, levels: float) -> Float32:
    """Average out what varies by less than `levels` around each pixel; edges stay.

    K. He, J. Sun, X. Tang, "Guided image filtering", 2013, the plane guiding itself.
    """
    mean = imaging.box_mean(plane, radius_px)
    share = imaging.box_mean(plane * plane, radius_px)
    share -= mean * mean
    np.maximum(share, 0, out=share)
    share /= share + np.float32(levels * levels)
    mean -= share * mean
    return imaging.box_mean(share, radius_px) * plane + imaging.box_mean(mean, radius_px)


def sharper(luma: Float32, features: Float32, face_px: float, noise: float) -> Float32:
    """Luma without its noise and with steeper edges.

    What is added never leads far beyond the pixels around: see `OVERSHOOT`.

    Parameters
    ----------
    luma : float32 (h, w) in [0, 255]
    features : float32 (h, w) in [0, 1]
        From `feature_map`.
    face_px : float
        How tall or wide the face is.
    noise : float
        From `noise_level`.
    """
    clean = smooth(luma, max(1, round(_SMOOTHED * face_px)), 0.5 + 2.5 * noise)
    out = clean.copy()
    least = np.float32((0.7 + noise) ** 2)
    need: Float32 | None = None
    for (width, width_px), (on_skin, on_features) in zip(_SCALES, _GAINS, strict=True):
        detail = clean - imaging.blur(clean, max(width_px, width * face_px))
        power = imaging.multiply(detail, detail)
        if need is None:
            need = _need(power, features, max(2, round(_AROUND * face_px)))
        detail *= need
        detail *= power / (power + least)  # what is left of noise and of a codec's blocks
        detail *= np.float32(on_skin) + np.float32(on_features - on_skin) * features
        out += detail
    reach = max(1, round(1.5 * _SCALES[-1][0] * face_px))
    darkest, lightest = imaging.erode(clean, reach), imaging.dilate(clean, reach)
    room = np.minimum((lightest - darkest) * OVERSHOOT, _OVERSHOOT_LEVELS)
    return np.clip(out, darkest - room, lightest + room, out=out)


def _need(power: Float32, features: Float32, radius_px: int) -> Float32:
    """Less than 1 where there is much detail already; wrinkles would be carved otherwise."""
    skin, feature = _PLENTY
    plenty = np.float32(skin) + np.float32(feature - skin) * features
    around = imaging.box_mean(power, radius_px)
    around /= plenty * plenty
    around += 1
    return np.reciprocal(around)


def _plainer_colour(rgb: Float32, luma: Float32, face_px: float, noise: float) -> Float32:
    """The change that takes speckles out of the colours and keeps luma as it is.

    Colours are smoothed at half the size, where a codec keeps them too, and enlarged again.
    """
    height, width = luma.shape
    red, _, blue = imaging.split(rgb)
    radius = max(1, round(_SMOOTHED * face_px))
    changes: list[Float32] = []
    for colour in (red, blue):
        plane = imaging.subtract(colour, luma)
        small = imaging.resize_area(plane, (-(-width // 2), -(-height // 2)))
        small = smooth(small, radius, 2.5 * noise)
        changes.append(imaging.subtract(imaging.resize_linear(small, (width, height)), plane))
    return imaging.transform(imaging.merge(changes), _FROM_RED_AND_BLUE)

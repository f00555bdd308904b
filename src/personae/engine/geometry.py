"""Rigid geometry of faces: fits, head pose, and the square region a model looks at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.types import BoxXYXY, Canvas, Float32, Float64, Pose, UInt8

# Landmark numbers of MediaPipe's face mesh that rigid geometry needs.
EYE_OUTER_LEFT, EYE_OUTER_RIGHT = 33, 263
EYE_INNER_LEFT, EYE_INNER_RIGHT = 133, 362
NOSE_TIP, MOUTH_LEFT, MOUTH_RIGHT = 1, 61, 291
FOREHEAD_TOP, CHIN = 10, 152
SKIN_POINTS = 468


@dataclass(frozen=True, slots=True)
class Similarity3D:
    """``scale * rotation @ p + offset``; rotation is float64 (3, 3), offset float64 (3,)."""

    scale: float
    rotation: Float64
    offset: Float64

    def apply(self, points: Float64) -> Float64:
        """Move points of float64 (N, 3)."""
        return self.scale * points @ self.rotation.T + self.offset

    def undo_vectors(self, vectors: Float64) -> Float64:
        """Turn displacements of float64 (N, 3) back into the space the points came from."""
        return (vectors @ self.rotation) / self.scale


def fit_similarity_3d(points: Float64, onto: Float64) -> Similarity3D:
    """The similarity that moves `points` nearest to `onto` in the least-squares sense.

    Both are float64 (N, 3). Umeyama, "Least-squares estimation of transformation parameters
    between two point patterns", IEEE PAMI 13(4), 1991.
    """
    mean_from, mean_to = points.mean(0), onto.mean(0)
    centred, target = points - mean_from, onto - mean_to
    u, singular, vt = np.linalg.svd(target.T @ centred)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * signs) @ vt
    scale = float((singular * signs).sum() / (centred**2).sum())
    return Similarity3D(scale, rotation, mean_to - scale * rotation @ mean_from)


def pose_of(rotation_to_canonical: Float64) -> Pose:
    """Yaw, pitch and roll in degrees from the rotation that brings a face to face the camera.

    Canonical axes: x to the viewer's right, y down, z away from the viewer.
    """
    across, out = rotation_to_canonical[0], -rotation_to_canonical[2]
    roll = math.atan2(across[1], across[0])
    # Yaw and pitch are told of the head turned upright, so that they do not mix with the roll.
    x = out[0] * math.cos(roll) + out[1] * math.sin(roll)
    y = out[1] * math.cos(roll) - out[0] * math.sin(roll)
    yaw, pitch = math.atan2(x, -out[2]), math.asin(float(np.clip(y, -1, 1)))
    return Pose(*(round(math.degrees(angle), 2) for angle in (yaw, pitch, roll)))


@dataclass(frozen=True, slots=True)
class Region:
    """A turned square of the picture, in pixels: centre, side and angle (radians, clockwise)."""

    x: float
    y: float
    side_px: float
    angle: float

    def to_square(self, size: int) -> Float64:
        """float64 (2, 3): picture pixels to pixels of an upright square of `size`."""
        scale = size / self.side_px
        cos, sin = math.cos(-self.angle) * scale, math.sin(-self.angle) * scale
        half = size / 2
        return np.array(
            [
                [cos, -sin, half - cos * self.x + sin * self.y],
                [sin, cos, half - sin * self.x - cos * self.y],
            ]
        )


def region_from_landmarks(landmarks: Float32 | Float64, margin: float = 1.5) -> Region:
    """The region to look for the same face in the next frame; landmarks are (478, 3)."""
    eyes = landmarks[EYE_OUTER_RIGHT, :2] - landmarks[EYE_OUTER_LEFT, :2]
    angle = math.atan2(float(eyes[1]), float(eyes[0]))
    cos, sin = math.cos(-angle), math.sin(-angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    turned = landmarks[:SKIN_POINTS, :2] @ turn.T
    low, high = turned.min(0), turned.max(0)
    centre = ((low + high) / 2) @ turn
    return Region(float(centre[0]), float(centre[1]), float((high - low).max()) * margin, angle)


def clip_box(
    low_xy: Float64 | Float32, high_xy: Float64 | Float32, size_wh: tuple[int, int]
) -> BoxXYXY | None:
    """The whole-pixel box around two corners, cut to the picture; None when nothing is left."""
    width, height = size_wh
    x0, y0 = max(0, math.floor(low_xy[0])), max(0, math.floor(low_xy[1]))
    x1, y1 = min(width, math.ceil(high_xy[0]) + 1), min(height, math.ceil(high_xy[1]) + 1)
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def crop_square(canvas: Canvas, region: Region, size: int) -> UInt8:
    """Cut a turned square out of a canvas, without aliasing: uint8 (size, size, 3) RGB.

    Outside the picture is black, as the landmark model was trained. Only the pixels under the
    square are read.
    """
    matrix = region.to_square(size)
    shrink = region.side_px / size
    factor = 2 ** math.ceil(math.log2(shrink / 2)) if shrink > 2 else 1
    half = region.side_px / 2 * (abs(math.cos(region.angle)) + abs(math.sin(region.angle)))
    reach = half + 2 * factor
    low = np.array([region.x - reach, region.y - reach])
    high = np.array([region.x + reach, region.y + reach])
    box = clip_box(low, high, canvas.size_wh)
    if box is None:
        return np.zeros((size, size, 3), np.uint8)
    pixels = canvas.region_rgb(box)
    shift = np.array([[1, 0, box[0]], [0, 1, box[1]], [0, 0, 1]], np.float64)
    if factor > 1:
        small_wh = (max(1, pixels.shape[1] // factor), max(1, pixels.shape[0] // factor))
        kx, ky = pixels.shape[1] / small_wh[0], pixels.shape[0] / small_wh[1]
        pixels = imaging.resize_area(pixels, small_wh)
        shift = shift @ np.array([[kx, 0, (kx - 1) / 2], [0, ky, (ky - 1) / 2], [0, 0, 1]])
    matrix = (np.vstack([matrix, [0, 0, 1]]) @ shift)[:2]
    return imaging.warp(pixels, matrix, (size, size))

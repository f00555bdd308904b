"""What a face is doing, apart from how it is turned, as a few lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from personae.engine.canonical import canonical_face
from personae.engine.geometry import (
    EYE_INNER_LEFT,
    EYE_INNER_RIGHT,
    EYE_OUTER_LEFT,
    EYE_OUTER_RIGHT,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    SKIN_POINTS,
    fit_similarity_3d,
)
from personae.engine.types import Float32, Float64, Pose

LIDS: Final = (((160, 144), (158, 153)), ((387, 373), (385, 380)))
"""Upper and lower lid, two pairs an eye, left and right."""
BROWS: Final = (
    (((70, 63), EYE_OUTER_LEFT), ((66, 107), EYE_INNER_LEFT)),
    (
        ((300, 293), EYE_OUTER_RIGHT),
        ((296, 336), EYE_INNER_RIGHT),
    ),
)
"""Outer and inner end of each brow, and the corner of the eye that it stands over."""
LIP_UPPER, LIP_LOWER = 13, 14
PARTS: Final = {"lids": slice(0, 2), "brows": slice(2, 6), "mouth": slice(6, 10)}
"""Which numbers of `expression` belong to which part of the face."""


@dataclass(frozen=True, slots=True)
class ExpressionError:
    """How far one expression is from another, in percent of the distance of the eyes.

    ``total`` is the length of the difference of all ten numbers; ``lids``, ``brows`` and ``mouth``
    are the mean absolute differences of their own.
    """

    total: float
    lids: float
    brows: float
    mouth: float


def expression(landmarks: Float32 | Float64) -> Float64:
    """Ten lengths that change with an expression: float64 (10,), in distances of the eyes.

    The face is turned to the canonical position first (Umeyama's fit of all 468 points), so that
    neither pose nor size counts, and measured in distances of the outer corners of its own eyes:
    the openings of both eyes; the heights of the brows' outer and inner ends over the corners of
    the eyes; the gap of the lips, the width of the mouth and how high its corners stand over the
    middle of the lips.

    Parameters
    ----------
    landmarks : float (478, 3), pixels
        MediaPipe's face mesh.
    """
    points = np.asarray(landmarks, np.float64)
    fit = fit_similarity_3d(points[:SKIN_POINTS], canonical_face()[:SKIN_POINTS, :3])
    at = fit.apply(points)
    eyes = float(np.linalg.norm(at[EYE_OUTER_LEFT] - at[EYE_OUTER_RIGHT]))
    lids = [np.mean([at[low, 1] - at[high, 1] for high, low in eye]) for eye in LIDS]
    brows = [at[corner, 1] - at[list(ends), 1].mean() for side in BROWS for ends, corner in side]
    middle = (at[LIP_UPPER] + at[LIP_LOWER]) / 2
    mouth = [
        float(np.linalg.norm(at[LIP_UPPER] - at[LIP_LOWER])),
        float(np.linalg.norm(at[MOUTH_LEFT] - at[MOUTH_RIGHT])),
        middle[1] - at[MOUTH_LEFT, 1],
        middle[1] - at[MOUTH_RIGHT, 1],
    ]
    return np.array([*lids, *brows, *mouth], np.float64) / eyes


def expression_error(one: Float64, other: Float64) -> ExpressionError:
    """The distance of two results of `expression`."""
    off = np.abs(one - other) * 100
    parts = {name: float(off[part].mean()) for name, part in PARTS.items()}
    return ExpressionError(total=float(np.linalg.norm(off)), **parts)


@dataclass(frozen=True, slots=True)
class PoseError:
    """How far one pose is from another, in degrees, without signs.

    ``total`` is the length of the three differences, as the public survey takes it.
    """

    total: float
    yaw: float
    pitch: float
    roll: float


def pose_error(one: Pose, other: Pose) -> PoseError:
    """The differences of yaw, pitch and roll, each the short way round."""
    off = np.array([one.yaw - other.yaw, one.pitch - other.pitch, one.roll - other.roll])
    short = np.abs((off + 180) % 360 - 180)
    return PoseError(float(np.linalg.norm(short)), *map(float, short))

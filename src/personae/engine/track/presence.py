"""Is a face that the finder lost for a moment still where it should be?"""

from __future__ import annotations

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import crop_square, region_from_landmarks
from personae.engine.types import Canvas, Float32, Float64

PATCH_PX = 24
MAX_UNLIKE = 0.6
"""A face that is blurred or dimmed differs from itself by up to half of its contrast, whatever
else stands in its place by about all of it."""


def patch(canvas: Canvas, landmarks: Float32 | Float64) -> Float32:
    """What is seen at a face's place: brightness around its mean, float32 (24, 24), upright."""
    region = region_from_landmarks(landmarks, margin=1.0)
    luma = imaging.luma(crop_square(canvas, region, PATCH_PX)).astype(np.float32)
    return luma - luma.mean()


def alike(seen: Float32, face: Float32) -> bool:
    """Whether a patch may show the same face as another one, where that was found."""
    contrast = float(np.abs(face).mean()) + 4
    return float(np.abs(seen - face).mean()) < MAX_UNLIKE * contrast

"""The vertices of the face mesh by number, and the ones that are added to MediaPipe's 468.

The skin is extended by the centres of both eyes and of the mouth, so that their openings can be
filled, and by a ring of 36 vertices outside the face oval, over which the background is bent.
``VERTICES`` counts them all.
"""

from __future__ import annotations

import numpy as np

from personae.engine.types import Float64

SKIN = 468
EYE_LEFT_CENTRE, EYE_RIGHT_CENTRE, MOUTH_CENTRE, RING_START = 468, 469, 470, 471

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
EYE_LEFT = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
EYE_RIGHT = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
LIPS_INNER = (
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
)  # fmt: skip
LIPS_OUTER = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
)  # fmt: skip
LIPS_RED = (
    77, 90, 180, 85, 16, 315, 404, 320, 307, 76, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408,
)  # fmt: skip
"""The middle of the red of both lips."""
UPPER_LIP = (92, 164, 165, 167, 186, 322, 391, 393, 410)
"""The skin between nose and mouth."""
MOUTH_CORNERS = (61, 78, 291, 308)
BROWS = (
    70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 300, 293, 334, 296, 336, 285, 295, 282, 283, 276,
)  # fmt: skip
NOSE = (
    1, 2, 4, 5, 6, 195, 197, 168, 98, 327, 97, 326, 48, 278, 64, 294, 220, 440, 49, 279,
)  # fmt: skip
NOSTRILS = (2, 97, 326, 98, 327, 94, 19, 1)
LOWER_LIP_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_LIP_OUTER = (146, 91, 181, 84, 17, 314, 405, 321, 375)

VERTICES = RING_START + len(OVAL)
KIND_SKIN, KIND_EYE, KIND_MOUTH, KIND_RING = 0, 1, 2, 3


def extend_values(values: Float64) -> Float64:
    """Give the added vertices a value: (468, K) or (468,) to (VERTICES, K) or (VERTICES,)."""
    out = np.empty((VERTICES, *values.shape[1:]), values.dtype)
    out[:SKIN] = values
    out[EYE_LEFT_CENTRE] = values[list(EYE_LEFT)].mean(0)
    out[EYE_RIGHT_CENTRE] = values[list(EYE_RIGHT)].mean(0)
    out[MOUTH_CENTRE] = values[list(LIPS_INNER)].mean(0)
    out[RING_START:] = values[list(OVAL)]
    return out


def extend_positions(landmarks: Float64, ring: float) -> Float64:
    """All VERTICES positions from the 478 landmarks, (478, 3) to (VERTICES, 3).

    The eye centres are the irises, so that a donor's eye follows the scene's gaze. `ring` is how
    far outside the oval the ring lies, relative to the distance from the face's middle.
    """
    out = np.empty((VERTICES, 3))
    out[:SKIN] = landmarks[:SKIN]
    out[EYE_LEFT_CENTRE] = landmarks[468]
    out[EYE_RIGHT_CENTRE] = landmarks[473]
    out[MOUTH_CENTRE] = landmarks[list(LIPS_INNER)].mean(0)
    middle = landmarks[[33, 263, 1, 61, 291, 152, 10]].mean(0)
    oval = landmarks[list(OVAL)]
    out[RING_START:] = oval + ring * (oval - middle)
    return out

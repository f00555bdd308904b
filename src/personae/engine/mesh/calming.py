"""Take the creases of a smile out of a donor's texture: a calm face does not have them."""

from __future__ import annotations

import functools

import numpy as np

from personae.engine import imaging
from personae.engine.mesh.construction import near
from personae.engine.mesh.skin import LOG_OFFSET
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import (
    LIPS_INNER,
    LIPS_OUTER,
    MOUTH_CORNERS,
    extend_values,
)
from personae.engine.types import Float32, Float64

FOLD = (
    50, 57, 92, 98, 129, 165, 186, 187, 194, 202, 203, 204, 205, 206, 207, 210, 211, 212, 214, 216,
)  # fmt: skip
"""From the nose's wing past the corner of the mouth, and the cheek beside it; the viewer's left."""
BELOW_EYE = (23, 24, 25, 31, 35, 110, 111, 113, 117, 118, 119, 124, 143, 226, 228, 229, 230)
"""Below the eye and beside it, where a laugh draws crow's feet; the viewer's left."""
PHILTRUM = (2, 97, 164, 167, 326, 393)
FOLD_SHARE, EYE_SHARE = 0.8, 0.5
LIFTED_SHARE = 0.7
"""Of what is lighter than the skin: a lifted cheek catches light."""
FULL_FROM = 0.6
"""A smile, as `smile` measures it, from which creases are taken out with all their share."""
CREASE = 0.8
"""As a logarithm: what is darker than the skin by much more is a beard, not a crease."""
FINE_PX, FINE_KEPT = 1.6, 0.05
"""Detail finer than this stays, but for lines that are darker than this, as a logarithm."""


def calm_texture(mesh: FaceMesh, texture: Float32, skin: Float64, smile: float) -> Float32:
    """A texture with less of what a smile does to skin: folds, lifted cheeks, crow's feet.

    Parameters
    ----------
    texture : float32 (384, 384, 3), RGB in [0, 255]
        Not modified.
    skin : float64 (468, 3)
        Logarithmic skin colour, which creases are drawn towards.
    smile : float, range [0, 1]
        From `shape.smile`; 0 gives the texture itself.
    """
    strength = min(smile / FULL_FROM, 1.0)
    if strength <= 0:
        return texture
    values = extend_values(_creased(mesh) * strength)[:, None]
    zone = imaging.blur(mesh.on_texture(values)[..., 0], 4)[..., None]
    model = np.maximum(mesh.on_texture(extend_values(skin)), np.float32(np.log(LOG_OFFSET + 1)))
    low = np.log(np.clip(imaging.blur(texture, FINE_PX), 0, 255) + LOG_OFFSET)
    lines = np.minimum(np.log(np.clip(texture, 0, 255) + LOG_OFFSET) - low + FINE_KEPT, 0)
    off = low - model + lines
    light = off.mean(2, keepdims=True)
    share = np.where(light > 0, LIFTED_SHARE, 1 / (1 + (light / CREASE) ** 4))
    calmed = (texture + LOG_OFFSET) * np.exp(-zone * share * off) - LOG_OFFSET
    return calmed.astype(np.float32)


@functools.cache
def _creased(mesh: FaceMesh) -> Float64:
    """How much of a smile's creases to take out at each vertex, float64 (468,) in [0, 1]."""

    def around(vertices: tuple[int, ...], reach: float) -> Float64:
        both = {*vertices, *(int(mesh.mirror[v]) for v in vertices)}
        return np.clip(1.8 * near(mesh.canonical, tuple(sorted(both)), reach), 0, 1)

    def spared(weight: Float64, times: float) -> Float64:
        return 1 - np.clip(times * weight, 0, 1)

    # The corners of the mouth are where folds end; the rest of the lips is none of a smile's.
    lips = tuple(v for v in (*LIPS_INNER, *LIPS_OUTER) if v not in MOUTH_CORNERS)
    mouth = np.maximum(near(mesh.canonical, lips, 0.06), near(mesh.canonical, PHILTRUM, 0.1))
    lid_edge = near(mesh.canonical, tuple(np.flatnonzero(mesh.eye_near > 0.95).tolist()), 0.05)
    fold = around(FOLD, 0.14) * spared(mouth, 1.5)
    below = around(BELOW_EYE, 0.1) * spared(lid_edge, 2) * spared(mesh.brow_near, 1.5)
    return np.maximum(FOLD_SHARE * fold, EYE_SHARE * below)

"""What lies in front of a face, told by its colour."""

from __future__ import annotations

import numpy as np

from personae.engine import imaging
from personae.engine.types import Float32


def rim_connected(strength: Float32, rim: Float32, threshold: float = 0.35) -> Float32:
    """Keep only the parts of an occluder map that touch the face's rim.

    A mole or a shadow inside the face is the face's own; hair, a hand or a microphone comes in
    from outside. `strength` and `rim` are float32 (h, w) in [0, 1].
    """
    count, labels = imaging.components(strength > threshold)
    if count <= 1:
        return np.zeros_like(strength)
    touching = np.bincount(labels[rim > 0.5].ravel(), minlength=count) >= 2
    touching[0] = False
    kept = touching[labels].astype(np.uint8)
    return strength * imaging.dilate(kept).astype(np.float32)


def colour_distance(scene_rgb: Float32, face_rgb: Float32) -> Float32:
    """CIE Lab distance of two pictures, float32 (h, w, 3) in [0, 255], small noise removed.

    Lightness weighs less than colour: light differs for innocent reasons.
    """
    off = imaging.blur(imaging.lab(scene_rgb) - imaging.lab(face_rgb), 1.2)
    weighted = off * np.array([1.15, 1.5, 1.5], np.float32)
    return np.sqrt(np.einsum("ijk,ijk->ij", weighted, weighted))


def occluded(distance: Float32, weight: Float32, rim: Float32) -> Float32:
    """How surely something covers the face, float32 (h, w) in [0, 1], connected to the rim."""
    strength = np.clip((distance * weight - 16) / 12, 0, 1).astype(np.float32)
    return imaging.blur(_reached(strength, rim), 1.2)


def _reached(strength: Float32, rim: Float32) -> Float32:
    """How surely something reaches each cell from the rim: the weakest place of the best way.

    Unlike whole connected parts, which a little noise at their narrowest place takes away or
    gives back from one frame to the next, this changes no more than `strength` does.

    L. Vincent, "Morphological grayscale reconstruction in image analysis", IEEE Transactions on
    Image Processing 2(2), 1993.
    """
    reached = np.minimum(strength, rim)
    for _ in range(sum(strength.shape)):
        grown = np.minimum(imaging.dilate(reached), strength)
        if np.array_equal(grown, reached):
            break
        reached = grown
    return reached

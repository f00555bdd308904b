"""What makes a donor's face shape theirs, apart from their expression."""

from __future__ import annotations

import functools

import numpy as np

from personae.engine.canonical import read_table
from personae.engine.geometry import Similarity3D, fit_similarity_3d
from personae.engine.mesh.construction import near
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import (
    EYE_LEFT,
    EYE_RIGHT,
    LIPS_INNER,
    LIPS_OUTER,
    SKIN,
)
from personae.engine.types import Float32, Float64

DEFAULT_TRANSFER = 0.9
MOUTH_TRANSFER = 0.35
RIM_TRANSFER = 0.6
CALM_MOUTH, BROAD_MOUTH = 0.60, 0.78
"""Width of the mouth, in eye distances: calm ones are narrower; the broadest smiles reach it."""
SMILE_REMOVED = 0.9


def to_canonical(mesh: FaceMesh, landmarks: Float32 | Float64) -> tuple[Similarity3D, Float64]:
    """Turn a face to the canonical position: the fit, and its landmarks there, (478, 3)."""
    points = np.asarray(landmarks, np.float64)
    fit = fit_similarity_3d(points[:SKIN], mesh.canonical[:SKIN])
    return fit, fit.apply(points)


def mouth_gap(landmarks: Float32 | Float64) -> float:
    """How far the lips are apart, relative to the width of the mouth."""
    tall = float(np.linalg.norm(landmarks[13, :3] - landmarks[14, :3]))
    return tall / (float(np.linalg.norm(landmarks[78, :3] - landmarks[308, :3])) + 1e-6)


def eye_openings(landmarks: Float32 | Float64) -> tuple[float, float]:
    """Height over width of the eye on the viewer's left and right; open eyes are about 0.25."""

    def one(top: tuple[int, int], bottom: tuple[int, int], left: int, right: int) -> float:
        tall = sum(
            float(np.linalg.norm(landmarks[a, :2] - landmarks[b, :2]))
            for a, b in zip(top, bottom, strict=True)
        )
        wide = float(np.linalg.norm(landmarks[left, :3] - landmarks[right, :3]))
        return tall / 2 / (wide + 1e-6)

    return one((160, 158), (144, 153), 33, 133), one((387, 385), (373, 380), 263, 362)


def smile(canonical: Float64) -> float:
    """How broadly a face smiles, range [0, 1], from landmarks (478, 3) in canonical position.

    The mouth is wider than calm ones are, and its corners lie above the line between the lips.
    """
    corners = canonical[[61, 291]]
    wide = float(np.linalg.norm(corners[0, :2] - corners[1, :2]))
    lift = float(canonical[[13, 14], 1].mean() - corners[:, 1].mean())
    share = min(max((wide - CALM_MOUTH) / (BROAD_MOUTH - CALM_MOUTH), 0.0), 1.0)
    return share * share * (3 - 2 * share) * min(max((lift + 0.01) / 0.04, 0.0), 1.0)


def without_smile(canonical: Float64) -> Float64:
    """The skin's landmarks (468, 3), in canonical position, as they would be without a smile."""
    return canonical[:SKIN] - SMILE_REMOVED * smile(canonical) * _smile_direction()


@functools.cache
def _smile_direction() -> Float64:
    direction = read_table("smile.txt")
    direction.setflags(write=False)
    return direction


def identity_shift(mesh: FaceMesh, donor: Float64, scene: Float64) -> Float64:
    """How to move the scene's vertices so that the face takes the donor's build.

    Parameters
    ----------
    donor, scene : float64 (478, 3)
        Landmarks in canonical position.

    Returns
    -------
    float64 (468, 3)
        Displacement in canonical units, smooth, without the difference in expression: smiles and
        a jaw's opening are taken out, and eyes and mouth move and widen as wholes.
    """
    calm_donor, calm_scene = without_smile(donor), without_smile(scene)
    shift = calm_donor - calm_scene
    gap = _lip_gap(calm_donor) - _lip_gap(calm_scene)
    shift = shift - mesh.jaw_weight[:, None] * gap * np.array([0.0, 1.0, 0.25])
    upper = np.clip(0.35 - mesh.canonical[:SKIN, 1], 0, 1) + 1e-3
    shift = shift - np.average(shift, axis=0, weights=upper)
    out = shift.copy()
    for loop, weight, scale in _wholes(mesh):
        out = _as_a_whole(out, shift, scene, loop, weight, scale)
    fall = np.select(
        [mesh.ring == 0, mesh.ring == 1, mesh.ring == 2],
        [RIM_TRANSFER, RIM_TRANSFER + (1 - RIM_TRANSFER) * 0.4, 0.92],
        1.0,
    )
    # The forehead's rim stays with the scene's hairline.
    fall = fall * np.where(mesh.canonical[:SKIN, 1] < -0.55, 0.4, 1.0)
    smooth = mesh.modes @ (mesh.modes.T @ (out * mesh.area[:, None]))
    return smooth * fall[:, None]


def _lip_gap(canonical: Float64) -> float:
    return float(np.linalg.norm(canonical[13] - canonical[14]))


@functools.cache
def _wholes(mesh: FaceMesh) -> list[tuple[tuple[int, ...], Float64, float]]:
    """What moves as a whole: its outline, how much each vertex (468, 1) goes along, its scale."""
    lips = LIPS_OUTER + LIPS_INNER
    return [
        (loop, np.sqrt(near(mesh.canonical, around, reach))[:, None], scale)
        for loop, around, reach, scale in (
            (EYE_LEFT, EYE_LEFT, 0.2, 1.0),
            (EYE_RIGHT, EYE_RIGHT, 0.2, 1.0),
            (LIPS_OUTER, lips, 0.18, MOUTH_TRANSFER),
        )
    ]


def _as_a_whole(
    out: Float64,
    shift: Float64,
    scene: Float64,
    loop: tuple[int, ...],
    weight: Float64,
    scale: float,
) -> Float64:
    """Let a region around `loop` move and scale without bending."""
    vertices = list(loop)
    moved = scene[vertices] + shift[vertices]
    centre = scene[vertices].mean(0)
    widen = (np.ptp(moved[:, 0]) / np.ptp(scene[vertices, 0]) - 1) * scale
    rigid = moved.mean(0) - centre + (scene[:SKIN] - centre) * np.array([widen, widen, 0.0])
    return out * (1 - weight) + rigid * weight

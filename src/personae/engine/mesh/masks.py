"""Where the donor's face shows: outline, eyes, glasses, occluders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from personae.engine import imaging
from personae.engine.mesh.observe import eye_shares
from personae.engine.mesh.occlusion import colour_distance, occluded
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import (
    EYE_LEFT_CENTRE,
    EYE_RIGHT_CENTRE,
    LIPS_INNER,
    RING_START,
    SKIN,
    extend_values,
)
from personae.engine.types import Bool, Float32, Float64, UInt8

LINE_SHARE = 0.022
"""How wide the line is that closed lips leave to the scene, beside the width of the mouth."""
DOUBTED, STAYS = (24.0, 32.0), (31.0, 38.0)
"""Degrees of yaw, by the landmarks, from which the far half begins to be doubted or to stay the
scene's, and is."""
EDGE_GROWN, HEAD_GROWN = 1.15, 1.5
"""Sizes, relative to the face, of what surely belongs to a head and of what may."""


def vertex_alpha(
    mesh: FaceMesh,
    seen: Float64,
    landmarks: Float64,
    donor_eyes: tuple[float, float],
    glasses: float,
) -> Float64:
    """The mask at each vertex, float64 (VERTICES,) in [0, 1].

    The rim and grazing parts (`seen` of (468,), from `visibility`) fade; closed eyes and
    eyes behind `glasses`, which are worn as surely as this says, stay the scene's.
    """
    fade = np.select([mesh.ring == 0, mesh.ring == 1], [0.0, 0.85], 1.0)
    alpha = extend_values(seen * fade)
    alpha[RING_START:] = 0
    left, right = (share * (1 - glasses) for share in eye_shares(landmarks, donor_eyes))
    alpha[EYE_LEFT_CENTRE], alpha[EYE_RIGHT_CENTRE] = left, right
    side = mesh.canonical[:SKIN, 0]
    share = np.where(side < 0, left, right)
    alpha[:SKIN] *= 1 - (1 - share) * np.clip(mesh.eye_near * 2.2, 0, 1)
    return alpha


def far_side(mesh: FaceMesh, yaw: float) -> tuple[Float64, Float64]:
    """How much of the far half of a turned head stays, and is doubted: (VERTICES,) each, [0, 1].

    Landmarks turn less than the head does: at 40 and 60 degrees they say 30 and 38, and the far
    half of the mesh reaches over the outline. So it is doubted, and told from what is behind it by
    colour, eye and lips too; and beyond that it fades, for of what is left there, nothing fits.
    """
    across = extend_values(mesh.canonical[:SKIN, 0]) * (1.0 if yaw > 0 else -1.0)
    stays, doubted = (
        float(np.clip((abs(yaw) - low) / (high - low), 0, 1)) for low, high in (STAYS, DOUBTED)
    )
    return stays * np.clip((across - 0.2) / 0.2, 0, 1), doubted * np.clip(across / 0.15, 0, 1)


def occluder_maps(mesh: FaceMesh, glasses: float) -> tuple[Float64, Float64]:
    """Where colour can tell an occluder, and where occluders come in: (VERTICES,) each, [0, 1].

    Occluders come in over the rim of the face; dark or tinted glasses, where worn, sit on the eyes.
    """
    weight = extend_values(mesh.occluder_weight)
    rim = extend_values(np.where(mesh.ring <= 1, 1.0, 0.0))
    weight[RING_START:], rim[RING_START:] = 0, 0
    weight[[EYE_LEFT_CENTRE, EYE_RIGHT_CENTRE]] = 0
    if glasses > 0:
        lenses = extend_values(mesh.around_eyes)
        lenses[RING_START:] = 0
        lenses[[EYE_LEFT_CENTRE, EYE_RIGHT_CENTRE]] = 1
        weight, rim = np.maximum(weight, glasses * lenses), np.maximum(rim, glasses * lenses)
    return weight, rim


def lip_line(points: Float64, size_wh: tuple[int, int]) -> Float32:
    """The opening between closed lips and a little of their rims, float32 (h, w) in [0, 1].

    `points` are the vertices, (VERTICES, 2), in pixels of a picture of size `size_wh`.
    """
    wide = float(np.linalg.norm(points[LIPS_INNER[0]] - points[LIPS_INNER[10]]))
    line = np.zeros((size_wh[1], size_wh[0]), np.uint8)
    imaging.draw_loop_into(line, points[list(LIPS_INNER)], max(1, round(LINE_SHARE * wide)))
    return imaging.blur(line.astype(np.float32), max(0.7, 0.5 * LINE_SHARE * wide))


def nearer_heads(
    ovals: Sequence[Float64], cell_wh: tuple[int, int]
) -> tuple[Float32, Float32, Float32]:
    """Where faces in front of this one lie: three masks on cells, float32 (h, w) in [0, 1].

    `ovals` are the outlines (36, 2) of those faces, in cells. The masks hold the faces themselves,
    the faces and a little around them, and as much as their hair and ears may take.
    """
    out: list[Float32] = []
    for grown in (1.0, EDGE_GROWN, HEAD_GROWN):
        mask = np.zeros((cell_wh[1], cell_wh[0]), np.uint8)
        for oval in ovals:
            middle = oval.mean(0)
            points = np.clip(middle + grown * (oval - middle), -1e4, 1e4)
            imaging.fill_hull_into(mask, points.astype(np.float32))
        out.append(imaging.blur(mask.astype(np.float32), 1.0))
    faces, edges, heads = out
    return faces, edges, heads


def outline(alpha: Float32, core: Bool, open_mouth: Bool | None) -> Float32:
    """The mask on cells before occluders, its outline smoothed to less than a cell.

    Parameters
    ----------
    alpha : float32 (h, w)
        `vertex_alpha` looked up per cell.
    core : bool (h, w)
        Cells of the face itself, seen from the front.
    open_mouth : bool (h, w), optional
        Cells that show the inside of the scene's mouth, which stays.
    """
    mask = np.clip(alpha, 0, 1)
    mask[~core] = 0
    if open_mouth is not None:
        mask[open_mouth] = 0
    # The drawn outline has steps of a cell: blur it and keep the inner half of the ramp.
    cover = imaging.blur(core.astype(np.float32), 1.3)
    mask *= np.clip((cover - 0.5) * 2.4, 0, 1)
    return mask


def occluders(
    background: UInt8,
    face: Float32,
    weight: Float32,
    rim: Float32,
    cell_wh: tuple[int, int],
    front: Float32 | None = None,
) -> Float32:
    """How surely something hides the scene's face, float32 (h, w) on cells, in [0, 1].

    Parameters
    ----------
    background, face : (H, W, 3) RGB in [0, 255], at working size
        What is there, and what would be put there.
    weight, rim : float32 (h, w)
        Where colour can tell, and where occluders come in from.
    front : float32 (H, W), optional
        Thin things that are known to lie in front, and need no telling.
    """
    size = (max(8, cell_wh[0] * 5 // 8), max(8, cell_wh[1] * 5 // 8))
    scene = imaging.resize_area(background, size).astype(np.float32)
    far = colour_distance(scene, imaging.resize_area(face, size))
    if front is not None:
        far *= 1 - np.minimum(2 * imaging.dilate(imaging.resize_area(front, size)), 1)
    found = occluded(far, imaging.resize_linear(weight, size), imaging.resize_linear(rim, size))
    return imaging.resize_linear(found, cell_wh)

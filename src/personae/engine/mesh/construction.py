"""How the constants of the face mesh are worked out from the canonical face, once a process."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.engine import imaging
from personae.engine.mesh.filling import TOUCH, fill_triangles_into
from personae.engine.mesh.vertices import (
    BROWS,
    EYE_LEFT,
    EYE_LEFT_CENTRE,
    EYE_RIGHT,
    EYE_RIGHT_CENTRE,
    LIPS_INNER,
    LIPS_OUTER,
    LOWER_LIP_INNER,
    LOWER_LIP_OUTER,
    MOUTH_CENTRE,
    NOSE,
    NOSTRILS,
    OVAL,
    RING_START,
    SKIN,
    extend_positions,
)
from personae.engine.types import Float32, Float64, Int16, Int32, UInt8

TEXTURE_PX = 384
COARSE_PX = 96
"""Side of the texture layout on which smooth quantities are interpolated."""


def all_triangles(skin: Int32) -> tuple[Int32, UInt8]:
    """The skin's triangles, then fans over eyes and mouth, then the strip to the outer ring."""

    def fan(loop: tuple[int, ...], centre: int) -> list[tuple[int, int, int]]:
        return [(loop[i], loop[(i + 1) % len(loop)], centre) for i in range(len(loop))]

    eyes = fan(EYE_LEFT, EYE_LEFT_CENTRE) + fan(EYE_RIGHT, EYE_RIGHT_CENTRE)
    mouth = fan(LIPS_INNER, MOUTH_CENTRE)
    strip: list[tuple[int, int, int]] = []
    for i, vertex in enumerate(OVAL):
        j = (i + 1) % len(OVAL)
        outer, outer_next = RING_START + i, RING_START + j
        strip += [(vertex, OVAL[j], outer_next), (vertex, outer_next, outer)]
    parts = [skin, np.array(eyes), np.array(mouth), np.array(strip)]
    kind = np.concatenate([np.full(len(part), k, np.uint8) for k, part in enumerate(parts)])
    return np.concatenate(parts).astype(np.int32), kind


def facing(points: Float64, triangles: Int32) -> Float64:
    """Twice the signed area of each triangle in the picture plane, float64 (T,)."""
    p = points[triangles][..., :2]
    a, b = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def laplacian(points: Float64, triangles: Int32) -> tuple[Float64, Float64, Float64]:
    """The smoothest 60 modes, their energies and the vertex areas.

    Weights are inverse edge lengths; generalised eigenproblem L x = e A x. Lévy,
    "Laplace-Beltrami Eigenfunctions", Shape Modeling International 2006.
    """
    weights = np.zeros((SKIN, SKIN))
    area = np.full(SKIN, 1e-6)
    for a, b, c in triangles:
        for p, q in ((a, b), (b, c), (c, a)):
            weights[p, q] = weights[q, p] = 1 / max(1e-3, np.linalg.norm(points[p] - points[q]))
        cross = np.cross(points[b] - points[a], points[c] - points[a])
        area[[a, b, c]] += np.linalg.norm(cross) / 6
    root = 1 / np.sqrt(area)
    laplacian = (np.diag(weights.sum(1)) - weights) * root[:, None] * root[None]
    energy, vectors = np.linalg.eigh(laplacian)
    return vectors[:, :60] * root[:, None], energy[:60], area


def ring_distance(triangles: Int32) -> Int32:
    """Steps along edges from the face oval, int32 (468,)."""
    distance = np.full(SKIN, 99, np.int32)
    distance[list(OVAL)] = 0
    for _ in range(40):
        nearest = distance[triangles].min(1, keepdims=True) + 1
        for corner in range(3):
            np.minimum.at(distance, triangles[:, corner], nearest[:, 0])
    return distance


def texture_layout(canonical: Float64) -> Float32:
    """Unroll the canonical face on a cylinder and fill the texture, both ways, to a margin of 4."""
    positions = extend_positions(canonical, 0.10)
    axis_z = canonical[:SKIN, 2].min() + 1.35
    flat = np.stack([np.arctan2(positions[:, 0], axis_z - positions[:, 2]), positions[:, 1]], 1)
    low, high = flat.min(0), flat.max(0)
    scale = (TEXTURE_PX - 8) / (high - low)
    return ((flat - (low + high) / 2) * scale + TEXTURE_PX / 2).astype(np.float32)


def triangle_map(uv: Float32, triangles: Int32, size: int) -> Int16:
    """Number of the triangle under each texel of a `size` square, int16, -1 outside."""
    number = np.full((size, size), -1, np.int16)
    corners = (uv[triangles] + 0.5) * (size / TEXTURE_PX) - 0.5
    order = np.arange(len(triangles))
    # First grown, then as they are: the outline has no gaps, and no triangle lies on another.
    reach = np.repeat([0.5, TOUCH], len(order))
    fill_triangles_into(number, corners, np.concatenate([order, order]), reach)
    return number


def coarse_tables(uv: Float32, triangles: Int32) -> tuple[NDArray[np.intp], Float32]:
    """Barycentric interpolation on the coarse layout; texels outside take their nearest triangle's.

    Weights may leave [0, 1] a little outside the mesh: they extrapolate, clipped.
    """
    number = triangle_map(uv, triangles, COARSE_PX)
    label, owners = imaging.nearest_inside(number >= 0)
    chosen = number.ravel()[owners[label]].ravel()
    corners = triangles[chosen]
    y, x = np.mgrid[0:COARSE_PX, 0:COARSE_PX].astype(np.float64)
    scale = TEXTURE_PX / COARSE_PX
    at = np.stack([(x.ravel() + 0.5) * scale - 0.5, (y.ravel() + 0.5) * scale - 0.5], 1)
    a, b, c = (uv[corners[:, k]].astype(np.float64) for k in range(3))
    ab, ac, ap = b - a, c - a, at - a
    det = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    det = np.where(np.abs(det) < 1e-6, 1e-6, det)
    v = (ap[:, 0] * ac[:, 1] - ap[:, 1] * ac[:, 0]) / det
    w = (ab[:, 0] * ap[:, 1] - ab[:, 1] * ap[:, 0]) / det
    weights = np.clip(np.stack([1 - v - w, v, w], 1), 0, 1)
    weights /= weights.sum(1, keepdims=True)
    # One corner of all texels after another, as `FaceMesh.on_coarse` takes them.
    by_corner = np.ascontiguousarray(corners.T.astype(np.intp))
    return by_corner, np.ascontiguousarray(weights.T.astype(np.float32))[..., None]


def incident(triangles: Int32) -> Int32:
    lists: list[list[int]] = [[] for _ in range(SKIN)]
    for number, corners in enumerate(triangles):
        for vertex in corners:
            lists[int(vertex)].append(number)
    longest = max(len(one) for one in lists)
    return np.array([one + [len(triangles)] * (longest - len(one)) for one in lists], np.int32)


def near(canonical: Float64, vertices: tuple[int, ...], reach: float) -> Float64:
    """1 at the given vertices, falling to 0 at `reach` (eye distances) from them."""
    offsets = canonical[:SKIN, None, :2] - canonical[None, list(vertices), :2]
    return np.clip(1 - np.linalg.norm(offsets, axis=2).min(1) / reach, 0, 1)


def weights(canonical: Float64) -> dict[str, Any]:
    """The hand-made weights of `FaceMesh`; distances are in eye distances."""
    eyes = EYE_LEFT + EYE_RIGHT
    lips = LIPS_INNER + LIPS_OUTER
    eye_near = near(canonical, eyes, 0.12)
    lip_near, brow_near = near(canonical, lips, 0.08), near(canonical, BROWS, 0.07)
    nostril = near(canonical, NOSTRILS, 0.10) * 0.6
    skin = np.clip(1 - 1.6 * np.maximum.reduce([eye_near, lip_near, brow_near, nostril]), 0, 1)
    skin[list(OVAL)] *= 0.15
    x, y = canonical[:SKIN, 0], canonical[:SKIN, 1]
    # Thick brows may touch the hair at the temples; they are nobody's occluder.
    bushy = np.clip(near(canonical, BROWS, 0.16) * 1.6, 0, 1)
    features = np.maximum.reduce([eye_near, lip_near, bushy, near(canonical, NOSE, 0.10)])
    base = np.where(y > 0.3, 0.6, 1.0)
    hidden = base * np.clip(1 - 1.5 * features, 0, 1)
    # A scene's lips, nose and brows may differ from the donor's by as much as two people do; only
    # what differs by more, a microphone or a mask, lies in front of them.
    floor = np.where(brow_near > 0, 0.25, 0.45) * np.clip(1 - 1.5 * eye_near, 0, 1)
    narrow = np.maximum.reduce([eye_near, lip_near, brow_near, near(canonical, NOSE, 0.10)])
    occluder = np.maximum(base * np.clip(1 - 1.5 * narrow, 0, 1), floor)
    mouth_y = (canonical[13, 1] + canonical[14, 1]) / 2
    jaw = np.clip((y - mouth_y) / 0.10, 0, 1) * np.clip(1.25 - np.abs(x) / 0.62, 0, 1)
    jaw[list(LOWER_LIP_INNER)] = np.maximum(jaw[list(LOWER_LIP_INNER)], 0.8)
    jaw[list(LOWER_LIP_OUTER)] = np.maximum(jaw[list(LOWER_LIP_OUTER)], 0.9)
    sockets = np.clip(near(canonical, eyes, 0.17) * 3, 0, 1)
    lids = (sockets > 0.2) & (brow_near < 0.15) & (near(canonical, eyes, 0.035) == 0)
    return {
        "skin_weight": skin,
        "eye_near": eye_near,
        "lip_near": lip_near,
        "brow_near": brow_near,
        "occluder_weight": occluder,
        "hidden_weight": hidden,
        "jaw_weight": jaw,
        "around_eyes": sockets,
        "lids": lids,
    }

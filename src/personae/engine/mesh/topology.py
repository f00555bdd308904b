"""What never changes about the face mesh: vertices, triangles, texture layout, weights.

The 468 skin vertices are extended by the centres of both eyes and of the mouth, so that their
openings can be filled, and by a ring of 36 vertices outside the face oval, over which the
background is bent. ``VERTICES`` counts them all.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from personae.engine.canonical import canonical_face, read_table
from personae.engine.types import Bool, Float32, Float64, Int16, Int32, UInt8

SKIN = 468
EYE_LEFT_CENTRE, EYE_RIGHT_CENTRE, MOUTH_CENTRE, RING_START = 468, 469, 470, 471
TEXTURE_PX = 384
COARSE_PX = 96
"""Side of the texture layout on which smooth quantities are interpolated."""

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


@dataclass(frozen=True, slots=True, eq=False)
class FaceMesh:
    """All constants of the mesh; get the one instance from `face_mesh`.

    Attributes
    ----------
    canonical : float64 (478, 3)
        The mean face; outer eye corners 1 apart.
    mirror : int32 (VERTICES,)
        The vertex on the other side of the face.
    triangles : int32 (T, 3); kind : uint8 (T,)
        Corners run clockwise seen from the front. Kinds: skin, eye, mouth, ring.
    incident : int32 (468, K)
        Skin triangles around each vertex, padded with the number of skin triangles.
    uv : float32 (VERTICES, 2)
        Texture coordinates in pixels of a `TEXTURE_PX` square: an unrolled cylinder.
    coarse_corners, coarse_weights : int32, float32 (COARSE_PX ** 2, 3)
        Vertices and weights that interpolate vertex values on the coarse layout.
    texture_triangle : int16 (TEXTURE_PX, TEXTURE_PX)
        Number of the triangle under each texel, -1 outside.
    modes : float64 (468, 60); mode_energy : float64 (60,)
        Eigenvectors of the mesh Laplacian, smoothest first: a basis for smooth signals.
    area : float64 (468,)
        Surface around each vertex, for inner products with `modes`.
    ring : int32 (468,)
        Steps from the face oval.
    skin_weight, eye_near, lip_near, brow_near, occluder_weight, jaw_weight : float64 (468,)
        Hand-made weights in [0, 1]: plain skin; near eyes, lips, brows; where an occluder can be
        told by its colour; how much a vertex moves with the jaw.
    around_eyes : float64 (468,); lids : bool (468,)
        The eye sockets, softly; the skin within them that glasses would cover.
    """

    canonical: Float64
    mirror: Int32
    triangles: Int32
    kind: UInt8
    incident: Int32
    uv: Float32
    coarse_corners: Int32
    coarse_weights: Float32
    texture_triangle: Int16
    modes: Float64
    mode_energy: Float64
    area: Float64
    ring: Int32
    skin_weight: Float64
    eye_near: Float64
    lip_near: Float64
    brow_near: Float64
    occluder_weight: Float64
    jaw_weight: Float64
    around_eyes: Float64
    lids: Bool

    @property
    def skin_triangles(self) -> int:
        return int((self.kind == KIND_SKIN).sum())

    def on_coarse(self, values: Float64 | Float32) -> Float32:
        """Spread vertex values (VERTICES, K) over the coarse layout: float32 (96, 96, K)."""
        flat = values.astype(np.float32)
        out = flat[self.coarse_corners[:, 0]] * self.coarse_weights[:, :1]
        out += flat[self.coarse_corners[:, 1]] * self.coarse_weights[:, 1:2]
        out += flat[self.coarse_corners[:, 2]] * self.coarse_weights[:, 2:]
        return out.reshape(COARSE_PX, COARSE_PX, -1)

    def on_texture(self, values: Float64 | Float32) -> Float32:
        """Spread smooth vertex values (VERTICES, K) over the full texture: (384, 384, K)."""
        coarse = self.on_coarse(values)
        size = (TEXTURE_PX, TEXTURE_PX)
        layers = [
            cv2.resize(np.ascontiguousarray(coarse[..., k]), size, interpolation=cv2.INTER_LINEAR)
            for k in range(coarse.shape[2])
        ]
        return np.stack(layers, -1).astype(np.float32)


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


def _all_triangles(skin: Int32) -> tuple[Int32, UInt8]:
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


def _facing(points: Float64, triangles: Int32) -> Float64:
    """Twice the signed area of each triangle in the picture plane, float64 (T,)."""
    p = points[triangles][..., :2]
    a, b = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _laplacian(points: Float64, triangles: Int32) -> tuple[Float64, Float64, Float64]:
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


def _ring_distance(triangles: Int32) -> Int32:
    """Steps along edges from the face oval, int32 (468,)."""
    distance = np.full(SKIN, 99, np.int32)
    distance[list(OVAL)] = 0
    for _ in range(40):
        nearest = distance[triangles].min(1, keepdims=True) + 1
        for corner in range(3):
            np.minimum.at(distance, triangles[:, corner], nearest[:, 0])
    return distance


def _texture_layout(canonical: Float64) -> Float32:
    """Unroll the canonical face on a cylinder and fill the texture, both ways, to a margin of 4."""
    positions = extend_positions(canonical, 0.10)
    axis_z = canonical[:SKIN, 2].min() + 1.35
    flat = np.stack([np.arctan2(positions[:, 0], axis_z - positions[:, 2]), positions[:, 1]], 1)
    low, high = flat.min(0), flat.max(0)
    scale = (TEXTURE_PX - 8) / (high - low)
    return ((flat - (low + high) / 2) * scale + TEXTURE_PX / 2).astype(np.float32)


def _triangle_map(uv: Float32, triangles: Int32, size: int) -> Int16:
    """Number of the triangle under each texel of a `size` square, int16, -1 outside."""
    number = np.full((size, size), -1, np.int16)
    scale = size / TEXTURE_PX
    corners = np.round(((uv[triangles] + 0.5) * scale - 0.5) * 16).astype(np.int32)
    for i, corner in enumerate(corners):
        cv2.fillConvexPoly(number, corner, int(i), cv2.LINE_8, 4)
    return number


def _coarse_tables(uv: Float32, triangles: Int32) -> tuple[Int32, Float32]:
    """Barycentric interpolation on the coarse layout; texels outside take their nearest triangle's.

    Weights may leave [0, 1] a little outside the mesh: they extrapolate, clipped.
    """
    number = _triangle_map(uv, triangles, COARSE_PX)
    inside = (number >= 0).astype(np.uint8)
    _, label = cv2.distanceTransformWithLabels(
        1 - inside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(label.max()) + 1, np.int32)
    owner[label[inside > 0]] = number[inside > 0]
    chosen = owner[label].ravel()
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
    return corners.astype(np.int32), weights.astype(np.float32)


def _incident(triangles: Int32) -> Int32:
    lists: list[list[int]] = [[] for _ in range(SKIN)]
    for number, corners in enumerate(triangles):
        for vertex in corners:
            lists[int(vertex)].append(number)
    longest = max(len(one) for one in lists)
    return np.array([one + [len(triangles)] * (longest - len(one)) for one in lists], np.int32)


@functools.cache
def face_mesh() -> FaceMesh:
    """The mesh, read and worked out once a process (about 0.2 s)."""
    table = canonical_face()
    canonical, mirror478 = table[:, :3], table[:, 3].astype(np.int32)
    skin = read_table("mesh_triangles.txt").astype(np.int32)
    triangles, kind = _all_triangles(skin)
    positions = extend_positions(canonical, 0.10)
    # One winding for all, so that facing away can be told from a sign.
    flip = _facing(positions, triangles) < 0
    triangles[flip] = triangles[flip][:, [0, 2, 1]]
    mirror = np.empty(VERTICES, np.int32)
    mirror[:SKIN] = mirror478[:SKIN]
    mirror[[EYE_LEFT_CENTRE, EYE_RIGHT_CENTRE]] = EYE_RIGHT_CENTRE, EYE_LEFT_CENTRE
    mirror[MOUTH_CENTRE] = MOUTH_CENTRE
    mirror[RING_START:] = [RING_START + OVAL.index(int(mirror478[v])) for v in OVAL]
    uv = _texture_layout(canonical)
    corners, weights = _coarse_tables(uv, triangles)
    modes, energy, area = _laplacian(canonical[:SKIN], skin)
    ring = _ring_distance(skin)
    return FaceMesh(
        canonical=canonical,
        mirror=mirror,
        triangles=triangles,
        kind=kind,
        incident=_incident(skin),
        uv=uv,
        coarse_corners=corners,
        coarse_weights=weights,
        texture_triangle=_triangle_map(uv, triangles, TEXTURE_PX),
        modes=modes,
        mode_energy=energy,
        area=area,
        ring=ring,
        **_weights(canonical),
    )


def near(canonical: Float64, vertices: tuple[int, ...], reach: float) -> Float64:
    """1 at the given vertices, falling to 0 at `reach` (eye distances) from them."""
    offsets = canonical[:SKIN, None, :2] - canonical[None, list(vertices), :2]
    return np.clip(1 - np.linalg.norm(offsets, axis=2).min(1) / reach, 0, 1)


def _weights(canonical: Float64) -> dict[str, Any]:
    """The hand-made weights of `FaceMesh`; distances are in eye distances."""
    eyes = EYE_LEFT + EYE_RIGHT
    lips = LIPS_INNER + LIPS_OUTER
    eye_near = near(canonical, eyes, 0.12)
    lip_near, brow_near = near(canonical, lips, 0.08), near(canonical, BROWS, 0.07)
    nostril = near(canonical, NOSTRILS, 0.10) * 0.6
    skin = np.clip(1 - 1.6 * np.maximum.reduce([eye_near, lip_near, brow_near, nostril]), 0, 1)
    skin[list(OVAL)] *= 0.15
    x, y = canonical[:SKIN, 0], canonical[:SKIN, 1]
    features = np.maximum.reduce([eye_near, lip_near, brow_near, near(canonical, NOSE, 0.10)])
    occluder = np.where(y > 0.3, 0.6, 1.0) * np.clip(1 - 1.5 * features, 0, 1)
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
        "jaw_weight": jaw,
        "around_eyes": sockets,
        "lids": lids,
    }

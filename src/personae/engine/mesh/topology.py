"""What never changes about the face mesh: triangles, texture layout, weights."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.engine import imaging
from personae.engine.canonical import canonical_face, read_table
from personae.engine.mesh import construction
from personae.engine.mesh.construction import COARSE_PX, TEXTURE_PX
from personae.engine.mesh.vertices import (
    EYE_LEFT_CENTRE,
    EYE_RIGHT_CENTRE,
    KIND_SKIN,
    MOUTH_CENTRE,
    OVAL,
    RING_START,
    SKIN,
    VERTICES,
    extend_positions,
)
from personae.engine.types import Bool, Float32, Float64, Int16, Int32, UInt8


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
    coarse_corners, coarse_weights : intp (3, COARSE_PX ** 2), float32 (3, COARSE_PX ** 2, 1)
        Vertices and weights that interpolate vertex values on the coarse layout.
    texture_triangle : int16 (TEXTURE_PX, TEXTURE_PX)
        Number of the triangle under each texel, -1 outside.
    modes : float64 (468, 60); mode_energy : float64 (60,)
        Eigenvectors of the mesh Laplacian, smoothest first: a basis for smooth signals.
    area : float64 (468,)
        Surface around each vertex, for inner products with `modes`.
    ring : int32 (468,)
        Steps from the face oval.
    skin_weight, eye_near, lip_near, brow_near, jaw_weight : float64 (468,)
        Hand-made weights in [0, 1]: plain skin; near eyes, lips, brows; how much a vertex moves
        with the jaw.
    occluder_weight, hidden_weight : float64 (468,), range [0, 1]
        Where an occluder can be told by its colour: in a scene, beside the donor's face; in a
        donor photo, beside its own skin, where brows and lips differ too.
    inner : float64 (468,), range [0, 1]
        0 on the rim, 1 three steps from it: where light can be told from what hangs into the face.
    around_eyes : float64 (468,); lids : bool (468,)
        The eye sockets, softly; the skin within them that glasses would cover.
    """

    canonical: Float64
    mirror: Int32
    triangles: Int32
    kind: UInt8
    incident: Int32
    uv: Float32
    coarse_corners: NDArray[np.intp]
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
    hidden_weight: Float64
    jaw_weight: Float64
    inner: Float64
    around_eyes: Float64
    lids: Bool

    @property
    def skin_triangles(self) -> int:
        return int((self.kind == KIND_SKIN).sum())

    def on_coarse(self, values: Float64 | Float32) -> Float32:
        """Spread vertex values (VERTICES, K) over the coarse layout: float32 (96, 96, K)."""
        flat: Float32 = values.astype(np.float32)
        first: NDArray[np.intp] = self.coarse_corners[0]
        out: Float32 = flat.take(first, 0)
        out *= self.coarse_weights[0]
        for k in (1, 2):
            corners: NDArray[np.intp] = self.coarse_corners[k]
            part: Float32 = flat.take(corners, 0)
            part *= self.coarse_weights[k]
            out += part
        return out.reshape(COARSE_PX, COARSE_PX, -1)

    def on_texture(self, values: Float64 | Float32) -> Float32:
        """Spread smooth vertex values (VERTICES, K) over the full texture: (384, 384, K)."""
        coarse = self.on_coarse(values)
        size = (TEXTURE_PX, TEXTURE_PX)
        layers = [
            imaging.resize_linear(np.ascontiguousarray(coarse[..., k]), size)
            for k in range(coarse.shape[2])
        ]
        return np.stack(layers, -1)


@functools.cache
def face_mesh() -> FaceMesh:
    """The mesh, read and worked out once a process (about 0.2 s)."""
    table = canonical_face()
    canonical, mirror478 = table[:, :3], table[:, 3].astype(np.int32)
    skin = read_table("mesh_triangles.txt").astype(np.int32)
    triangles, kind = construction.all_triangles(skin)
    positions = extend_positions(canonical, 0.10)
    # One winding for all, so that facing away can be told from a sign.
    flip = construction.facing(positions, triangles) < 0
    triangles[flip] = triangles[flip][:, [0, 2, 1]]
    mirror = np.empty(VERTICES, np.int32)
    mirror[:SKIN] = mirror478[:SKIN]
    mirror[[EYE_LEFT_CENTRE, EYE_RIGHT_CENTRE]] = EYE_RIGHT_CENTRE, EYE_LEFT_CENTRE
    mirror[MOUTH_CENTRE] = MOUTH_CENTRE
    mirror[RING_START:] = [RING_START + OVAL.index(int(mirror478[v])) for v in OVAL]
    uv = construction.texture_layout(canonical)
    corners, weights = construction.coarse_tables(uv, triangles)
    modes, energy, area = construction.laplacian(canonical[:SKIN], skin)
    ring = construction.ring_distance(skin)
    return FaceMesh(
        canonical=canonical,
        mirror=mirror,
        triangles=triangles,
        kind=kind,
        incident=construction.incident(skin),
        uv=uv,
        coarse_corners=corners,
        coarse_weights=weights,
        texture_triangle=construction.triangle_map(uv, triangles, TEXTURE_PX),
        modes=modes,
        mode_energy=energy,
        area=area,
        ring=ring,
        inner=np.clip(ring / 3 - 0.3, 0, 1),
        **construction.weights(canonical),
    )

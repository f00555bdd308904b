"""Draw the mesh: which triangle covers a cell, and what the texture says there."""

from __future__ import annotations

import numpy as np

from personae.engine.mesh.filling import TOUCH, fill_triangles_into
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import KIND_RING
from personae.engine.types import Bool, Float32, Float64, Int16


def vertex_normals(mesh: FaceMesh, positions: Float64) -> Float64:
    """Unit normals of the skin, float64 (468, 3); z is negative where it faces the viewer."""
    corners = positions[mesh.triangles[: mesh.skin_triangles]]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    flat = np.empty((len(a) + 1, 3))
    flat[:-1, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    flat[:-1, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    flat[:-1, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    flat[-1] = 0
    summed = flat[mesh.incident].sum(1)
    # Corners run clockwise in a picture with y down, so the cross product points away.
    return -summed / (np.sqrt((summed**2).sum(1, keepdims=True)) + 1e-9)


def visibility(mesh: FaceMesh, positions: Float64) -> Float64:
    """How well each skin vertex is seen, float64 (468,): 0 at grazing angles, 1 from about 70°."""
    return np.clip((-vertex_normals(mesh, positions)[:, 2] - 0.05) / 0.3, 0, 1)


def draw_triangles(
    mesh: FaceMesh, points: Float64, depth: Float64, size_wh: tuple[int, int]
) -> tuple[Int16, Bool]:
    """The nearest triangle in each cell, -1 where there is none.

    Parameters
    ----------
    points : float64 (VERTICES, 2)
        In cells.
    depth : float64 (VERTICES,)
        Smaller is nearer. Painter's algorithm, far to near; the outer ring lies behind the face,
        and behind the ring lies skin that faces away, so that no hole is left at a silhouette.

    Returns
    -------
    number : int16 (h, w)
    front : bool (T,)
        Which triangles face the viewer.
    """
    corners = points[mesh.triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    ring = mesh.kind == KIND_RING
    front = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] > 0
    distance = depth[mesh.triangles].sum(1)
    distance[ring] += 1e6
    distance[~front & ~ring] += 2e6
    order = np.argsort(-distance, kind="stable")
    number = np.full((size_wh[1], size_wh[0]), -1, np.int16)
    near = order[(front & ~ring)[order]]
    reach = np.repeat([0.5, TOUCH], [len(order), len(near)])
    # First grown, so that outlines have no gaps; then what is seen from the front as it is, for a
    # cell should show the triangle that its middle lies in.
    fill_triangles_into(number, corners, np.concatenate([order, near]), reach)
    return number, front


def interpolate(mesh: FaceMesh, number: Int16, points: Float64, values: Float32) -> list[Float32]:
    """Evaluate vertex values (VERTICES, K) in each cell, affinely in its triangle: K of (h, w).

    Barycentric coordinates are held within the triangle: the middle of a cell may lie outside the
    triangle that covers it, and beside a silhouette, where triangles are seen edge-on, going on
    along their gradient would leave the face.
    """
    corners = points[mesh.triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    det = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    thin = np.abs(det) < 1e-3
    det = np.where(thin, 1.0, det)
    # Rows: gradient in x, in y and the value at the origin, of the second and third coordinate.
    table = np.stack([b[:, 1] / det, -b[:, 0] / det, -a[:, 1] / det, a[:, 0] / det])
    table[:, thin] = 0
    start = -table[0::2] * corners[:, 0, 0] - table[1::2] * corners[:, 0, 1]
    start[:, thin] = 1 / 3
    height, width = number.shape
    cell = np.maximum(number, 0)
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    shares: list[Float32] = []
    for k in range(2):
        share = table[2 * k].astype(np.float32).take(cell) * x
        share += table[2 * k + 1].astype(np.float32).take(cell) * y
        share += start[k].astype(np.float32).take(cell)
        shares.append(np.clip(share, 0, 1, out=share))
    second, third = shares
    over = np.maximum(second + third, 1)
    second /= over
    third /= over
    at = values[mesh.triangles]
    out: list[Float32] = []
    for k in range(values.shape[1]):
        first = np.ascontiguousarray(at[:, 0, k])
        layer = first.take(cell)
        layer += (at[:, 1, k] - first).take(cell) * second
        layer += (at[:, 2, k] - first).take(cell) * third
        out.append(layer)
    return out


def texture_positions(mesh: FaceMesh, positions: Float64) -> tuple[Float32, Float32]:
    """Where in the picture each texel lies: two float32 (TEXTURE_PX, TEXTURE_PX) maps.

    `positions` is (VERTICES, 3) or (VERTICES, 2), in pixels.
    """
    uv = mesh.uv.astype(np.float64)
    flat = positions[:, :2].astype(np.float32)
    x, y = interpolate(mesh, mesh.texture_triangle, uv, flat)
    return x, y


def skin_extent(positions: Float64) -> float:
    """Forehead to chin in the picture, in pixels; at least 1."""
    return max(1.0, float(np.linalg.norm(positions[10, :2] - positions[152, :2])))

"""Draw the mesh: which triangle covers a cell, and what the texture says there."""

from __future__ import annotations

import cv2
import numpy as np

from personae.engine.mesh.topology import KIND_RING, FaceMesh
from personae.engine.types import Float32, Float64


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
) -> np.ndarray:
    """The nearest triangle in each cell, int16 (h, w), -1 where there is none.

    Parameters
    ----------
    points : float64 (VERTICES, 2)
        In cells.
    depth : float64 (VERTICES,)
        Smaller is nearer. Painter's algorithm, far to near; skin that faces away is left out and
        the outer ring lies behind everything.
    """
    corners = points[mesh.triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    ring = mesh.kind == KIND_RING
    shown = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] > 0) | ring
    distance = depth[mesh.triangles].sum(1)
    distance[ring] += 1e6
    order = np.argsort(-distance, kind="stable")
    order = order[shown[order]]
    number = np.full((size_wh[1], size_wh[0]), -1, np.int16)
    fixed = np.round(corners * 16).astype(np.int32)
    fill = cv2.fillConvexPoly
    for i in order.tolist():
        fill(number, fixed[i], i, cv2.LINE_8, 4)
    return number


def interpolate(
    mesh: FaceMesh, number: np.ndarray, points: Float64, values: Float32
) -> list[Float32]:
    """Evaluate vertex values (VERTICES, K) in each cell, affinely in its triangle: K of (h, w)."""
    corners = points[mesh.triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    det = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    thin = np.abs(det) < 0.35
    det = np.where(thin, 1.0, det)
    at = values[mesh.triangles].astype(np.float64)
    da, db = at[:, 1] - at[:, 0], at[:, 2] - at[:, 0]
    grad_x = (da * b[:, 1:] - db * a[:, 1:]) / det[:, None]
    grad_y = (db * a[:, :1] - da * b[:, :1]) / det[:, None]
    grad_x[thin], grad_y[thin] = 0, 0
    start = at[:, 0] - grad_x * corners[:, 0, :1] - grad_y * corners[:, 0, 1:]
    start[thin] = at[thin].mean(1)
    height, width = number.shape
    cell = np.maximum(number, 0)
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    out: list[Float32] = []
    for k in range(values.shape[1]):
        layer = grad_x[:, k].astype(np.float32).take(cell) * x
        layer += grad_y[:, k].astype(np.float32).take(cell) * y
        layer += start[:, k].astype(np.float32).take(cell)
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

"""Skin colour as a smooth function on the face: what light and complexion do, robustly."""

from __future__ import annotations

import numpy as np

from personae.engine import imaging
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import SKIN
from personae.engine.types import Float32, Float64, UInt8

MODES = 12
DETAIL_MODES = 60
"""All that `FaceMesh.modes` holds: enough for a highlight on a cheek or the shadow of a nose."""
LOG_OFFSET = 8.0
"""Added before the logarithm, so that noise in shadows weighs little."""
HAIR = (0.42, 0.65)
"""How much darker, logarithmic, than the cheek below hair may be, and is."""
SIDE_SHADOW = 0.6
"""How much darker, logarithmic, one cheek may be for light alone."""
HAIR_DISTRUST = 0.97
SHINE_KEPT, CAST_KEPT = 0.8, 0.8
MOST_DETAIL = 0.8
"""As a logarithm; beyond it, it is no light but a reflection or something that lies there."""


def sample(image: Float32 | UInt8, points: Float64 | Float32) -> Float32:
    """Bilinear values of (H, W, C) at (N, 2) pixel positions: float32 (N, C)."""
    at = np.asarray(points, np.float32)
    x, y = np.ascontiguousarray(at[:, 0:1]), np.ascontiguousarray(at[:, 1:2])
    return np.asarray(imaging.remap_xy(image, x, y)[:, 0], np.float32)


def log_colour(image: Float32 | UInt8, points: Float64 | Float32) -> Float64:
    """Logarithmic colour at (N, 2) positions of an already blurred picture: float64 (N, 3)."""
    return np.log(sample(image, points).astype(np.float64) + LOG_OFFSET)


def fit_skin(mesh: FaceMesh, colours: Float64, weights: Float64, rounds: int = 3) -> Float64:
    """Fit `MODES` Laplacian modes to vertex colours, letting go of what is not skin.

    Parameters
    ----------
    colours : float64 (468, 3)
        From `log_colour`.
    weights : float64 (468,)
        Prior trust in each vertex.

    Returns
    -------
    float64 (MODES, 3)
        Coefficients; evaluate with `skin_model`. Iteratively reweighted least squares with a
        Geman-McClure weight: dark outliers (hair, beard) go sooner than bright ones (highlights),
        coloured ones soonest.
    """
    basis = mesh.modes[:, :MODES]
    total = float(weights.sum())
    ridge = np.diag(2e-4 * mesh.mode_energy[:MODES]) * 0.3 + 1e-9 * np.eye(MODES)
    trust: Float64 = weights
    coefficients = np.zeros((MODES, 3))
    for _ in range(rounds):
        weighted: Float64 = basis * (trust * (total / SKIN / trust.sum()))[:, None]
        solved = np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ colours)
        coefficients = np.asarray(solved, np.float64)
        rest = colours - basis @ coefficients
        light = rest.mean(1)
        tint = np.abs(rest - light[:, None]).max(1)
        tolerance = np.where(light < 0, 0.15, 0.3)
        trust = weights / (1 + (light / tolerance) ** 2 + (tint / 0.15) ** 2) ** 2
    return coefficients


def light_detail(mesh: FaceMesh, rest: Float64, trust: Float64) -> Float64:
    """What the light does to skin beyond the smooth model: highlights, and shadows on one side.

    Colour of its own is seldom brighter than the skin around it, and seldom on one side only, so
    both are put down to the lamp. Creases, beards and features are dark on both sides and are not.

    Parameters
    ----------
    rest : float64 (468, 3)
        Logarithmic colours beyond `skin_model`.
    trust : float64 (468,), range [0, 1]
        How surely each vertex shows plain skin.

    Returns
    -------
    float64 (DETAIL_MODES, 3)
        Coefficients to be added to those of `fit_skin`, the finest weighed half.
    """
    light = rest.mean(1, keepdims=True)
    flip = mesh.mirror[:SKIN]
    shine = np.where(light > 0, np.clip(rest, 0, MOST_DETAIL), 0) * trust[:, None]
    darker = np.clip((light - light[flip]) / 2, -MOST_DETAIL, 0)
    cast = np.where(light < 0, darker, 0) * np.minimum(trust, trust[flip])[:, None]
    # The modes are orthonormal for areas, so each coefficient stands for itself.
    value = (SHINE_KEPT * shine + CAST_KEPT * cast) * mesh.area[:, None]
    damping = 1 + mesh.mode_energy / mesh.mode_energy[-1]
    return (mesh.modes.T @ value) / damping[:, None]


def with_detail(skin: Float64, detail: Float64) -> Float64:
    """Coefficients (MODES, 3) and (DETAIL_MODES, 3) as one: (DETAIL_MODES, 3)."""
    out = detail.copy()
    out[: len(skin)] += skin
    return out


def skin_model(mesh: FaceMesh, coefficients: Float64) -> Float64:
    """Logarithmic skin colour at each vertex, float64 (468, 3), from the first (K, 3) modes."""
    return mesh.modes[:, : len(coefficients)] @ coefficients


def hair_over_skin(mesh: FaceMesh, colours: Float64) -> Float64:
    """How surely each vertex is covered by hair, by its darkness: float64 (468,) in [0, 1].

    Dark hair over the forehead or a cheek would pull the smooth skin model down with it, and the
    face would be painted over the hair in the hair's colour. Above the mouth, where no beard
    grows, skin is seldom much darker than on the cheek of its side; and a cheek itself is covered
    where it is darker than the other by more than shadows make it.
    """
    brightness = colours.mean(1)
    x, y = mesh.canonical[:SKIN, 0], mesh.canonical[:SKIN, 1]
    plain = (mesh.skin_weight > 0.8) & (y > 0.2) & (y < 0.55)
    left, right = (
        float(np.quantile(brightness[plain & (x * side > 0.2) & (x * side < 0.6)], 0.8))
        for side in (-1, 1)
    )
    lighter = max(left, right)
    ends = [max(left, lighter - SIDE_SHADOW), max(right, lighter - SIDE_SHADOW)]
    missing = np.interp(x, [-0.4, 0.4], ends) - brightness
    above = np.clip((0.45 - y) / 0.15, 0, 1)
    return np.clip((missing - HAIR[0]) / (HAIR[1] - HAIR[0]), 0, 1) * above

"""Skin colour as a smooth function on the face: what light and complexion do, robustly."""

from __future__ import annotations

import numpy as np

from personae.engine import imaging
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import SKIN
from personae.engine.types import Float32, Float64, UInt8

MODES = 12
LOG_OFFSET = 8.0
"""Added before the logarithm, so that noise in shadows weighs little."""


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


def skin_model(mesh: FaceMesh, coefficients: Float64) -> Float64:
    """Logarithmic skin colour at each vertex, float64 (468, 3)."""
    return mesh.modes[:, :MODES] @ coefficients

"""Find a donor's beard, so that it is neither taken for their skin nor for something before it."""

from __future__ import annotations

import functools

import numpy as np

from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import LIPS_RED, SKIN, UPPER_LIP
from personae.engine.types import Bool, Float64

DARK_FROM, DARK_TO = 0.55, 0.9
"""How much darker than the cheeks, as a logarithm, the skin above the lip is under a beard."""
GREY_FROM, GREY_TO = 0.3, 0.5
"""How much greyer: blue over red, as a logarithm."""
LIPS_FROM, LIPS_TO = 0.08, 0.2
"""How much lips differ from what is above them; under a mask or a scarf they do not."""


def smoothstep(values: Float64 | float, low: float, high: float) -> Float64:
    """Hermite step from 0 at `low` to 1 at `high`."""
    t = np.clip((np.asarray(values, np.float64) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def find_beard(mesh: FaceMesh, colours: Float64) -> Float64:
    """How surely each vertex lies in a beard, float64 (468,) in [0, 1].

    A beard is told above the lip, where nobody's face is in shadow: it is much darker than the
    cheeks there, or much greyer, and the lips show. Then all of the lower face may have one.

    Parameters
    ----------
    colours : float64 (468, 3)
        Logarithmic colours of the donor's skin, of a blurred picture.
    """
    lip, red = np.median(colours[list(UPPER_LIP)], 0), np.median(colours[list(LIPS_RED)], 0)
    off = lip - np.median(colours[cheeks(mesh)], 0)
    dark = float(smoothstep(-off.mean(), DARK_FROM, DARK_TO))
    grey = float(smoothstep(off[2] - off[0], GREY_FROM, GREY_TO))
    shows = float(smoothstep(np.abs(red - lip).max(), LIPS_FROM, LIPS_TO))
    return max(dark, grey) * shows * _lower_face(mesh)


@functools.cache
def cheeks(mesh: FaceMesh) -> Bool:
    """Plain skin above any beard, bool (468,)."""
    y = mesh.canonical[:SKIN, 1]
    above = (y < _mouth_y(mesh) - 0.25) & (y > -0.3)
    return (mesh.skin_weight > 0.6) & above & (mesh.ring > 2)


@functools.cache
def _lower_face(mesh: FaceMesh) -> Float64:
    """1 from the nose's base downwards, float64 (468,) in [0, 1]."""
    middle = _mouth_y(mesh)
    return smoothstep(mesh.canonical[:SKIN, 1], middle - 0.30, middle - 0.16)


def _mouth_y(mesh: FaceMesh) -> float:
    return float(mesh.canonical[[13, 14], 1].mean())

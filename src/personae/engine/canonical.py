"""The mean face that heads are measured against."""

from __future__ import annotations

import functools
from importlib import resources

import numpy as np

from personae.engine.types import Float64


def read_table(name: str) -> Float64:
    """A table of numbers from the package's data, float64 (rows, columns); ``#`` comments."""
    text = resources.files("personae.engine").joinpath("data", name).read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return np.array([line.split() for line in lines], np.float64)


@functools.cache
def canonical_face() -> Float64:
    """x, y, z and the mirrored landmark's number for each landmark, float64 (478, 4).

    x to the viewer's right, y down, z away from the viewer; the outer eye corners are 1 apart.
    """
    table = read_table("canonical_face.txt")
    table.setflags(write=False)
    return table

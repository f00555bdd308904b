"""How much a face trembles and flickers over the frames of a clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from personae.engine.types import Float64

FLOOR = 1e-6
"""A scene that moves less than this gives no ratio: nothing can be as still."""


def unsteadiness(run: Sequence[Float64]) -> tuple[float, int]:
    """The sum of squared second differences over time, and how many numbers were summed.

    A second difference, ``x[t-1] - 2 x[t] + x[t+1]``, is 0 for what rests or moves evenly; a
    tremble from frame to frame has a large one.

    Parameters
    ----------
    run : sequence of float64 arrays of one shape
        One for each of consecutive frames.
    """
    if len(run) < 3:
        return 0.0, 0
    values = np.stack([np.asarray(one, np.float64) for one in run])
    bent = values[:-2] - 2 * values[1:-1] + values[2:]
    return float((bent**2).sum()), bent.size


class Steadiness:
    """The root mean square of second differences over several runs of frames."""

    def __init__(self) -> None:
        self._last: list[Float64] = []
        self._squares = 0.0
        self._count = 0

    def add(self, values: Float64 | None) -> None:
        """The values of the next frame; None where there are none, which ends a run."""
        if values is None:
            self._last = []
            return
        self._last = [*self._last[-2:], values]
        squares, count = unsteadiness(self._last)
        self._squares += squares
        self._count += count

    @property
    def rms(self) -> float | None:
        """In the unit of the values; None where no three frames came in a row."""
        return float(np.sqrt(self._squares / self._count)) if self._count else None


def ratio(output: float | None, scene: float | None) -> float | None:
    """Output over scene; 1 is as steady as the scene. None where either is unknown or 0."""
    if output is None or scene is None or scene < FLOOR:
        return None
    return output / scene

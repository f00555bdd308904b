"""What every engine must do that changes identities, and the data it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from personae.engine.plans import EngineDonor, FacePlan, Rendered
from personae.engine.types import Canvas, Float32, Float64, UInt8

PORTRAIT_PX = 1024
"""The longer side of a portrait, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A donor photo as far as engines look at it: the head and what is around it.

    Attributes
    ----------
    rgb : uint8 (h, w, 3) RGB
    landmarks : float32 (478, 3), pixels of `rgb`
    """

    rgb: UInt8
    landmarks: Float32


class Swapper(Protocol):
    """Changes the identity of faces; threads share it, and it keeps nothing between frames."""

    @property
    def name(self) -> str:
        """What results and requests call it: ``mesh``, or a card's name."""
        ...

    @property
    def needs_skin(self) -> bool:
        """Whether plans must hold the scene's skin and build, which cost time to see."""
        ...

    @property
    def batch(self) -> int:
        """How many frames are worth being rendered in one go: 1 where that gains nothing."""
        ...

    def prepare(self, embedded: EngineDonor, portraits: Sequence[Portrait]) -> EngineDonor:
        """A donor that `render` takes.

        Parameters
        ----------
        embedded : EngineDonor
            As the embedded engine, which judges every photo, has prepared it.
        portraits : sequence of Portrait
            Of one person, the best first; at least one.
        """
        ...

    def render(self, jobs: Sequence[tuple[Canvas, FacePlan]]) -> list[Rendered | None]:
        """New faces for all jobs, nothing written yet; None for a face outside its picture.

        An engine that does not need skin must give the same for a job whatever else is rendered
        with it.
        """
        ...


class Cover(Protocol):
    """Finds what lies in front of a face; threads share it, and it keeps nothing."""

    def uncover(self, rendered: Rendered, landmarks: Float64) -> Rendered:
        """A new face without what hides the scene's: difference and mask are lessened there.

        `landmarks` are the scene's, float64 (478, 3), pixels of the picture.
        """
        ...

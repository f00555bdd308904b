"""What every engine must do that changes identities, and the data it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import clip_box
from personae.engine.plans import EngineDonor, FacePlan, Rendered
from personae.engine.types import Canvas, Face, Float32, Float64, UInt8
from personae.errors import InvalidRequest

PORTRAIT_PX = 1024
"""The longer side of a portrait, at most."""
MARGIN = 0.6
"""Room around the face, relative to its longer side: the widest template sees so far."""


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


def portrait_of(canvas: Canvas, face: Face) -> Portrait:
    """One face of a photo with room around it, at most `PORTRAIT_PX` a side."""
    points = face.landmarks[:, :2].astype(np.float64)
    low, high = points.min(0), points.max(0)
    margin = MARGIN * float((high - low).max())
    box = clip_box(low - margin, high + margin, canvas.size_wh)
    if box is None:
        raise InvalidRequest("The face lies outside the picture.")
    rgb = canvas.region_rgb(box)
    landmarks = face.landmarks - np.array([box[0], box[1], 0], np.float32)
    scale = PORTRAIT_PX / max(rgb.shape[:2])
    if scale < 1:
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        wide, tall = size[0] / rgb.shape[1], size[1] / rgb.shape[0]
        rgb = imaging.resize_area(rgb, size)
        landmarks[:, :2] = (landmarks[:, :2] + 0.5) * [wide, tall] - 0.5
        landmarks[:, 2] *= scale
    landmarks.setflags(write=False)
    rgb.setflags(write=False)
    return Portrait(rgb, landmarks)


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

    def uncover(self, faces: Sequence[tuple[Canvas, Rendered, Float64]]) -> list[Rendered]:
        """New faces without what hides the scene's: difference and mask are lessened there.

        Each with the picture that it is not written into yet, and the scene's landmarks, float64
        (478, 3), pixels of the picture.
        """
        ...

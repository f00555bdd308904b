"""What is to be done to one face, and what came of it: the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personae.engine.types import BoxXYXY, Float32, Float64, Marked, UInt8


class EngineDonor:
    """A donor as one engine has prepared it; each engine has its own kind."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class FacePlan:
    """All that one face of one frame needs to be rendered, whatever came before.

    Attributes
    ----------
    donor : EngineDonor
        Prepared by the engine that renders it.
    landmarks : float64 (478, 3)
        The scene's, smoothed over time in a video, in pixels.
    shift : float64 (468, 3)
        From `identity_shift`, canonical units; `NO_SHIFT` where the engine asks for none.
    skin : float64 (DETAIL_MODES, 3)
        The scene's skin coefficients from `observe_skin`; likewise `NO_COLOURS`.
    lips : float64 (3,), RGB in [0, 255]
        The scene's mean lip colour.
    glasses : float in [0, 1]
        How surely dark or tinted glasses cover the eyes; they stay.
    strength : float in [0, 1]
    nearer : landmarks (478, 3) of faces that may stand in front of this one
    frames : float in [0, 1]
        How surely glasses are worn whose frame can be seen; it stays.
    """

    donor: EngineDonor
    landmarks: Float64
    shift: Float64
    skin: Float64
    lips: Float64
    glasses: float
    strength: float
    nearer: tuple[Float64, ...] = ()
    frames: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A difference to add: `delta` float32 (h, w, 3) for `box`; `mask` float32 (h, w), [0, 1].

    `scene`, uint8 (h, w, 3) RGB, is what is there without it. `marked` is where the invisible mark
    was added besides, if it was.
    """

    box: BoxXYXY
    scene: UInt8
    delta: Float32
    mask: Float32
    marked: Marked | None = None


NO_SHIFT: Float64 = np.zeros((0, 3))
NO_COLOURS: Float64 = np.zeros((0, 3))
NO_SHIFT.setflags(write=False)
NO_COLOURS.setflags(write=False)


def bare_plan(donor: EngineDonor, landmarks: Float64, strength: float) -> FacePlan:
    """A plan for engines that look at the scene's face themselves."""
    return FacePlan(donor, landmarks, NO_SHIFT, NO_COLOURS, NO_COLOURS, 0.0, strength)

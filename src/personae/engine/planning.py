"""From what was seen of a face to what is needed to render it; stills and clips alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from personae.engine.mesh.donor import mesh_donor
from personae.engine.mesh.observe import SkinObservation
from personae.engine.mesh.shape import DEFAULT_TRANSFER, identity_shift
from personae.engine.mesh.topology import FaceMesh
from personae.engine.plans import EngineDonor, FacePlan
from personae.engine.types import Face, Float64

Box = tuple[float, float, float, float]


def shift_of(mesh: FaceMesh, donor: EngineDonor, scene_canonical: Float64) -> Float64:
    """How a donor changes the shape of a scene's face, as `FacePlan.shift`."""
    return identity_shift(mesh, mesh_donor(donor).canonical, scene_canonical) * DEFAULT_TRANSFER


def plan_face(
    donor: EngineDonor,
    landmarks: Float64,
    shift: Float64,
    sights: Sequence[SkinObservation],
    strength: float,
) -> FacePlan:
    """The plan for one face; its colours are the mean of all `sights`."""
    skin = np.mean([sight.skin for sight in sights], axis=0)
    lips = np.mean([sight.lips for sight in sights], axis=0)
    glasses = float(np.mean([sight.glasses for sight in sights]))
    frames = float(np.mean([sight.frames for sight in sights]))
    return FacePlan(donor, landmarks, shift, skin, lips, glasses, strength, frames=frames)


def box_of(landmarks: Float64) -> Box:
    """The box around a face's skin, x0, y0, x1, y1 in pixels."""
    low, high = landmarks[:468, :2].min(0), landmarks[:468, :2].max(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def in_order(plans: Sequence[FacePlan], faces: Sequence[Float64]) -> list[FacePlan]:
    """Plans from the farthest (smallest) to the nearest, told which of `faces` overlap them."""
    out: list[FacePlan] = []
    for plan in sorted(plans, key=lambda plan: _size(box_of(plan.landmarks))):
        box = box_of(plan.landmarks)
        nearer = [
            one for one in faces if _size(box_of(one)) > _size(box) and _meet(box, box_of(one))
        ]
        out.append(replace(plan, nearer=tuple(nearer)) if nearer else plan)
    return out


def is_taken(face: Face, others: Iterable[Float64]) -> bool:
    """Whether another track, by its landmarks, already owns this place."""
    x0, y0, x1, y1 = face.box_xyxy
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    for landmarks in others:
        ox0, oy0, ox1, oy1 = box_of(landmarks)
        other = np.array([(ox0 + ox1) / 2, (oy0 + oy1) / 2])
        if np.linalg.norm(middle - other) < 0.35 * max(ox1 - ox0, oy1 - oy0):
            return True
    return False


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _meet(a: Box, b: Box) -> bool:
    """Whether a face's box meets another head's, half as large again as its face's."""
    wide, tall = (b[2] - b[0]) / 4, (b[3] - b[1]) / 4
    across = a[0] < b[2] + wide and b[0] - wide < a[2]
    return across and a[1] < b[3] + tall and b[1] - tall < a[3]

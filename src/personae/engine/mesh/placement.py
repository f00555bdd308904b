"""Where a face lies in the picture, and the grids on which it is worked out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from personae.engine.geometry import clip_box, pose_of
from personae.engine.mesh.shape import to_canonical
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import EYE_LEFT, EYE_RIGHT, RING_START, SKIN, extend_positions
from personae.engine.types import BoxXYXY, Float64

WORK_PX, DETAILED_PX = 400, 1024
"""The longer side, at most, at which colours are worked out; and for donors with detail to show."""
CELLS = 128
"""The longer side, at most, of the grid on which the mesh is drawn."""
RING = 0.22
SMALLEST_PX = 16


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where the mesh lies.

    Attributes
    ----------
    box : the pixels of the picture that are read
    before, after : float64 (VERTICES, 3), pixels of the picture
        The vertices as the scene has them, and moved to the donor's build.
    work_wh, cell_wh : width and height of the working size and of the grid of cells
    yaw : degrees, as in `Pose`
    """

    box: BoxXYXY
    before: Float64
    after: Float64
    work_wh: tuple[int, int]
    cell_wh: tuple[int, int]
    yaw: float

    def in_cells(self, positions: Float64) -> Float64:
        x0, y0, x1, y1 = self.box
        scale = np.array([self.cell_wh[0] / (x1 - x0), self.cell_wh[1] / (y1 - y0)])
        return (positions[:, :2] - [x0, y0] + 0.5) * scale - 0.5

    def in_work(self, positions: Float64) -> Float64:
        x0, y0, x1, y1 = self.box
        scale = np.array([self.work_wh[0] / (x1 - x0), self.work_wh[1] / (y1 - y0)])
        return (positions[:, :2] - [x0, y0] + 0.5) * scale - 0.5


def place(
    mesh: FaceMesh,
    landmarks: Float64,
    shift: Float64,
    size_wh: tuple[int, int],
    work_px: int = WORK_PX,
) -> Placement | None:
    """Move the vertices to the donor's build and choose the grids.

    `landmarks` are (478, 3) in pixels, `shift` is (468, 3) in canonical units, `work_px` is the
    longer side, at most, of the working size. None when too
    little of the face lies in the picture.
    """
    fit, _ = to_canonical(mesh, landmarks)
    moved = landmarks.copy()
    moves = fit.undo_vectors(shift)
    moved[:SKIN] += moves
    moved[468:473] += moves[list(EYE_LEFT)].mean(0)
    moved[473:478] += moves[list(EYE_RIGHT)].mean(0)
    before, after = extend_positions(landmarks, RING), extend_positions(moved, RING)
    after[RING_START:] = before[RING_START:]
    box = clip_box(after[:, :2].min(0) - 4, after[:, :2].max(0) + 4, size_wh)
    if box is None or min(box[2] - box[0], box[3] - box[1]) < SMALLEST_PX:
        return None
    wide, tall = box[2] - box[0], box[3] - box[1]
    scale = min(1.0, work_px / max(wide, tall))
    work = (max(SMALLEST_PX, round(wide * scale)), max(SMALLEST_PX, round(tall * scale)))
    coarse = min(1.0, CELLS / max(work))
    cell = (max(8, math.ceil(work[0] * coarse)), max(8, math.ceil(work[1] * coarse)))
    return Placement(box, before, after, work, cell, pose_of(fit.rotation).yaw)

"""The order of the steps: find, follow, know, prepare, plan, render, restore, mark.

Only this module and its parts, `planning` and `following`, know all steps; each of them knows none
of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from personae.engine import imaging
from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, Embedder, distance
from personae.engine.faces.finder import FaceFinder
from personae.engine.following import Casting, Follower, FrameT, PlannedFrame
from personae.engine.marking.embedding import mark_into
from personae.engine.mesh.donor import MeshDonor, build_donor
from personae.engine.mesh.observe import observe_skin
from personae.engine.mesh.quality import Finding, judge
from personae.engine.mesh.render import FacePlan, Rendered, render_face
from personae.engine.mesh.shape import to_canonical
from personae.engine.mesh.topology import FaceMesh, face_mesh
from personae.engine.mesh.unrolling import Unrolled, unroll
from personae.engine.planning import in_order, plan_face, shift_of
from personae.engine.restore import ClassicalRestorer, Restorer, SwappedFace
from personae.engine.screening import Screening
from personae.engine.track.people import People
from personae.engine.track.tracker import Tracker
from personae.engine.types import Canvas, Face, Float32, Float64


class Engine:
    """Finds, knows and swaps faces. Threads may share it; they take turns at its models."""

    def __init__(
        self, finder: FaceFinder, embedder: Embedder, restorer: Restorer | None = None
    ) -> None:
        self._finder = finder
        self._embedder = embedder
        self._restorer: Restorer = restorer or ClassicalRestorer()
        self._mesh: FaceMesh = face_mesh()

    def __repr__(self) -> str:
        return "Engine(mesh)"

    def faces(self, canvas: Canvas) -> list[Face]:
        """All faces of a still, left to right."""
        return self._finder.find_all(canvas)

    def embed(self, canvas: Canvas, landmarks: Float32) -> Float32:
        """Who it is: float32 (128,), unit norm."""
        return self._embedder.embed(canvas, landmarks)

    def study(self, canvas: Canvas, face: Face) -> tuple[Unrolled, list[Finding]]:
        """Take one donor photo apart, and say what is wrong with it."""
        photo = unroll(self._mesh, canvas, face)
        return photo, judge(self._mesh, canvas, face, photo)

    def prepare(self, photos: Sequence[Unrolled]) -> MeshDonor:
        """Make a donor of one or several studied photos of one person."""
        return build_donor(self._mesh, photos)

    def plan_still(
        self, canvas: Canvas, parts: Sequence[tuple[Face, MeshDonor]], strength: float
    ) -> list[FacePlan]:
        """Plans for the faces of a still, farthest (smallest) first."""
        plans: list[FacePlan] = []
        for face, donor in parts:
            landmarks = face.landmarks.astype(np.float64)
            sight = observe_skin(self._mesh, canvas, landmarks)
            if sight is not None:
                _, canonical = to_canonical(self._mesh, landmarks)
                shift = shift_of(self._mesh, donor, canonical)
                plans.append(plan_face(donor, landmarks, shift, [sight], strength))
        return in_order(plans, [plan.landmarks for plan in plans])

    def render_into(
        self,
        canvas: Canvas,
        plans: Sequence[FacePlan],
        restore: float = 0.0,
        mark: int | None = None,
    ) -> list[Rendered]:
        """Render `plans` into the canvas, in place. Thread-safe on different canvases.

        Parameters
        ----------
        canvas : Canvas
        plans : sequence of FacePlan
        restore : float, range [0, 1]
            How much each new face is restored before it is written.
        mark : int in [0, 2**40), optional
            The id that the new faces carry invisibly; None leaves them unmarked.
        """
        done: list[Rendered] = []
        landmarks: list[Float64] = []
        for plan in plans:
            rendered = render_face(self._mesh, canvas, plan)
            if rendered is not None:
                if restore > 0:
                    self._restore_into(rendered, canvas, plan, restore)
                canvas.add_into(rendered.box, rendered.delta)
                done.append(rendered)
                landmarks.append(plan.landmarks)
        if mark is None:
            return done
        faces = [(one.box, face) for one, face in zip(done, landmarks, strict=True)]
        marks = mark_into(canvas, faces, mark)
        return [replace(one, marked=where) for one, where in zip(done, marks, strict=True)]

    def _restore_into(
        self, rendered: Rendered, canvas: Canvas, plan: FacePlan, strength: float
    ) -> None:
        """Add the restorer's change to what was rendered: both are written and rounded once."""
        rgb = np.clip(rendered.scene + rendered.delta, 0, 255)
        face = SwappedFace(canvas, rendered.box, rgb, rendered.mask, plan.landmarks)
        imaging.add_into(rendered.delta, self._restorer.restore(face, strength))

    def follow(
        self, frames: Iterable[FrameT], casting: Casting, strength: float
    ) -> Iterator[PlannedFrame[FrameT]]:
        """Plan every frame of a clip, a few frames behind what was read; nothing is changed yet."""
        follower: Follower[FrameT] = self.follower(casting, strength)
        return follower.run(frames)

    def follower(
        self, casting: Casting, strength: float, state: Mapping[str, Any] | None = None
    ) -> Follower[Any]:
        """A pass over a clip that can be interrupted: see `Follower`."""
        people = People(distance, SAME_PERSON_DISTANCE, casting.known)
        tracker = self.tracker(people, tell_apart=casting.needs_people)
        screening = None if casting.screen is None else Screening(casting.screen, self.embed)
        return Follower(tracker, self._mesh, casting, strength, screening, state)

    def tracker(self, people: People, *, tell_apart: bool) -> Tracker:
        """A fresh tracker over this engine's models."""
        return Tracker(self._finder, self.embed if tell_apart else None, people)

"""The order of the steps: find, follow, know, prepare, plan, render, uncover, restore, mark.

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
from personae.engine.faces.rough import RoughDetector
from personae.engine.following import Casting, Follower, FrameT, PlannedFrame
from personae.engine.marking.embedding import mark_into
from personae.engine.mesh.donor import MeshDonor, build_donor
from personae.engine.mesh.observe import observe_skin
from personae.engine.mesh.quality import Finding, judge
from personae.engine.mesh.shape import to_canonical
from personae.engine.mesh.swapper import MeshSwapper
from personae.engine.mesh.topology import FaceMesh, face_mesh
from personae.engine.mesh.unrolling import Unrolled, unroll
from personae.engine.planning import in_order, plan_face, shift_of
from personae.engine.plans import EngineDonor, FacePlan, Rendered, bare_plan
from personae.engine.restore import ClassicalRestorer, Restorer, SwappedFace
from personae.engine.screening import Screening
from personae.engine.swapper import Cover, Portrait, Swapper
from personae.engine.track.people import People
from personae.engine.track.tracker import Tracker
from personae.engine.types import Canvas, Face, Float32


class Engine:
    """Finds, knows and swaps faces. Threads may share it; they take turns at its models.

    Parameters
    ----------
    finder : FaceFinder
    embedder : Embedder
    restorer : Restorer, optional
        The one without a model if it is left out.
    swapper : Swapper, optional
        The embedded one if it is left out.
    cover : Cover, optional
        Finds what hides a face, besides what the swapper sees of it itself.
    """

    def __init__(
        self,
        finder: FaceFinder,
        embedder: Embedder,
        restorer: Restorer | None = None,
        swapper: Swapper | None = None,
        cover: Cover | None = None,
    ) -> None:
        self._finder = finder
        self._embedder = embedder
        self._restorer: Restorer = restorer or ClassicalRestorer()
        self._mesh: FaceMesh = face_mesh()
        self._swapper: Swapper = swapper or MeshSwapper(self._mesh)
        self._cover = cover

    def __repr__(self) -> str:
        return f"Engine({self._swapper.name})"

    @property
    def name(self) -> str:
        """The swapper's: ``mesh``, or a card's name."""
        return self._swapper.name

    @property
    def restorer(self) -> str:
        """What restores faces if that is asked for; ``classical`` is the one without a model."""
        return self._restorer.name

    @property
    def batch(self) -> int:
        """How many frames `render_all` wants at a time."""
        return self._swapper.batch

    def beside(
        self,
        swapper: Swapper | None = None,
        restorer: Restorer | None = None,
        cover: Cover | None = None,
        detectors: Sequence[RoughDetector] = (),
    ) -> Engine:
        """Another engine over the same models; without `detectors` it finds faces by them as well.

        Parameters
        ----------
        swapper, restorer, cover
            As for `Engine`.
        detectors : sequence of RoughDetector
        """
        finder = self._finder.looking_with(detectors) if detectors else self._finder
        return Engine(finder, self._embedder, restorer, swapper, cover)

    def cast(self, embedded: EngineDonor, portraits: Sequence[Portrait]) -> EngineDonor:
        """A donor for this engine's plans; see `Swapper.prepare`."""
        return self._swapper.prepare(embedded, portraits)

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
        self, canvas: Canvas, parts: Sequence[tuple[Face, EngineDonor]], strength: float
    ) -> list[FacePlan]:
        """Plans for the faces of a still, farthest (smallest) first."""
        plans: list[FacePlan] = []
        for face, donor in parts:
            landmarks = face.landmarks.astype(np.float64)
            if not self._swapper.needs_skin:
                plans.append(bare_plan(donor, landmarks, strength))
                continue
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
        return self.render_all([(canvas, plans)], restore, mark)[0]

    def render_all(
        self,
        frames: Sequence[tuple[Canvas, Sequence[FacePlan]]],
        restore: float = 0.0,
        mark: int | None = None,
    ) -> list[list[Rendered]]:
        """`render_into` for several frames in one go, which gives the same as one by one."""
        if self._swapper.needs_skin:
            # Faces that overlap are told apart by what lies before them, new faces included.
            done = [
                [one for plan in plans for one in self._rendered_into([(canvas, plan)], restore)]
                for canvas, plans in frames
            ]
        else:
            flat = self._rendered_into(
                [(canvas, plan) for canvas, plans in frames for plan in plans], restore
            )
            parts = iter(flat)
            done = [[next(parts) for _ in plans] for _, plans in frames]
        return [
            self._marked_into(canvas, plans, faces, mark)
            for (canvas, plans), faces in zip(frames, done, strict=True)
        ]

    def _rendered_into(
        self, jobs: Sequence[tuple[Canvas, FacePlan]], restore: float
    ) -> list[Rendered | None]:
        """Render jobs and write them, each after all of them were rendered."""
        done = self._swapper.render(jobs)
        there = [(canvas, plan, one) for (canvas, plan), one in zip(jobs, done, strict=True) if one]
        faces = [one for _, _, one in there]
        if self._cover is not None and faces:
            faces = self._cover.uncover([(c, one, plan.landmarks) for c, plan, one in there])
        if restore > 0 and faces:
            self._restore_into(faces, there, restore)
        for (canvas, _, _), one in zip(there, faces, strict=True):
            canvas.add_into(one.box, one.delta)
        left = iter(faces)
        return [None if one is None else next(left) for one in done]

    def _marked_into(
        self,
        canvas: Canvas,
        plans: Sequence[FacePlan],
        faces: Sequence[Rendered | None],
        mark: int | None,
    ) -> list[Rendered]:
        pairs = [(one, plan) for one, plan in zip(faces, plans, strict=True) if one is not None]
        done = [one for one, _ in pairs]
        if mark is None:
            return done
        marks = mark_into(canvas, [(one.box, plan.landmarks) for one, plan in pairs], mark)
        return [replace(one, marked=where) for one, where in zip(done, marks, strict=True)]

    def _restore_into(
        self,
        faces: Sequence[Rendered],
        there: Sequence[tuple[Canvas, FacePlan, Rendered]],
        strength: float,
    ) -> None:
        """Add the restorer's changes to what was rendered: both are written and rounded once."""
        given = [
            SwappedFace(
                canvas, one.box, np.clip(one.scene + one.delta, 0, 255), one.mask, plan.landmarks
            )
            for (canvas, plan, _), one in zip(there, faces, strict=True)
        ]
        for one, change in zip(faces, self._restorer.restore_all(given, strength), strict=True):
            imaging.add_into(one.delta, change)

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
        return Follower(
            tracker,
            self._mesh,
            casting,
            strength,
            screening,
            state,
            needs_skin=self._swapper.needs_skin,
        )

    def tracker(self, people: People, *, tell_apart: bool) -> Tracker:
        """A fresh tracker over this engine's models."""
        return Tracker(self._finder, self.embed if tell_apart else None, people)

"""The order of the steps: find, follow, know, prepare, plan, render.

This is the only module that knows all steps; each of them knows none of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, Embedder, distance
from personae.engine.faces.finder import FaceFinder, make_face
from personae.engine.mesh.donor import MeshDonor, build_donor
from personae.engine.mesh.observe import SkinObservation, observe_skin
from personae.engine.mesh.quality import Finding, judge
from personae.engine.mesh.render import FacePlan, Rendered, render_face
from personae.engine.mesh.shape import DEFAULT_TRANSFER, identity_shift, to_canonical
from personae.engine.mesh.topology import FaceMesh, face_mesh
from personae.engine.mesh.unrolling import Unrolled, unroll
from personae.engine.track.people import People
from personae.engine.track.presence import alike, patch
from personae.engine.track.tracker import Tracker
from personae.engine.track.window import Entry, Window
from personae.engine.types import Canvas, Face, Float32, Float64, SceneFrame

BUILD_FRAMES = 60
"""Sightings over which the build of a scene's face is averaged before it is kept."""


class HasScene(Protocol):
    """A frame of any kind, with whatever its writer needs beside the engine's view of it."""

    @property
    def scene(self) -> SceneFrame: ...


FrameT = TypeVar("FrameT", bound=HasScene)


@dataclass(frozen=True, slots=True, eq=False)
class PlannedFrame(Generic[FrameT]):
    """A frame and the faces to render into it, farthest first."""

    frame: FrameT
    plans: tuple[FacePlan, ...]


class Casting(Protocol):
    """Decides which donor each face gets.

    ``needs_people``: whether faces must be told apart. ``known``: embeddings of reference faces,
    people 0, 1, … of the clip.
    """

    @property
    def needs_people(self) -> bool: ...
    @property
    def known(self) -> Sequence[Float32]: ...
    def cast(self, faces: Sequence[CastFace]) -> dict[int, MeshDonor]:
        """Donors by position in `faces`, which is one frame's faces, left to right."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CastFace:
    """One face of a frame, for `Casting`: its box, and who it is if that was asked for."""

    box_xyxy: tuple[float, float, float, float]
    person: int | None


class Engine:
    """Finds, knows and swaps faces. Threads may share it; they take turns at its models."""

    def __init__(self, finder: FaceFinder, embedder: Embedder) -> None:
        self._finder = finder
        self._embedder = embedder
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
                shift = _shift(self._mesh, donor, canonical)
                plans.append(_plan(donor, landmarks, shift, [sight], strength))
        return _in_order(plans, [plan.landmarks for plan in plans])

    def render_into(self, canvas: Canvas, plans: Sequence[FacePlan]) -> list[Rendered]:
        """Render `plans` into the canvas, in place. Thread-safe on different canvases."""
        done: list[Rendered] = []
        for plan in plans:
            rendered = render_face(self._mesh, canvas, plan)
            if rendered is not None:
                canvas.add_into(rendered.box, rendered.delta)
                done.append(rendered)
        return done

    def follow(
        self, frames: Iterable[FrameT], casting: Casting, strength: float
    ) -> Iterator[PlannedFrame[FrameT]]:
        """Plan every frame of a clip, a few frames behind what was read; nothing is changed yet."""
        follower: _Follower[FrameT] = _Follower(self, self._mesh, casting, strength)
        return follower.run(frames)

    def tracker(self, people: People, *, tell_apart: bool) -> Tracker:
        """A fresh tracker over this engine's models."""
        return Tracker(self._finder, self.embed if tell_apart else None, people)


class _Follower(Generic[FrameT]):
    """One clip's pass: sightings into a window, plans out of it."""

    def __init__(self, engine: Engine, mesh: FaceMesh, casting: Casting, strength: float) -> None:
        self._engine = engine
        self._mesh = mesh
        self._casting = casting
        self._strength = strength
        people = People(distance, SAME_PERSON_DISTANCE, casting.known)
        self._tracker = engine.tracker(people, tell_apart=casting.needs_people)
        self._window: Window[FrameT, SkinObservation] = Window()
        self._builds: dict[int, tuple[int, Float64]] = {}
        self._shifts: dict[int, tuple[int, MeshDonor, Float64]] = {}

    def run(self, frames: Iterable[FrameT]) -> Iterator[PlannedFrame[FrameT]]:
        for frame in frames:
            self._see(frame)
            yield from self._decide(flush=False)
        yield from self._decide(flush=True)

    def _see(self, frame: FrameT) -> None:
        sighting = self._tracker.see(frame.scene.number, frame.scene.canvas)
        entry: Entry[FrameT, SkinObservation] = Entry(frame, {}, {}, sighting.cut)
        self._window.push(entry)
        for track, face in sighting.faces.items():
            self._note(entry, track, face)
        for track in sighting.fresh:
            self._trace_back(track, sighting.faces.get(track))

    def _trace_back(self, track: int, face: Face | None) -> None:
        """Follow a newcomer back over the frames since the last search, or since it was lost."""
        for entry in self._window.earlier():
            if face is None or track in entry.landmarks:
                return
            face = self._tracker.trace_back(entry.frame.scene.canvas, face)
            if face is None or _taken(face, entry.landmarks.values()):
                return
            self._note(entry, track, face)

    def _note(self, entry: Entry[FrameT, SkinObservation], track: int, face: Face) -> None:
        landmarks = face.landmarks.astype(np.float64)
        entry.landmarks[track] = landmarks
        count, mean = self._builds.get(track, (0, np.zeros((478, 3))))
        if count < BUILD_FRAMES:
            _, canonical = to_canonical(self._mesh, landmarks)
            self._builds[track] = (count + 1, mean + (canonical - mean) / (count + 1))
        sight = observe_skin(self._mesh, entry.frame.scene.canvas, landmarks)
        if sight is not None:
            entry.sights[track] = sight

    def _decide(self, *, flush: bool) -> Iterator[PlannedFrame[FrameT]]:
        while (entry := self._window.pop(flush=flush)) is not None:
            there = [t for t in self._window.tracks() if self._is_there(entry, t)]
            shown = [(track, self._window.steady(track)) for track in there]
            shown.sort(key=lambda one: float(one[1][:468, 0].min() + one[1][:468, 0].max()))
            faces = [CastFace(_box(lm), self._person(track)) for track, lm in shown]
            plans: list[FacePlan] = []
            for position, donor in self._casting.cast(faces).items():
                plan = self._plan(*shown[position], donor)
                if plan is not None:
                    plans.append(plan)
            self._window.forget()
            ordered = _in_order(plans, [landmarks for _, landmarks in shown])
            yield PlannedFrame(entry.frame, tuple(ordered))

    def _is_there(self, entry: Entry[FrameT, SkinObservation], track: int) -> bool:
        """Whether a track is seen in a frame, now that the frames around tell where to look.

        A face that jumped away and came back is between two sightings too, and a swap where it
        should have been would be a ghost.
        """
        if track in entry.landmarks:
            return True
        canvas, between = entry.frame.scene.canvas, self._window.steady(track)
        guess = make_face(between.astype(np.float32), 1.0)
        face = self._tracker.trace_back(canvas, guess)
        if _taken(face or guess, entry.landmarks.values()):
            return False
        if face is not None:
            self._note(entry, track, face)
            return True
        # Only later frames tell what it looks like: earlier ones are being rendered into.
        later = self._window.later(track)
        if later is None:
            return False
        found = patch(later.frame.scene.canvas, later.landmarks[track])
        return alike(patch(canvas, between), found)

    def _person(self, track: int) -> int | None:
        return self._tracker.person_of(track) if self._casting.needs_people else None

    def _plan(self, track: int, landmarks: Float64, donor: MeshDonor) -> FacePlan | None:
        sights = self._window.sights(track)
        if not sights:
            return None
        count, build = self._builds[track]
        known = self._shifts.get(track)
        if known is None or known[0] != count or known[1] is not donor:
            known = (count, donor, _shift(self._mesh, donor, build))
            self._shifts[track] = known
        return _plan(donor, landmarks, known[2], sights, self._strength)


def _shift(mesh: FaceMesh, donor: MeshDonor, scene_canonical: Float64) -> Float64:
    return identity_shift(mesh, donor.canonical, scene_canonical) * DEFAULT_TRANSFER


def _plan(
    donor: MeshDonor,
    landmarks: Float64,
    shift: Float64,
    sights: Sequence[SkinObservation],
    strength: float,
) -> FacePlan:
    skin = np.mean([sight.skin for sight in sights], axis=0)
    lips = np.mean([sight.lips for sight in sights], axis=0)
    glasses = float(np.mean([sight.glasses for sight in sights]))
    return FacePlan(donor, landmarks, shift, skin, lips, glasses, strength)


def _box(landmarks: Float64) -> tuple[float, float, float, float]:
    low, high = landmarks[:468, :2].min(0), landmarks[:468, :2].max(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _size(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _in_order(plans: Sequence[FacePlan], faces: Sequence[Float64]) -> list[FacePlan]:
    """Plans from the farthest (smallest) to the nearest, told which of `faces` overlap them."""
    out: list[FacePlan] = []
    for plan in sorted(plans, key=lambda plan: _size(_box(plan.landmarks))):
        box = _box(plan.landmarks)
        nearer = [one for one in faces if _size(_box(one)) > _size(box) and _meet(box, _box(one))]
        out.append(replace(plan, nearer=tuple(nearer)) if nearer else plan)
    return out


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    """Whether a face's box meets another head's, half as large again as its face's."""
    wide, tall = (b[2] - b[0]) / 4, (b[3] - b[1]) / 4
    across = a[0] < b[2] + wide and b[0] - wide < a[2]
    return across and a[1] < b[3] + tall and b[1] - tall < a[3]


def _taken(face: Face, others: Iterable[Float64]) -> bool:
    """Whether another track already owns this place."""
    x0, y0, x1, y1 = face.box_xyxy
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    for landmarks in others:
        ox0, oy0, ox1, oy1 = _box(landmarks)
        other = np.array([(ox0 + ox1) / 2, (oy0 + oy1) / 2])
        if np.linalg.norm(middle - other) < 0.35 * max(ox1 - ox0, oy1 - oy0):
            return True
    return False

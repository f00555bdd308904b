"""Following everybody through a clip, and planning each frame once enough of it was seen.

A pass can be interrupted between two frames: its state is plain values, and another process goes
on from it as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from personae.engine.faces.finder import make_face
from personae.engine.mesh.observe import SkinObservation, observe_skin
from personae.engine.mesh.shape import to_canonical
from personae.engine.mesh.topology import FaceMesh
from personae.engine.planning import box_of, in_order, is_taken, plan_face, shift_of
from personae.engine.plans import EngineDonor, FacePlan, bare_plan
from personae.engine.register import Screen
from personae.engine.screening import Screening
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
    people 0, 1, … of the clip. ``screen``: refuses people who may not be swapped, if there are any.
    """

    @property
    def needs_people(self) -> bool: ...
    @property
    def known(self) -> Sequence[Float32]: ...
    @property
    def screen(self) -> Screen | None: ...
    def cast(self, faces: Sequence[CastFace]) -> dict[int, EngineDonor]:
        """Donors by position in `faces`, which is one frame's faces, left to right."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CastFace:
    """One face of a frame, for `Casting`: its box, and who it is if that was asked for."""

    box_xyxy: tuple[float, float, float, float]
    person: int | None


class Follower(Generic[FrameT]):
    """One clip's pass: sightings into a window, plans out of it.

    Parameters
    ----------
    tracker : Tracker
        Fresh; a `state` brings it up to date.
    mesh : FaceMesh
    casting : Casting
        Keeps its own state.
    strength : float, range [0, 1]
    screening : Screening, optional
        Refuses people who may not be swapped.
    state : mapping, optional
        What `snapshot` gave. The frames that were seen but not decided on by then must be seen
        again first: they only take their places, and nothing is looked for in them.
    needs_skin : bool
        As `Swapper.needs_skin`.
    """

    def __init__(
        self,
        tracker: Tracker,
        mesh: FaceMesh,
        casting: Casting,
        strength: float,
        screening: Screening | None = None,
        state: Mapping[str, Any] | None = None,
        *,
        needs_skin: bool = True,
    ) -> None:
        self._needs_skin = needs_skin
        self._tracker = tracker
        self._screening = screening
        self._mesh = mesh
        self._casting = casting
        self._strength = strength
        self._window: Window[FrameT, SkinObservation] = Window()
        self._builds: dict[int, tuple[int, Float64]] = {}
        # Worked out anew when needed: no part of the state.
        self._shifts: dict[int, tuple[int, EngineDonor, Float64]] = {}
        self._next = 0
        if state is not None:
            self._restore(state)

    def run(self, frames: Iterable[FrameT]) -> Iterator[PlannedFrame[FrameT]]:
        """Plan all frames to the end, each as soon as it can be."""
        for frame in frames:
            self.see(frame)
            yield from self.decide()
        yield from self.decide(flush=True)

    @property
    def waiting(self) -> int:
        """How many frames were seen and not decided on yet."""
        return len(self._window.waiting())

    def see(self, frame: FrameT) -> None:
        """Look at the next frame; numbers rise one by one."""
        number = frame.scene.number
        if number < self._next:  # seen before the snapshot
            self._window.waiting()[number - self._next].frame = frame
            return
        self._next = number + 1
        self._window.drop_missing()
        sighting = self._tracker.see(number, frame.scene.canvas)
        entry: Entry[FrameT, SkinObservation] = Entry(frame, {}, {}, sighting.cut)
        self._window.push(entry)
        for track, face in sighting.faces.items():
            self._note(entry, track, face)
        for track in sighting.fresh:
            self._trace_back(track, sighting.faces.get(track))

    def decide(self, *, flush: bool = False) -> Iterator[PlannedFrame[FrameT]]:
        """Plan what can be planned by now; with `flush`, everything, for no frame follows."""
        while (entry := self._window.pop(flush=flush)) is not None:
            frame = entry.frame
            if frame is None:  # it did not decode a second time
                continue
            plans = self._plans(entry)
            self._window.forget()
            entry.frame = None  # large, and only frames to come are looked at again
            yield PlannedFrame(frame, plans)
            del frame

    def snapshot(self) -> dict[str, Any]:
        """All that the frames to come depend on: plain values and arrays, owned by the caller."""
        entries = self._window.entries()
        tracks = {track for entry in entries for track in entry.landmarks}
        told = self._tracker.snapshot(keep=tracks)
        alive = tracks | set(told["active"]) | set(told["lost"])
        return {
            "next": self._next,
            "decided": len(entries) - self.waiting,
            "entries": [_entry_state(entry) for entry in entries],
            "builds": [
                [track, count, mean]
                for track, (count, mean) in self._builds.items()
                if track in alive
            ],
            "tracker": told,
            "screening": None if self._screening is None else self._screening.snapshot(alive),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        entries = [_entry_of(one) for one in state["entries"]]
        self._window = Window(entries, int(state["decided"]))
        self._builds = {int(track): (int(count), mean) for track, count, mean in state["builds"]}
        self._next = int(state["next"])
        self._tracker.restore(state["tracker"])
        screened = state.get("screening")
        if self._screening is not None and screened is not None:
            self._screening.restore(screened)

    def _trace_back(self, track: int, face: Face | None) -> None:
        """Follow a newcomer back over the frames since the last search, or since it was lost."""
        for entry in self._window.earlier():
            if face is None or track in entry.landmarks:
                return
            face = self._tracker.trace_back(_canvas(entry), face)
            if face is None or is_taken(face, entry.landmarks.values()):
                return
            self._note(entry, track, face)

    def _note(self, entry: Entry[FrameT, SkinObservation], track: int, face: Face) -> None:
        landmarks = face.landmarks.astype(np.float64)
        entry.landmarks[track] = landmarks
        if not self._needs_skin:
            return
        count, mean = self._builds.get(track, (0, np.zeros((478, 3))))
        if count < BUILD_FRAMES:
            _, canonical = to_canonical(self._mesh, landmarks)
            self._builds[track] = (count + 1, mean + (canonical - mean) / (count + 1))
        sight = observe_skin(self._mesh, _canvas(entry), landmarks)
        if sight is not None:
            entry.sights[track] = sight

    def _plans(self, entry: Entry[FrameT, SkinObservation]) -> tuple[FacePlan, ...]:
        """Plans for the frame that the window decides on, farthest face first."""
        there = [t for t in self._window.tracks() if self._is_there(entry, t)]
        shown = [(track, self._window.steady(track)) for track in there]
        shown.sort(key=lambda one: box_of(one[1])[:2])
        faces = [CastFace(box_of(lm), self._person(track)) for track, lm in shown]
        plans: list[FacePlan] = []
        for position, donor in self._casting.cast(faces).items():
            if self._screening is not None:
                self._screening.check(shown[position][0], _canvas(entry), shown[position][1])
            plan = self._plan(*shown[position], donor)
            if plan is not None:
                plans.append(plan)
        return tuple(in_order(plans, [landmarks for _, landmarks in shown]))

    def _is_there(self, entry: Entry[FrameT, SkinObservation], track: int) -> bool:
        """Whether a track is seen in a frame, now that the frames around tell where to look.

        A face that jumped away and came back is between two sightings too, and a swap where it
        should have been would be a ghost.
        """
        if track in entry.landmarks:
            return True
        canvas, between = _canvas(entry), self._window.steady(track)
        guess = make_face(between.astype(np.float32), 1.0)
        face = self._tracker.trace_back(canvas, guess)
        if is_taken(face or guess, entry.landmarks.values()):
            return False
        if face is not None:
            self._note(entry, track, face)
            return True
        # Only later frames tell what it looks like: earlier ones are being rendered into.
        later = self._window.later(track)
        if later is None:
            return False
        found = patch(_canvas(later), later.landmarks[track])
        return alike(patch(canvas, between), found)

    def _person(self, track: int) -> int | None:
        return self._tracker.person_of(track) if self._casting.needs_people else None

    def _plan(self, track: int, landmarks: Float64, donor: EngineDonor) -> FacePlan | None:
        if not self._needs_skin:
            return bare_plan(donor, landmarks, self._strength)
        sights = self._window.sights(track)
        if not sights:
            return None
        count, build = self._builds[track]
        known = self._shifts.get(track)
        if known is None or known[0] != count or known[1] is not donor:
            known = (count, donor, shift_of(self._mesh, donor, build))
            self._shifts[track] = known
        return plan_face(donor, landmarks, known[2], sights, self._strength)


def _canvas(entry: Entry[FrameT, SkinObservation]) -> Canvas:
    assert entry.frame is not None, "only frames that are not decided on yet are looked at"
    return entry.frame.scene.canvas


def _entry_state(entry: Entry[Any, SkinObservation]) -> dict[str, Any]:
    return {
        "cut": entry.cut,
        "landmarks": [[track, landmarks] for track, landmarks in entry.landmarks.items()],
        "sights": [
            [t, one.skin, one.lips, one.glasses, one.frames] for t, one in entry.sights.items()
        ],
    }


def _entry_of(state: Mapping[str, Any]) -> Entry[Any, SkinObservation]:
    landmarks = {int(track): landmarks for track, landmarks in state["landmarks"]}
    sights = {
        int(track): SkinObservation(skin, lips, float(glasses), float(frames))
        for track, skin, lips, glasses, frames in state["sights"]
    }
    return Entry(None, landmarks, sights, bool(state["cut"]))

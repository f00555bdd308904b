"""Who appears in a clip: every face followed by the engine's tracker, then told apart."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from personae import wiring
from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, distance
from personae.engine.pipeline import Engine
from personae.engine.track.people import People
from personae.engine.types import Face, SceneFrame
from personae.media_child.jobs import Context
from personae.media_child.views import View, crop, worth
from personae.video.animations import AnimationReader
from personae.video.gating import ClipGate, Look
from personae.video.reader import VideoReader
from personae.video.sniffing import sniff
from personae.video.stages import run_stages

SAMPLES = 16
"""Frames a second that are looked at, at most; 25 and 30 a second become 12.5 and 15."""
BETTER = 1.15
"""A view is taken anew when it is worth so much more than the best so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody in a clip: first and last time in seconds, and how they were seen best."""

    first_s: float
    last_s: float
    best: View


@dataclass(slots=True, eq=False)
class Appearance:
    """One track: when it was seen, and its best view."""

    first_s: float
    last_s: float
    best: View


class Census:
    """Notes every face of a clip.

    Up to `SAMPLES` frames a second are looked at. The tracker searches for newcomers three times a
    second, and at once behind a cut or when it lost a face: whoever can be seen for a third of a
    second is found, at any frame rate.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tracker = engine.tracker(People(distance, SAME_PERSON_DISTANCE), tell_apart=True)
        self._last_s: float | None = None
        self._tick = 0
        self._seen: dict[int, Appearance] = {}

    def see(self, frame: SceneFrame) -> None:
        """Look at the next frame, unless the last look was a moment ago."""
        if self._last_s is not None:
            passed_s = frame.time_s - self._last_s
            if passed_s < 1 / SAMPLES:
                return
            self._tick += _ticks(passed_s)
        self._last_s = frame.time_s
        sighting = self._tracker.see(self._tick, frame.canvas)
        for track, face in sighting.faces.items():
            self._note(track, face, frame)

    def people(self) -> list[Person]:
        """Everybody seen, in order of appearance; who comes at once, from left to right.

        A track is taken for whom the tracker knew it as at its end: the first sight of somebody
        may be blurred, and is often recognised only later.
        """
        by_person: dict[int | None, list[Appearance]] = {}
        for track, seen in self._seen.items():
            by_person.setdefault(self._tracker.person_of(track), []).append(seen)
        groups = join_people(list(by_person.values()))
        people = [
            Person(
                min(one.first_s for one in group),
                max(one.last_s for one in group),
                max((one.best for one in group), key=lambda view: worth(view.face)),
            )
            for group in groups
        ]
        return sorted(people, key=lambda one: (one.first_s, one.best.face.box_xyxy[0]))

    def _note(self, track: int, face: Face, frame: SceneFrame) -> None:
        known = self._seen.get(track)
        if known is None:
            view = self._view(face, frame)
            self._seen[track] = Appearance(frame.time_s, frame.time_s, view)
            return
        known.last_s = frame.time_s
        if worth(face) > BETTER * worth(known.best.face):
            known.best = self._view(face, frame)

    def _view(self, face: Face, frame: SceneFrame) -> View:
        embedding = self._engine.embed(frame.canvas, face.landmarks)
        return View(face, frame.time_s, crop(frame.canvas, face), embedding)


def _ticks(passed_s: float) -> int:
    """The frames that the tracker shall think passed: at least 24 for every second.

    It searches every eighth frame and looks at faces again at certain ages, most of which are
    multiples of 4.
    """
    frames = passed_s * 24 - 0.01
    return 2 if frames <= 2 else 4 * math.ceil(frames / 4)


def join_people(groups: list[list[Appearance]]) -> list[list[Appearance]]:
    """Join whoever is one person by their best views, and never there twice at once.

    The tracker compares faces as they come; the best view of somebody who first came in profile may
    be known only at the end.

    Parameters
    ----------
    groups : list of lists
        The appearances of each person that the tracker told apart.
    """
    merged: list[list[Appearance]] = []
    for group in sorted(groups, key=lambda one: -max(worth(a.best.face) for a in one)):
        home = next((other for other in merged if _one_person(group, other)), None)
        if home is None:
            merged.append(group)
        else:
            home += group
    return merged


def _one_person(one: Sequence[Appearance], other: Sequence[Appearance]) -> bool:
    together = any(a.first_s <= b.last_s and b.first_s <= a.last_s for a in one for b in other)
    if together:
        return False
    nearest = min(distance(a.best.embedding, b.best.embedding) for a in one for b in other)
    return nearest <= SAME_PERSON_DISTANCE


@dataclass(frozen=True, slots=True, eq=False)
class _Viewed:
    """A frame of which nothing but its picture is needed."""

    scene: SceneFrame


def people_of_clip(path: Path, context: Context, gate: ClipGate) -> list[Person]:
    """Everybody in a video or an animation.

    Raises
    ------
    MediaError, Canceled, PolicyRefused
    """
    engine = wiring.engine()
    if sniff(path) == "animation":
        with AnimationReader(path, role="scene") as reader:
            census = Census(engine)
            scenes = (frame.scene_frame() for frame in reader)
            _run(census, scenes, reader.frames, context, gate)
        return census.people()
    with VideoReader(path) as reader:
        census = Census(engine)
        scenes = (frame.scene for frame in reader)
        _run(census, scenes, reader.frames_expected, context, gate)
    return census.people()


def _run(
    census: Census,
    frames: Iterable[SceneFrame],
    total: int | None,
    context: Context,
    gate: ClipGate,
) -> None:
    """Read ahead in a thread of its own while the census looks."""

    def look(source: Iterator[SceneFrame]) -> Iterator[list[Look]]:
        for viewed in gate.mark(_Viewed(frame) for frame in source):
            census.see(viewed.scene)
            yield gate.look("scene", viewed.scene)

    started = time.monotonic()

    def report(done: int) -> None:
        fps = done / max(1e-6, time.monotonic() - started)
        left = None if total is None else max(0, total - done) / fps
        context.report("detect", done, total, fps, left)

    run_stages(
        frames,
        look,
        _same,
        gate.judge,
        workers=1,
        should_stop=context.should_stop,
        on_progress=report,
    )


def _same(looks: list[Look]) -> list[Look]:
    return looks

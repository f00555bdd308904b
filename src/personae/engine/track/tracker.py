"""Tracks: one person's face followed from frame to frame, found again, told from others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from personae.engine.geometry import Region, region_from_landmarks
from personae.engine.track.people import People
from personae.engine.track.shots import CutFinder
from personae.engine.types import Canvas, Face, Float32, Pose

DETECT_EVERY = 8
"""Frames between searches for newcomers; those found are traced back over the frames between."""
REVIVE_FRAMES = 8
"""A face lost for no longer than this goes on in the same track."""
IDENTIFY_AGES = (0, 4, 9, 24, 60)
"""Frames after its start at which a track that nobody recognised is looked at again."""
VERIFY_EVERY = 24
"""Frames after which a track is compared with everybody again, in case it slipped."""
SLIPPED = 0.6
"""Somebody else must be nearer by this factor for a track to change hands."""
MAX_JUMP = 0.6
"""Movement between frames, relative to the face's size, that no head makes."""
SAME_PLACE = 0.45


class Finder(Protocol):
    """What a tracker needs to see."""

    def find_quickly(self, canvas: Canvas, known: Iterable[Face] = ()) -> list[Face]: ...
    def follow(self, canvas: Canvas, region: Region) -> Face | None: ...


Embed = Callable[[Canvas, Float32], Float32]


@dataclass(slots=True, eq=False)
class Track:
    """One face over time.

    `person` is None until somebody is recognised or met; `recognised`: was known before.
    """

    number: int
    started: int
    last_seen: int
    face: Face
    person: int | None = None
    recognised: bool = False
    motion: Float32 = field(default_factory=lambda: np.zeros(2, np.float32))

    def next_region(self) -> Region:
        """Where to look in the next frame, its last movement carried on."""
        region = region_from_landmarks(self.face.landmarks)
        return Region(
            region.x + float(self.motion[0]),
            region.y + float(self.motion[1]),
            region.side_px,
            region.angle,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What one frame showed.

    ``faces``: by track number. ``fresh``: tracks that were found by a search here, new or lost
    until now, and may be traced back. ``cut``: the frame starts a new shot.
    """

    faces: dict[int, Face]
    fresh: tuple[int, ...]
    cut: bool


class Tracker:
    """Follows every face of a clip; frames must come in order.

    Parameters
    ----------
    finder : Finder
    embed : callable or None
        Canvas and landmarks to an embedding. None when nobody needs to be told apart.
    people : People
    """

    def __init__(self, finder: Finder, embed: Embed | None, people: People) -> None:
        self._finder = finder
        self._embed = embed
        self._people = people
        self._cuts = CutFinder()
        self._active: dict[int, Track] = {}
        self._lost: list[Track] = []
        self.tracks: dict[int, Track] = {}
        self._count = 0
        self._next_search = 0
        self._wait = 1

    def see(self, number: int, canvas: Canvas) -> Sighting:
        """Find the known faces in the next frame, and from time to time new ones."""
        cut = self._cuts.is_cut(canvas)
        if cut:
            self._active, self._lost = {}, []
            self._next_search, self._wait = number, 1
        missing = self._follow_known(number, canvas)
        self._settle_collisions(canvas)
        if missing:
            self._next_search = min(self._next_search, number)
        fresh: list[int] = []
        if number >= self._next_search:
            fresh = self._search(number, canvas)
            # A face that has just been lost is looked for at once, then ever less often.
            gone = bool(self._lost) or not self._active
            self._wait = min(self._wait * 2, DETECT_EVERY) if gone and not fresh else DETECT_EVERY
            self._next_search = number + self._wait
        self._lost = [one for one in self._lost if number - one.last_seen <= REVIVE_FRAMES]
        self._identify(number, canvas)
        faces = {track.number: track.face for track in self._active.values()}
        return Sighting(faces, tuple(fresh), cut)

    def person_of(self, track: int) -> int | None:
        """The person a track was recognised as; None while unknown."""
        return self.tracks[track].person

    def trace_back(self, canvas: Canvas, face: Face) -> Face | None:
        """The same face in the frame before; None when it is not there."""
        earlier = self._finder.follow(canvas, region_from_landmarks(face.landmarks))
        return earlier if earlier is not None and _moved(face, earlier) < MAX_JUMP else None

    def snapshot(self, keep: Collection[int]) -> dict[str, Any]:
        """All that the frames to come depend on; of lost tracks only those in `keep` are kept."""
        wanted = {*keep, *self._active, *(track.number for track in self._lost)}
        return {
            "people": self._people.snapshot(),
            "cuts": self._cuts.snapshot(),
            "tracks": [_track_state(t) for n, t in self.tracks.items() if n in wanted],
            "active": list(self._active),
            "lost": [track.number for track in self._lost],
            "count": self._count,
            "next_search": self._next_search,
            "wait": self._wait,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self._people.restore(state["people"])
        self._cuts.restore(state["cuts"])
        tracks = [_track_of(one) for one in state["tracks"]]
        self.tracks = {track.number: track for track in tracks}
        self._active = {number: self.tracks[number] for number in state["active"]}
        self._lost = [self.tracks[number] for number in state["lost"]]
        self._count, self._wait = int(state["count"]), int(state["wait"])
        self._next_search = int(state["next_search"])

    def _follow_known(self, number: int, canvas: Canvas) -> bool:
        """Look where each face should be; whether any was lost."""
        missing = False
        for track in list(self._active.values()):
            face = self._finder.follow(canvas, track.next_region())
            if face is None or _moved(track.face, face) > MAX_JUMP:
                self._lost.append(self._active.pop(track.number))
                self._wait, missing = 1, True
                continue
            step = _middle(face) - _middle(track.face)
            track.motion = (step * 0.8).astype(np.float32)
            track.face, track.last_seen = face, number
        return missing

    def _settle_collisions(self, canvas: Canvas) -> None:
        """Two tracks on one face: whoever it resembles more keeps it, the other is lost."""
        tracks = sorted(self._active.values(), key=lambda track: track.number)
        for i, one in enumerate(tracks):
            for other in tracks[i + 1 :]:
                if one.number not in self._active or other.number not in self._active:
                    continue
                if _same_place(one.face, other.face) < SAME_PLACE:
                    continue
                loser = other
                if self._embed is not None and None not in (one.person, other.person):
                    seen = self._embed(canvas, one.face.landmarks)
                    if self._nearness(seen, other) < self._nearness(seen, one):
                        loser = one
                self._lost.append(self._active.pop(loser.number))

    def _nearness(self, embedding: Float32, track: Track) -> float:
        assert track.person is not None
        return self._people.compare(embedding, track.person)

    def _search(self, number: int, canvas: Canvas) -> list[int]:
        """Detect, and go on with a lost track or start a new one for each new face."""
        fresh: list[int] = []
        for face in self._finder.find_quickly(canvas, [t.face for t in self._active.values()]):
            track = self._revived(face, canvas)
            if track is None:
                track = Track(self._count, number, number, face)
                self.tracks[track.number] = track
                self._count += 1
            fresh.append(track.number)
            track.face, track.last_seen = face, number
            track.motion = np.zeros(2, np.float32)
            self._active[track.number] = track
        return fresh

    def _revived(self, face: Face, canvas: Canvas) -> Track | None:
        """A lost track whose face this must be, by place and, where known, by person."""
        near = [t for t in self._lost if _same_place(t.face, face) > 0.2]
        if not near:
            return None
        best = max(near, key=lambda track: _same_place(track.face, face))
        crowded = len(self._lost) + len(self._active) > 1
        if crowded and self._embed is not None and best.person is not None:
            seen = self._embed(canvas, face.landmarks)
            if self._people.recognise(seen) != best.person:
                return None
        self._lost.remove(best)
        return best

    def _identify(self, number: int, canvas: Canvas) -> None:
        """Recognise whoever is due; whoever is unknown is met, and looked at again later.

        The first sight of a face may be small, turned or blurred: until somebody known earlier
        is recognised, the track is compared again at `IDENTIFY_AGES`.
        """
        if self._embed is None:
            return
        for track in self._active.values():
            age = number - track.started
            if age and age % VERIFY_EVERY == 0 and track.person is not None:
                self._verify(track, canvas)
            if track.recognised or age not in IDENTIFY_AGES:
                continue
            taken = {t.person for t in self._active.values() if t.person is not None}
            seen = self._embed(canvas, track.face.landmarks)
            person = self._people.recognise(seen, taken)
            if person is not None and (track.person is None or person < track.person):
                track.person, track.recognised = person, True
            elif track.person is None:
                track.person = self._people.meet(seen)
            self._people.remember(track.person, seen)

    def _verify(self, track: Track, canvas: Canvas) -> None:
        """Notice that a track has slipped onto somebody else whom we know better."""
        assert track.person is not None
        taken = {t.person for t in self._active.values() if t.person is not None}
        if not self._people.anybody_but(taken):
            return  # There is nobody to slip onto, so that a look would say nothing.
        seen = self._embed(canvas, track.face.landmarks) if self._embed is not None else None
        other = None if seen is None else self._people.recognise(seen, taken)
        if seen is None or other is None:
            return
        if self._people.compare(seen, other) < SLIPPED * self._people.compare(seen, track.person):
            track.person, track.recognised = other, True


def _track_state(track: Track) -> dict[str, Any]:
    face, pose = track.face, track.face.pose
    return {
        "number": track.number,
        "started": track.started,
        "last_seen": track.last_seen,
        "person": track.person,
        "recognised": track.recognised,
        "motion": track.motion,
        "box": list(face.box_xyxy),
        "score": face.score,
        "points": face.points,
        "landmarks": face.landmarks,
        "pose": [pose.yaw, pose.pitch, pose.roll],
    }


def _track_of(state: Mapping[str, Any]) -> Track:
    x0, y0, x1, y1 = (float(v) for v in state["box"])
    pose = Pose(*(float(angle) for angle in state["pose"]))
    face = Face((x0, y0, x1, y1), state["score"], state["points"], state["landmarks"], pose)
    person = state["person"]
    return Track(
        int(state["number"]),
        int(state["started"]),
        int(state["last_seen"]),
        face,
        None if person is None else int(person),
        bool(state["recognised"]),
        state["motion"],
    )


def _middle(face: Face) -> Float32:
    x0, y0, x1, y1 = face.box_xyxy
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2], np.float32)


def _size(face: Face) -> float:
    x0, y0, x1, y1 = face.box_xyxy
    return max(1.0, x1 - x0, y1 - y0)


def _moved(before: Face, after: Face) -> float:
    """How far a face moved or how much it grew, relative to its size."""
    step = float(np.linalg.norm(_middle(after) - _middle(before))) / _size(before)
    return max(step, abs(float(np.log(_size(after) / _size(before)))))


def _same_place(a: Face, b: Face) -> float:
    """Intersection over union of two faces' boxes, [0, 1]."""
    width = min(a.box_xyxy[2], b.box_xyxy[2]) - max(a.box_xyxy[0], b.box_xyxy[0])
    height = min(a.box_xyxy[3], b.box_xyxy[3]) - max(a.box_xyxy[1], b.box_xyxy[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height

    def area(face: Face) -> float:
        x0, y0, x1, y1 = face.box_xyxy
        return (x1 - x0) * (y1 - y0)

    return both / (area(a) + area(b) - both)

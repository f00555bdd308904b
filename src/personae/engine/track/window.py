"""The last few frames and what was seen in them: what looking ahead and back is done on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from personae.engine.track.smoothing import RADIUS, between, smooth, symmetric_window
from personae.engine.track.tracker import DETECT_EVERY
from personae.engine.types import Float64

LOOKAHEAD = DETECT_EVERY + RADIUS + 1
"""Frames that are seen before one is decided on: newcomers are traced back this far."""
MAX_GAP = 5
"""Frames in which a face may be missing between two sightings and is still shown."""

FrameT = TypeVar("FrameT")
SightT = TypeVar("SightT")


@dataclass(slots=True, eq=False)
class Entry(Generic[FrameT, SightT]):
    """One frame, its landmarks by track, (478, 3) in pixels, and what else was seen of each.

    ``frame`` is None once its owner let go of it, or until it has been read again.
    """

    frame: FrameT | None
    landmarks: dict[int, Float64]
    sights: dict[int, SightT]
    cut: bool


class Window(Generic[FrameT, SightT]):
    """Entries around the one that is decided on next; bounded, oldest first.

    The first `decided` of the entries that it starts with were decided on before.
    """

    def __init__(self, entries: Iterable[Entry[FrameT, SightT]] = (), decided: int = 0) -> None:
        self._entries: deque[Entry[FrameT, SightT]] = deque(entries)
        self._next = decided

    def entries(self) -> list[Entry[FrameT, SightT]]:
        """All that are held, oldest first."""
        return list(self._entries)

    def waiting(self) -> list[Entry[FrameT, SightT]]:
        """Those that are not decided on yet, oldest first."""
        return list(self._entries)[self._next :]

    def drop_missing(self) -> None:
        """Forget undecided entries whose frame did not come a second time, as damage has it."""
        if any(entry.frame is None for entry in self.waiting()):
            kept = [entry for entry in self.waiting() if entry.frame is not None]
            self._entries = deque([*list(self._entries)[: self._next], *kept])

    def push(self, entry: Entry[FrameT, SightT]) -> None:
        self._entries.append(entry)

    def earlier(self) -> Iterator[Entry[FrameT, SightT]]:
        """Undecided entries before the newest, newest first, back to the last cut."""
        entries = list(self._entries)[self._next :]
        for later, entry in zip(reversed(entries), reversed(entries[:-1]), strict=False):
            if later.cut:
                return
            yield entry

    def pop(self, *, flush: bool) -> Entry[FrameT, SightT] | None:
        """The next entry to decide on, once `LOOKAHEAD` frames follow it (or none will)."""
        waiting = len(self._entries) - self._next
        if waiting <= (0 if flush else LOOKAHEAD):
            return None
        entry = self._entries[self._next]
        self._next += 1
        return entry

    def forget(self) -> None:
        """Let go of entries that no smoothing and no gap reaches back to: frames are large."""
        while self._next > MAX_GAP + 1:
            self._entries.popleft()
            self._next -= 1

    def current(self) -> int:
        return self._next - 1

    def tracks(self) -> list[int]:
        """Tracks to show in the current entry, those missing for a moment included."""
        here = self._entries[self.current()]
        found = set(here.landmarks)
        for track in {t for entry in self._reach() for t in entry.landmarks} - found:
            if self._gap(track) is not None:
                found.add(track)
        return sorted(found)

    def steady(self, track: int) -> Float64:
        """Smoothed landmarks of a track in the current entry, interpolated over a gap."""
        gap = self._gap(track)
        if gap is not None:
            return gap
        run, centre = self._run(track)
        return smooth(run[symmetric_window(len(run), centre)])

    def sights(self, track: int) -> list[SightT]:
        """What was seen of a track, in the symmetric window around the current entry."""
        centre = self.current()
        near = [
            (abs(i - centre), entry.sights[track])
            for i, entry in enumerate(self._entries)
            if track in entry.sights and abs(i - centre) <= LOOKAHEAD
        ]
        near.sort(key=lambda pair: pair[0])
        return [sight for _, sight in near[: 2 * RADIUS + 1]]

    def later(self, track: int) -> Entry[FrameT, SightT] | None:
        """The next entry after the current one in which a track was seen."""
        following = list(self._entries)[self._next :]
        return next((entry for entry in following if track in entry.landmarks), None)

    def _reach(self) -> list[Entry[FrameT, SightT]]:
        low = max(0, self.current() - MAX_GAP)
        return list(self._entries)[low : self.current() + MAX_GAP + 1]

    def _run(self, track: int) -> tuple[list[Float64], int]:
        """Landmarks of a track in the unbroken run of entries around the current one."""
        entries = list(self._entries)
        centre = self.current()
        first = last = centre
        while first > 0 and centre - first < RADIUS and track in entries[first - 1].landmarks:
            first -= 1
        while last + 1 < len(entries) and last - centre < RADIUS:
            if track not in entries[last + 1].landmarks:
                break
            last += 1
        return [entry.landmarks[track] for entry in entries[first : last + 1]], centre - first

    def _gap(self, track: int) -> Float64 | None:
        """Interpolated landmarks if the track is missing here but there before and after."""
        entries, centre = list(self._entries), self.current()
        if track in entries[centre].landmarks:
            return None
        before = self._nearest(track, range(centre - 1, max(-1, centre - MAX_GAP - 1), -1))
        after = self._nearest(track, range(centre + 1, min(len(entries), centre + MAX_GAP + 1)))
        if before is None or after is None or after - before - 1 > MAX_GAP:
            return None
        if any(entry.cut for entry in entries[before + 1 : after + 1]):
            return None
        share = (centre - before) / (after - before)
        a, b = entries[before].landmarks[track], entries[after].landmarks[track]
        return np.asarray(between(a, b, share))

    def _nearest(self, track: int, order: range) -> int | None:
        entries = self._entries
        return next((i for i in order if track in entries[i].landmarks), None)

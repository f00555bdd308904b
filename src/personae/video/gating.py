"""The content gate in a clip: which frames it looks at, and when it has seen enough.

    mark ──► render: score the scene, render, score the output ──► judge, in order

The scene is looked at in the frames that are shown at 0, N, 2 N … seconds, the output in those at
N / 2, 3 N / 2 …, and both in the last frame. That depends on the frames' times alone, so it is the
same in chunks. As the output is the scene but for some faces, a clip is seen twice in N seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personae.engine.following import FrameT
from personae.engine.gate import NOTHING, Gate, GateRole, Seen, check_clip
from personae.engine.types import Canvas, SceneFrame

CLIP_ROLES: tuple[GateRole, ...] = ("scene", "output")


@dataclass(frozen=True, slots=True)
class Look:
    """The score of one frame in one role."""

    role: GateRole
    time_s: float
    score: float


class ClipGate:
    """The gate over one pass of a clip.

    `mark` runs in one thread, `look` in any, `judge` in one.

    Parameters
    ----------
    gate : Gate or None
        None: nothing is ever looked at.
    seen : mapping, optional
        What earlier passes over the same clip saw.
    """

    def __init__(self, gate: Gate | None, seen: Mapping[GateRole, Seen] | None = None) -> None:
        self._gate = gate
        self._marked: dict[GateRole, set[float]] = {role: set() for role in CLIP_ROLES}
        self.seen: dict[GateRole, Seen] = dict.fromkeys(CLIP_ROLES, NOTHING)
        self.seen["donor"] = NOTHING if gate is None else gate.donor
        self.seen.update(seen or {})

    def mark(self, frames: Iterable[FrameT]) -> Iterator[FrameT]:
        """Pass frames on, one behind, and remember which of them are to be looked at."""
        before: FrameT | None = None
        for frame in frames:
            if before is not None:
                self._mark(before.scene.time_s, frame.scene.time_s)
                yield before
            before = frame
            del frame
        if before is not None:
            self._mark(before.scene.time_s, math.inf)
            yield before

    def is_marked(self, role: GateRole, frame: SceneFrame) -> bool:
        """Whether a frame that `mark` has passed on is to be looked at."""
        return frame.time_s in self._marked[role]

    def look(self, role: GateRole, frame: SceneFrame) -> list[Look]:
        """Score a frame as it is now, if it is marked; at most one."""
        return [self.score(role, frame)] if self.is_marked(role, frame) else []

    def score(self, role: GateRole, frame: SceneFrame) -> Look:
        """Score a frame as it is now."""
        assert self._gate is not None, "without a gate nothing is marked"
        return Look(role, frame.time_s, self._gate.scorer.score(frame.canvas))

    def pass_picture(self, role: GateRole, canvas: Canvas) -> None:
        """Look at a single picture.

        Raises
        ------
        PolicyRefused
        """
        if self._gate is not None:
            self.seen[role] = self._gate.look(role, canvas)

    def judge(self, looks: Iterable[Look]) -> None:
        """Count what was seen of the next frame.

        Raises
        ------
        PolicyRefused
        """
        for look in looks:
            limit = None if self._gate is None else self._gate.limit(look.role)
            if limit is not None:
                self.seen[look.role] = self.seen[look.role].plus(look.score, limit)
                check_clip(look.role, self.seen[look.role], limit, look.time_s)

    def check(self) -> None:
        """Judge all that was seen, wherever that was.

        Raises
        ------
        PolicyRefused
        """
        for role in CLIP_ROLES:
            limit = None if self._gate is None else self._gate.limit(role)
            if limit is not None:
                check_clip(role, self.seen[role], limit)

    def report(self) -> dict[str, dict[str, float]] | None:
        """What was seen, for operators; None without a gate."""
        return None if self._gate is None else self._gate.report(self.seen)

    def _mark(self, from_s: float, to_s: float) -> None:
        """Note for which roles a frame that is shown for that time counts."""
        if self._gate is None:
            return
        every_s = self._gate.every_s
        for role, shift_s in zip(CLIP_ROLES, (0.0, every_s / 2), strict=True):
            if self._gate.limit(role) is None:
                continue
            first = math.ceil((from_s - shift_s) / every_s)
            if to_s == math.inf or first < (to_s - shift_s) / every_s:
                self._marked[role].add(from_s)


def plain_seen(seen: Mapping[GateRole, Seen]) -> dict[str, list[float]]:
    """What was seen, for a working file."""
    return {role: one.to_plain() for role, one in seen.items()}


def seen_of(plain: Mapping[str, Any] | None) -> dict[GateRole, Seen]:
    """What `plain_seen` wrote; nothing was seen where nothing was written."""
    roles: tuple[GateRole, ...] = ("donor", *CLIP_ROLES)
    return {role: Seen.from_plain((plain or {}).get(role)) for role in roles}

"""One pass over a chunk: its frames are followed up to where the next chunk goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from personae.engine.following import Follower, PlannedFrame
from personae.engine.plans import FacePlan
from personae.video.chunk_files import ChunkState, Waiting
from personae.video.chunk_plan import Chunk
from personae.video.chunk_reading import digest
from personae.video.frames import DecodedFrame


class ChunkPass:
    """Follows a chunk's frames and those behind it, until all of the chunk are decided on."""

    def __init__(
        self, follower: Follower[DecodedFrame], chunk: Chunk, before: ChunkState | None
    ) -> None:
        self._follower = follower
        self._end = chunk.end_pts
        seen: Sequence[Waiting] = () if before is None else before.waiting
        self._seen = {one.pts: one for one in seen}
        self._left: deque[tuple[Waiting, DecodedFrame | None]] = deque((one, None) for one in seen)
        self.next_number = 0 if before is None else before.next_number

    def follow(self, source: Iterator[DecodedFrame]) -> Iterator[PlannedFrame[DecodedFrame]]:
        """Plan the chunk's frames."""
        for frame in source:
            self._see(frame)
            del frame
            yield from self._decided(flush=False)
            if self._is_done():
                return
        yield from self._decided(flush=True)

    def left(self, bits: int) -> list[Waiting]:
        """The frames that were seen and not decided on, the outer ones with checksums."""
        waiting = list(self._left)
        out: list[Waiting] = []
        for at, (one, frame) in enumerate(waiting):
            if frame is not None and at in (0, len(waiting) - 1):
                out.append(replace(one, digest=digest(frame, bits)))
            else:
                out.append(one)
        return out

    def _see(self, frame: DecodedFrame) -> None:
        known = self._seen.pop(frame.pts, None)
        if known is None:
            self._drop_missing()
            known = Waiting(self.next_number, frame.pts, None)
            self.next_number += 1
            self._left.append((known, frame))
        else:
            at = next(i for i, (one, _) in enumerate(self._left) if one is known)
            self._left[at] = (replace(known, digest=None), frame)
        self._follower.see(replace(frame, scene=replace(frame.scene, number=known.number)))

    def _drop_missing(self) -> None:
        """Give up frames that were seen before and do not decode this time."""
        if self._seen:
            missing = set(self._seen)
            self._left = deque(one for one in self._left if one[0].pts not in missing)
            self._seen = {}

    def _decided(self, *, flush: bool) -> Iterator[PlannedFrame[DecodedFrame]]:
        decided = self._follower.decide(flush=flush)
        while not self._is_done():
            planned = next(decided, None)
            if planned is None:
                return
            self._left.popleft()
            yield planned
            del planned

    def _is_done(self) -> bool:
        """Whether the next frame to decide on belongs to another chunk."""
        return self._end is not None and bool(self._left) and self._left[0][0].pts >= self._end


def with_plans(
    source: Iterator[DecodedFrame], plans: Iterator[tuple[int, tuple[FacePlan, ...]]]
) -> Iterator[PlannedFrame[DecodedFrame]]:
    """Give every frame its plans, by time; both come in order."""
    pts, some = next(plans, (None, ()))
    for frame in source:
        while pts is not None and pts < frame.pts:
            pts, some = next(plans, (None, ()))
        yield PlannedFrame(frame, some if pts == frame.pts else ())
        del frame

"""Keeping an eye on a task while one of its jobs runs: is it still wanted, how far is it?"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from personae.app.ports import Clock, Database, Transaction
from personae.domain.tasks import Task, TaskProgress

INTERVAL_S = 0.5
"""At most so often the task's row is looked at or written to, for one job."""
_MOST_PERCENT = 99.0


class Watch:
    """Reports one job of a task and learns from the same row whether it is still wanted.

    Jobs of one task may run at the same time on several machines, so each adds what it has done
    since its last word. A job that is done again after a crash is counted twice; the percentage
    stops at 99 and never falls.

    Parameters
    ----------
    stopping : threading.Event
        Set when this worker has to go.
    phase : str
        As in `TaskProgress`.
    share : float, percent
        How much of the whole task this job is.
    frames_total : int, optional
        Of the whole task.
    counts_frames : bool
        Whether the frames that this job has done count as the task's.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        stopping: threading.Event,
        task_id: str,
        *,
        phase: str,
        share: float,
        frames_total: int | None = None,
        counts_frames: bool = True,
    ) -> None:
        self._database = database
        self._clock = clock
        self._stopping = stopping
        self._task_id = task_id
        self._phase = phase
        self._share = share
        self._frames_total = frames_total
        self._counts_frames = counts_frames
        self._lock = threading.Lock()
        self._part = self._part_told = 0.0
        self._frames = self._frames_told = 0
        self._next_look = time.monotonic() + INTERVAL_S
        self._unwanted = False

    def should_stop(self) -> bool:
        """Whether the job has become pointless; cheap, to be asked often."""
        if self._stopping.is_set() or self._unwanted:
            return True
        with self._lock:
            if time.monotonic() < self._next_look:
                return False
            self._next_look = time.monotonic() + INTERVAL_S
        if self._part > self._part_told:
            self._unwanted = not self._tell()
        else:
            self._unwanted = not self._database.read(self._is_wanted)
        return self._unwanted

    def progress(self, line: Mapping[str, Any]) -> None:
        """Take in a line of the media host's."""
        done, total = line.get("frames_done"), line.get("frames_total")
        if isinstance(done, int) and isinstance(total, int) and total > 0:
            self._part = max(self._part, min(1.0, done / total))
            self._frames = max(self._frames, done)
            if self._frames_total is None:
                self._frames_total = total

    def complete(self, frames: int = 0) -> None:
        """The job is done: add all that it has not told yet."""
        self._part = 1.0
        self._frames = max(self._frames, frames)
        self._tell()

    def _is_wanted(self, tx: Transaction) -> bool:
        task = tx.tasks.get(None, self._task_id)
        return task is not None and not task.final

    def _tell(self) -> bool:
        part, frames = self._part, self._frames
        more = self._share * (part - self._part_told)
        more_frames = (frames - self._frames_told) if self._counts_frames else 0

        def write(tx: Transaction) -> bool:
            task = tx.tasks.get(None, self._task_id)
            if task is None or task.final:
                return False
            return tx.tasks.set_progress(self._task_id, self._added(task, more, more_frames))

        wanted = self._database.write(write)
        self._part_told, self._frames_told = part, frames
        return wanted

    def _added(self, task: Task, percent: float, frames: int) -> TaskProgress:
        was = task.progress
        now_percent = min(_MOST_PERCENT, was.percent + percent)
        total = self._frames_total if self._frames_total is not None else was.frames_total
        done = (was.frames_done or 0) + frames
        if total is not None:
            done = min(done, total)
        elapsed = self._clock() - (task.started_at or task.created_at)
        fps = done / elapsed if done and elapsed > 0 else was.fps
        remaining = elapsed * (100 - now_percent) / now_percent if now_percent > 1 else None
        return replace(
            was,
            phase=self._phase,
            percent=round(now_percent, 2),
            frames_done=done if total is not None else was.frames_done,
            frames_total=total,
            fps=None if fps is None else round(fps, 2),
            remaining_s=None if remaining is None else round(remaining, 1),
        )

"""The pool of media children."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Protocol

import structlog

from personae.adapters.media_host.child import Child, ChildGone, ChildSettings
from personae.adapters.media_host.talk import POLL_S, Asking, Talk
from personae.errors import PersonaeError, TaskFailed

_log = structlog.get_logger("personae.media")

FULL_BYTES = 4 << 30
PROBE_BYTES = 3 << 29
"""Videos are not decoded to be described; a PNG is, and an animation, a frame at a time."""


class Notary(Protocol):
    """Who signs manifests; see `personae.adapters.provenance.keeper`."""

    def furnish(self, op: str) -> dict[str, Any]:
        """What jobs called `op` have to know of the signer; no key."""
        ...

    def sign(self, data: bytes) -> bytes: ...


class ChildMediaHost:
    """Runs jobs in persistent children of this process; any number of threads may ask.

    A child is replaced when it dies, hangs, runs too long, does not stop when it is asked, has
    done `jobs_per_child` jobs, or keeps more than `keep_bytes` of memory between two jobs.

    Parameters
    ----------
    size : int
        Jobs at once; whoever comes later waits, in order.
    role : "probe" or "full"
        A child that only probes loads no model.
    memory_limit_bytes : int, optional
        What a child may hold; a job that needs more ends with `MediaTooLarge`. `FULL_BYTES` or
        `PROBE_BYTES` if omitted.
    file_limit_bytes : int
        The largest file that a child may write.
    jobs_per_child : int
        A guard against leaks in libraries.
    keep_bytes : int, optional
        Half of what it may hold if omitted.
    prewarm : bool
        Start all children now, and replace lost ones at once, so that no job waits for a start.
    notary : Notary, optional
        Signs what children seal; without one they seal nothing.
    permissive_only : bool
        Let children load only models whose licence is permissive, whatever was accepted.
    """

    def __init__(
        self,
        size: int = 1,
        role: Literal["probe", "full"] = "full",
        *,
        memory_limit_bytes: int | None = None,
        file_limit_bytes: int = 64 << 30,
        jobs_per_child: int = 500,
        keep_bytes: int | None = None,
        prewarm: bool = False,
        notary: Notary | None = None,
        permissive_only: bool = False,
    ) -> None:
        memory = memory_limit_bytes or (FULL_BYTES if role == "full" else PROBE_BYTES)
        self._settings = ChildSettings(role, memory, file_limit_bytes, permissive_only, size)
        self._size = size
        self._jobs_per_child = jobs_per_child
        self._keep_bytes = memory // 2 if keep_bytes is None else keep_bytes
        self._prewarm = prewarm
        self._notary = notary
        # The kernel kills a child when the thread that started it ends (see `guards.die_with`), so
        # one thread, which lives as long as the host, starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="personae-media-starter")
        self._lock = threading.Lock()
        self._free = size
        self._waiting: deque[threading.Event] = deque()
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._closed = False
        if prewarm:
            for _ in range(size):
                self._starter.submit(self._refill)

    def __repr__(self) -> str:
        return f"ChildMediaHost({self._size} x {self._settings.role})"

    def __enter__(self) -> ChildMediaHost:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of all children."""
        with self._lock:
            return [child.pid for child in (*self._idle, *self._busy)]

    def run(
        self,
        job: Mapping[str, Any],
        *,
        timeout_s: float,
        stall_s: float = 60.0,
        should_stop: Callable[[], bool] | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        """Run one job in a child; as `ports.MediaHost` says.

        Both times count from when a child takes the job, not while it waits for one.
        """
        stop = Asking(should_stop)
        if self._notary is not None:
            job = {**job, **self._notary.furnish(str(job.get("op")))}
        self._take_place(stop)
        try:
            return self._run(job, timeout_s, stall_s, stop, progress)
        finally:
            self._give_place()
            if self._prewarm:
                self._start_another()

    def close(self) -> None:
        """End all children, those at work too; jobs that run fail."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for child in idle:
            child.let_go()
        for child in busy:
            child.kill()
        for child in idle:
            if not child.wait(1.0):
                child.kill()
        self._starter.shutdown(wait=True, cancel_futures=True)

    # --- Places: at most `size` jobs at once, first come, first served

    def _take_place(self, stop: Asking) -> None:
        stop.check()
        turn = threading.Event()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            self._waiting.append(turn)
        while not turn.wait(POLL_S):
            try:
                stop.check()
                if self._closed:
                    raise TaskFailed("The media host was closed.")
            except BaseException:
                with self._lock:
                    came = turn.is_set()
                    if not came:
                        self._waiting.remove(turn)
                if came:
                    self._give_place()
                raise

    def _give_place(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    # --- Children

    def _run(
        self,
        job: Mapping[str, Any],
        timeout_s: float,
        stall_s: float,
        stop: Asking,
        progress: Callable[[dict[str, Any]], None] | None,
    ) -> dict[str, Any]:
        may_sign = self._notary is not None and job.get("op") == "seal"
        sign = self._notary.sign if self._notary is not None and may_sign else None
        for _ in range(self._size + 2):
            child = self._take_child()
            talk = Talk(child, timeout_s, stall_s, stop, progress, sign)
            try:
                child.send(job)
                ending = talk.until_the_end()
            except ChildGone:  # it died while nobody looked, and has not begun
                continue
            finally:
                self._end(child, talk.ended_well)
            if isinstance(ending, PersonaeError):
                raise ending
            return ending
        raise TaskFailed("No media child lives long enough to begin the work.")

    def _take_child(self) -> Child:
        """An idle child, else a new one."""
        child = self._idle_child()
        if child is not None:
            return child
        try:
            return self._starter.submit(self._idle_or_new).result()
        except (
            OSError,
            RuntimeError,
            CancelledError,
        ) as error:  # no process can be made, or we are closed
            raise TaskFailed("A media child could not be started.") from error

    def _idle_child(self) -> Child | None:
        """The child that worked last, which knows the donors, if one is idle; it is busy then."""
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    self._busy.add(child)
                    return child
                child.kill()
        return None

    def _idle_or_new(self) -> Child:
        """In the starter's thread, behind the starts that were due before."""
        child = self._idle_child() or Child(self._settings)
        with self._lock:
            self._busy.add(child)
            closed = self._closed
        if closed:
            child.kill()
        return child

    def _end(self, child: Child, healthy: bool) -> None:
        """Keep the child for the next job, or end it."""
        child.jobs_done += 1
        worn = child.jobs_done >= self._jobs_per_child
        heavy = healthy and child.resident_bytes() > self._keep_bytes
        with self._lock:
            self._busy.discard(child)
            keep = healthy and not worn and not heavy and not self._closed
            if keep:
                self._idle.append(child)
        if keep:
            return
        if healthy:
            child.let_go()
            if not child.wait(1.0):
                child.kill()
        else:
            child.kill()
        _log.info(
            "A media child is replaced",
            action="media.replaced",
            pid=child.pid,
            jobs=child.jobs_done,
            because="worn" if worn else "heavy" if heavy else "broken",
        )

    def _start_another(self) -> None:
        with self._lock:
            wanted = len(self._idle) < self._free and not self._closed
        if wanted:
            with suppress(RuntimeError):  # closed meanwhile
                self._starter.submit(self._refill)

    def _refill(self) -> None:
        """Start a child for a free place that has none; in the starter's thread."""
        with self._lock:
            if len(self._idle) >= self._free or self._closed:
                return
        child = Child(self._settings)
        with self._lock:
            if not self._closed:
                self._idle.insert(0, child)
                return
        child.kill()

"""What is waiting, what is being done and by whom: for those who look after the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

WorkerState = Literal["alive", "silent"]


@dataclass(frozen=True, slots=True)
class Share:
    """One tenant's part of a queue."""

    tenant_id: str
    waiting: int
    running: int


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """One queue.

    Attributes
    ----------
    waiting : int
        Ready to be taken.
    delayed : int
        Not due yet: a webhook's next attempt.
    running : int
        Taken by a worker; a video counts from its plan to its join.
    oldest_s : float or None, seconds
        How long the one has waited that waits longest.
    done, failed : int
        What ended in the last `Workload.window_s` seconds.
    tenants : tuple of Share
        Those with the most in it, the largest first.
    """

    name: str
    waiting: int
    delayed: int
    running: int
    oldest_s: float | None
    done: int
    failed: int
    tenants: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """All queues; `window_s` is what `done` and `failed` count."""

    window_s: float
    queues: tuple[QueueLoad, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work in a worker's hands; `since` in seconds since 1970, UTC."""

    id: str
    queue: str
    tenant_id: str | None
    since: float | None


@dataclass(frozen=True, slots=True)
class Executor:
    """A worker.

    Attributes
    ----------
    state : "alive" or "silent"
        Silent ones are thought dead; the others take over what they had.
    host, pid, started_at, silent_s
        None of one that has work in hand but no row any more: it died long ago.
    facts : dict
        What it said of itself when it started: ``version``, ``slots``, ``engines``.
    jobs : tuple of Job
        The oldest first; no more than `jobs_total` of them are told.
    """

    id: str
    state: WorkerState
    host: str | None
    pid: int | None
    started_at: float | None
    silent_s: float | None
    facts: dict[str, Any]
    jobs: tuple[Job, ...]
    jobs_total: int

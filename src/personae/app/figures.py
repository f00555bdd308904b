"""What an operator's dashboards show of the whole service: plain numbers, cheap to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from personae.app.ports import Transaction
from personae.domain.tasks import FINAL, TaskStatus

WorkState = Literal["waiting", "running", "delayed"]
"""Of what is in a queue: for a free worker, in a worker's hands, or for its time to come."""
UNFINISHED: tuple[TaskStatus, ...] = ("queued", "running")
ENDED: tuple[TaskStatus, ...] = ("succeeded", "failed", "canceled")
RECENT_S = 300.0
"""How far back `TaskFigures.ended` looks."""


@dataclass(frozen=True, slots=True)
class WorkFigures:
    """The queues and who works on them.

    Attributes
    ----------
    queues : mapping
        How many pieces of work by queue and state; every queue is there, empty ones with 0.
    workers : int
        Workers that have beaten lately.
    """

    queues: Mapping[tuple[str, WorkState], int]
    workers: int


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """Tasks of all tenants.

    Attributes
    ----------
    unfinished, ended : mapping
        How many by kind and status; `ended` in the last `RECENT_S` seconds.
    waiting_s : mapping
        By kind, seconds since the oldest task that still waits was submitted.
    audit_lines : int
        Length of the audit log's chain.
    """

    unfinished: Mapping[tuple[str, str], int]
    ended: Mapping[tuple[str, str], int]
    waiting_s: Mapping[str, float]
    audit_lines: int


def task_figures(tx: Transaction, now: float) -> TaskFigures:
    """The tasks' numbers; each is answered by an index, whatever has piled up of finished tasks."""
    head = tx.audit.head()
    oldest = tx.tasks.oldest_waiting()
    return TaskFigures(
        unfinished=tx.tasks.counts_by_status(UNFINISHED),
        ended=tx.tasks.ended_since(now - RECENT_S),
        waiting_s={kind: max(0.0, now - at) for kind, at in oldest.items()},
        audit_lines=0 if head is None else head.lines,
    )


def ended_tasks(tx: Transaction) -> Mapping[tuple[str, str], int]:
    """All finished tasks that are remembered, by kind and status: a walk over all of them."""
    assert set(ENDED) == FINAL
    return tx.tasks.counts_by_status(ENDED)

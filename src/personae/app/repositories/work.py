"""What is to be done: tasks, webhooks and the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from personae.domain.hooks import Attempt, Delivery, DeliveryStatus, Endpoint
from personae.domain.pages import Page
from personae.domain.tasks import Task, TaskError, TaskKind, TaskProgress, TaskStatus


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks are wanted; what is left out fits all.

    Attributes
    ----------
    kinds, statuses : sequence of str
    engine : str, optional
        As it was chosen when the task was taken on.
    words : str
        All of them have to be in the label or the scene's name, in whatever case; or one is the
        beginning of the task's own name.
    since, until : float, optional, seconds since 1970, UTC
        Made from `since` up to, not including, `until`; to the millisecond.
    """

    kinds: Sequence[TaskKind] = ()
    statuses: Sequence[TaskStatus] = ()
    engine: str | None = None
    words: str = ""
    since: float | None = None
    until: float | None = None


class Tasks(Protocol):
    """Tasks, moved along by conditional updates."""

    def insert(self, task: Task) -> None: ...
    def get(self, tenant_id: str | None, task_id: str) -> Task | None:
        """A task that is not deleted; `tenant_id` None only for workers and admins."""
        ...

    def by_dialect_id(self, tenant_id: str, dialect: str, dialect_id: str) -> Task | None: ...
    def page(
        self,
        tenant_id: str,
        *,
        kinds: Sequence[TaskKind],
        statuses: Sequence[TaskStatus] = (),
        dialect: str | None = None,
        after: str | None,
        limit: int,
    ) -> Page[Task]: ...
    def search(
        self, tenant_id: str | None, wanted: TaskFilter, *, after: str | None, limit: int
    ) -> Page[Task]:
        """Tasks that are not deleted and fit, newest first; `tenant_id` None only for admins."""
        ...

    def numbered(
        self,
        tenant_id: str,
        *,
        kinds: Sequence[TaskKind],
        dialect: str,
        offset: int,
        limit: int,
    ) -> tuple[list[Task], int]:
        """A dialect's tasks, newest first, without the `offset` newest; and how many there are.

        For clients that count pages: tasks that are added between two pages move them. A task that
        has no name in the dialect is not among them.
        """
        ...

    def consents(
        self, tenant_id: str, *, since: float | None = None, after: str | None, limit: int
    ) -> Page[Task]:
        """Tasks with a record of consent, deleted ones too, newest first."""
        ...

    def count(self, tenant_id: str, *, statuses: Sequence[TaskStatus]) -> int: ...
    def start(self, task_id: str, at: float) -> bool:
        """queued or running (again, after a crash) to running; False if it is final."""
        ...

    def finish(
        self,
        task_id: str,
        status: TaskStatus,
        *,
        result: dict[str, Any] | None = None,
        error: TaskError | None = None,
        credits_charged: int = 0,
        expires_at: float | None = None,
        at: float,
    ) -> bool:
        """To a final status; False, and nothing changes, if it is final already."""
        ...

    def set_progress(self, task_id: str, progress: TaskProgress) -> bool:
        """Write the progress of a running task; False if it runs no longer."""
        ...

    def set_held(self, task_id: str, credits_held: int) -> None: ...
    def delete(self, tenant_id: str, task_id: str, at: float) -> bool:
        """Hide a final task and forget its result; False if there is none."""
        ...

    def forget_request(self, task_id: str) -> None:
        """Forget what a task asked for, its names and its callback: they may lead to a person."""
        ...

    def by_mark(self, mark: int) -> list[Task]:
        """Tasks of all tenants whose outputs carry this mark, also deleted ones, newest first."""
        ...

    def detections_of(self, tenant_id: str, asset_id: str) -> list[Task]:
        """A tenant's searches for people in a stored scene that are not deleted."""
        ...

    def naming(self, tenant_id: str, words: Sequence[str]) -> list[Task]:
        """A tenant's tasks in whose request one of these ids or URLs is written, oldest first.

        Slow: it reads all of the tenant's requests.
        """
        ...

    def unfinished(
        self, older_than: float, *, after: str | None = None, limit: int
    ) -> Page[Task]: ...
    def expired(self, now: float, limit: int) -> list[Task]: ...
    def purge(self, finished_before: float, limit: int) -> int:
        """Remove final tasks of which no file is left, with their deliveries; how many.

        What they cost and how many they were stays in the ledger and in `Credits.usage`.
        """
        ...

    def counts_by_status(self, statuses: Sequence[TaskStatus] = ()) -> dict[tuple[str, str], int]:
        """How many by kind and status, over all tenants; of some statuses, or of all."""
        ...

    def ended_since(self, at: float) -> dict[tuple[str, str], int]:
        """How many ended at a time or later, by kind and status, over all tenants."""
        ...

    def oldest_waiting(self) -> dict[str, float]:
        """When the oldest task that waits for its first start was made, by kind."""
        ...


class Hooks(Protocol):
    """Webhook endpoints and deliveries."""

    def insert_endpoint(self, endpoint: Endpoint) -> None: ...
    def endpoint(self, tenant_id: str, endpoint_id: str) -> Endpoint | None: ...
    def endpoints(self, tenant_id: str) -> list[Endpoint]: ...
    def update_endpoint(self, endpoint: Endpoint) -> None: ...
    def delete_endpoint(self, tenant_id: str, endpoint_id: str) -> bool: ...
    def insert_delivery(self, delivery: Delivery) -> None: ...
    def delivery(self, tenant_id: str | None, delivery_id: str) -> Delivery | None: ...
    def deliveries(
        self,
        tenant_id: str,
        *,
        endpoint_id: str | None,
        statuses: Sequence[DeliveryStatus] = (),
        after: str | None,
        limit: int,
    ) -> Page[Delivery]: ...
    def note_attempt(self, attempt: Attempt, delivery: Delivery) -> None:
        """Write one attempt and the delivery's new state together."""
        ...

    def attempts(self, delivery_id: str) -> list[Attempt]: ...
    def purge(self, made_before: float, limit: int) -> int:
        """Remove deliveries that are under way no longer, with their attempts; how many."""
        ...


class Queue(Protocol):
    """Durable work, put in the queue by the same transaction that writes its row."""

    def put_task(self, task: Task) -> None:
        """Enqueue the workflow named like the task."""
        ...

    def put_delivery(self, delivery: Delivery, delay_s: float) -> None:
        """Enqueue the next attempt of a delivery."""
        ...

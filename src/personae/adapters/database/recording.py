"""A queue that runs nothing: it only remembers what was put into it, once that is committed."""

from __future__ import annotations

import sqlalchemy as sa

from personae.app.ports import Queue
from personae.domain.hooks import Delivery
from personae.domain.tasks import Task


class RecordingQueue:
    """For tests and for tools that only look; its `factory` goes where a real queue's would.

    Attributes
    ----------
    tasks : list of Task
        What committed transactions put, in the order of their commits.
    deliveries : list of (Delivery, float)
        Likewise, with the delay in seconds.
    """

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.deliveries: list[tuple[Delivery, float]] = []

    def factory(self, _connection: sa.Connection) -> Queue:
        """The queue of one transaction."""
        return _PendingPuts(self)


class _PendingPuts:
    def __init__(self, record: RecordingQueue) -> None:
        self._record = record
        self._tasks: list[Task] = []
        self._deliveries: list[tuple[Delivery, float]] = []

    def put_task(self, task: Task) -> None:
        self._tasks.append(task)

    def put_delivery(self, delivery: Delivery, delay_s: float) -> None:
        self._deliveries.append((delivery, delay_s))

    def committed(self) -> None:
        self._record.tasks += self._tasks
        self._record.deliveries += self._deliveries

"""The API's side of durable work: enqueue inside a transaction, cancel, look what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
from dbos import (
    DBOSClient,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    WorkflowStatus,
    WorkflowStatusString,
)

from personae.adapters.durable import names
from personae.domain.hooks import Delivery
from personae.domain.tasks import Task

WorkState = Literal["waiting", "running", "done", "failed", "canceled"]
"""What became of a workflow; ``failed`` covers one that was given up after many crashes."""

_STATES: dict[str, WorkState] = {
    WorkflowStatusString.ENQUEUED.value: "waiting",
    WorkflowStatusString.DELAYED.value: "waiting",
    WorkflowStatusString.PENDING.value: "running",
    WorkflowStatusString.SUCCESS.value: "done",
    WorkflowStatusString.CANCELLED.value: "canceled",
    WorkflowStatusString.ERROR.value: "failed",
    WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value: "failed",
}
ENDED = tuple(
    status.value
    for status in WorkflowStatusString
    if _STATES.get(status.value) in ("done", "canceled", "failed")
)


class DurableWork:
    """A door to the queues for processes that run no work themselves.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Only looking and cancelling use it; enqueueing goes through the caller's connection.
    """

    def __init__(self, engine: sa.Engine) -> None:
        # Lazy: nothing is read or checked until it is used, so the tables may come later.
        self._client = DBOSClient(
            system_database_engine=engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=names.APPLICATION,
            lazy=True,
        )

    def queue_on(self, connection: sa.Connection) -> DbosQueue:
        """`ports.Queue` inside the transaction that `connection` has open."""
        return DbosQueue(self._client, connection)

    def register_queue(self, name: str, slots: int, poll_s: float) -> None:
        """Write down how many of a queue's workflows one worker runs at once, and how it looks.

        All workers follow what was written last, at once.
        """
        # A limit by partition, even one that limits nothing, makes DBOS draw the tenant whose turn
        # it is by lot, instead of serving the longest backlog first.
        self._client.register_queue(
            name,
            worker_concurrency=slots,
            partition_worker_concurrency=slots,
            polling_interval_sec=poll_s,
        )

    def cancel(self, task_ids: Sequence[str]) -> None:
        """Take work that is no longer wanted from the queues, its pieces too.

        The task's own row has said so before, and workers look there: this only tidies up, and
        may be left out or done late.
        """
        if task_ids:
            self._client.cancel_workflows(list(task_ids), cancel_children=True)

    def states(self, ids: Sequence[str]) -> dict[str, WorkState]:
        """What became of these workflows; one that is not there is missing in the answer."""
        if not ids:
            return {}
        found = self._client.list_workflows(
            workflow_ids=list(ids), load_input=False, load_output=False
        )
        return {one.workflow_id: _STATES.get(one.status, "failed") for one in found}

    def ended(self, ids: Sequence[str]) -> list[str]:
        """Those of these workflows that will do no more."""
        found = self._client.list_workflows(
            workflow_ids=list(ids), status=list(ENDED), load_input=False, load_output=False
        )
        return [one.workflow_id for one in found]

    def executors_at_work(self) -> set[str]:
        """Which executors have work in hand, or had when they died."""
        found = self._client.list_workflows(
            status=WorkflowStatusString.PENDING.value, load_input=False, load_output=False
        )
        return {one.executor_id for one in found if one.executor_id is not None}

    def videos_in_hand(self, most: int) -> int:
        """How many videos are being worked on or could be, counted up to `most`.

        A video that is swapped counts from plan to join, also while none of its pieces runs.
        """
        if most < 1:
            return 0
        pending, enqueued = WorkflowStatusString.PENDING.value, WorkflowStatusString.ENQUEUED.value
        swaps = self._client.list_workflows(
            name=names.RUN_VIDEO, status=pending, limit=most, load_input=False, load_output=False
        )
        searches = self._client.list_workflows(
            name=names.RUN_TASK,
            queue_name=names.CHUNKS,
            status=[pending, enqueued],
            limit=most,
            load_input=False,
            load_output=False,
        )
        return min(most, len(swaps) + len(searches))

    def attempts(self, workflow: str) -> list[int]:
        """How often each workflow of this name was begun, for those that look after a service."""
        found = self._client.list_workflows(name=workflow, load_input=False, load_output=False)
        return [one.recovery_attempts or 0 for one in found]

    def forget(self, before: float, limit: int) -> int:
        """Delete ended workflows from before a time, with their pieces; how many there were."""
        found: list[WorkflowStatus] = self._client.list_workflows(
            status=list(ENDED),
            completed_before=datetime.fromtimestamp(before, UTC).isoformat(),
            limit=limit,
            load_input=False,
            load_output=False,
        )
        if found:
            self._client.delete_workflows([one.workflow_id for one in found])
        return len(found)

    def close(self) -> None:
        """Let go of the client; the engine stays its maker's."""
        self._client.destroy()


class DbosQueue:
    """`ports.Queue` on DBOS: a queue row written by the transaction that writes the task."""

    def __init__(self, client: DBOSClient, connection: sa.Connection) -> None:
        self._client = client
        self._connection = connection

    def put_task(self, task: Task) -> None:
        """Enqueue the workflow named like the task; once, however often it is called."""
        queue, workflow = names.place_of(task)
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": queue,
            "workflow_id": task.id,
            "app_version": names.VERSION,
            "priority": names.PRIORITIES[task.priority],
            "queue_partition_key": task.tenant_id,
        }
        arguments: tuple[Any, ...] = (task.id,)
        if workflow == names.RUN_VIDEO:
            arguments = (task.id, task.tenant_id, options["priority"])
        self._client.enqueue_in_transaction(self._connection, options, *arguments)

    def put_delivery(self, delivery: Delivery, delay_s: float) -> None:
        """Enqueue a delivery's next attempt; it waits in the database, not in a worker."""
        options: EnqueueOptions = {
            "workflow_name": names.RUN_DELIVERY,
            "queue_name": names.WEBHOOKS,
            "workflow_id": names.delivery_id(delivery.id, delivery.attempts + 1),
            "app_version": names.VERSION,
            "queue_partition_key": delivery.tenant_id,
        }
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        self._client.enqueue_in_transaction(self._connection, options, delivery.id)

"""Looking after tasks: read, list, cancel, retry, delete."""

from __future__ import annotations

from collections.abc import Sequence

from personae.app import audit, hooks, submit
from personae.app.ports import Transaction
from personae.app.repositories.work import TaskFilter
from personae.app.submit import Context
from personae.domain.credits import close_key
from personae.domain.media import Asset
from personae.domain.pages import Page
from personae.domain.tasks import Task, TaskError, TaskKind, TaskStatus
from personae.errors import Canceled, Conflict, NotFound


def get(tx: Transaction, tenant_id: str, task_id: str) -> Task:
    """One of the tenant's tasks.

    Raises
    ------
    NotFound
    """
    task = tx.tasks.get(tenant_id, task_id)
    if task is None:
        raise NotFound(f"There is no task {task_id}.")
    return task


def page(
    tx: Transaction,
    tenant_id: str,
    *,
    kinds: Sequence[TaskKind],
    statuses: Sequence[TaskStatus] = (),
    after: str | None,
    limit: int,
) -> Page[Task]:
    """The tenant's tasks, newest first."""
    return tx.tasks.page(tenant_id, kinds=kinds, statuses=statuses, after=after, limit=limit)


def history(
    tx: Transaction, tenant_id: str | None, wanted: TaskFilter, *, after: str | None, limit: int
) -> Page[Task]:
    """Tasks that fit, newest first; `tenant_id` None for everybody's, which only operators see."""
    return tx.tasks.search(tenant_id, wanted, after=after, limit=limit)


def cancel(tx: Transaction, tenant_id: str, task_id: str, now: float) -> Task:
    """End a task that is not finished, and give its credits back.

    A worker that has it in hand notices within a second.

    Raises
    ------
    NotFound
    Conflict
        If it is finished.
    """
    task = stop(tx, tenant_id, task_id, now)
    hooks.announce(tx, task, now)
    audit.task_ended(tx, task, now)
    return task


def stop(tx: Transaction, tenant_id: str, task_id: str, now: float) -> Task:
    """As `cancel`, without telling the client."""
    task = get(tx, tenant_id, task_id)
    error = TaskError(Canceled.code, str(Canceled()), fault=Canceled.fault)
    if not tx.tasks.finish(task_id, "canceled", error=error, at=now):
        raise Conflict(f"The task {task_id} is {task.status}; it can no longer be canceled.")
    # Read again: a worker may have enlarged the hold in the meantime.
    task = get(tx, tenant_id, task_id)
    if task.credits_held:
        tx.credits.transfer(
            tenant_id, "release", task.credits_held, close_key(task_id), task_id=task_id, at=now
        )
    return task


def retry(tx: Transaction, ctx: Context, task_id: str) -> Task:
    """Ask again for what a failed or canceled task was to do.

    Raises
    ------
    NotFound
    Conflict
        If it is under way or has succeeded.
    """
    task = get(tx, ctx.tenant_id, task_id)
    if task.status not in ("failed", "canceled"):
        raise Conflict(
            f"The task {task_id} is {task.status}; only failed and canceled ones are retried."
        )
    return submit.again(tx, ctx, task)


def delete(tx: Transaction, tenant_id: str, task_id: str, now: float) -> list[str]:
    """Remove a finished task, its outputs and its crops.

    Returns
    -------
    list of str
        Keys of the bytes that nobody needs any more: for the caller to delete once this is
        committed.

    Raises
    ------
    NotFound
    Conflict
        If it is under way.
    """
    task = get(tx, tenant_id, task_id)
    if not task.final:
        raise Conflict(f"The task {task_id} is {task.status}; cancel it first.")
    tx.tasks.delete(tenant_id, task_id, now)
    audit.task_deleted(tx, tenant_id, task_id, now)
    unused: list[str] = []
    for asset in tx.assets.of_task(task_id):
        if tx.assets.remove(tenant_id, asset.id, now):
            audit.asset_deleted(tx, asset, now)
        if not tx.assets.blob_in_use(asset.blob_key):
            unused.append(asset.blob_key)
        unused += forget_detections(tx, asset, now)
    return unused


def forget_detections(tx: Transaction, asset: Asset, now: float) -> list[str]:
    """Delete what searches found in a scene that is gone: who was in it goes with it.

    Returns
    -------
    list of str
        As `delete`.
    """
    unused: list[str] = []
    for task in tx.tasks.detections_of(asset.tenant_id, asset.id):
        if not task.final:
            cancel(tx, task.tenant_id, task.id, now)
        unused += delete(tx, task.tenant_id, task.id, now)
    return unused

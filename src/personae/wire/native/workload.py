"""Queues, workers and everybody's tasks, for operators."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from personae.app import accounts, tasks
from personae.app.hooks import iso_time
from personae.app.ports import Transaction, WorkloadView
from personae.app.repositories.work import TaskFilter
from personae.domain.tasks import Task, TaskKind, TaskStatus
from personae.domain.tenants import ADMIN_SCOPE
from personae.domain.workload import Executor, QueueLoad
from personae.errors import NotFound, Unavailable
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.native.models import admin as models
from personae.wire.native.models.common import NAME, Page
from personae.wire.native.reading import page_reply
from personae.wire.native.routing import PREFIX, Strict, TaskInPath
from personae.wire.native.swaps import tell_queue
from personae.wire.native.views import progress_of
from personae.wire.paging import Cursor, Limit, from_cursor
from personae.wire.replies import at, reply

router = APIRouter(prefix=PREFIX, route_class=Strict, tags=["workload"])
_TASKS = "/admin/tasks"


def _view(call: Call) -> WorkloadView:
    if call.services.workload is None:
        raise Unavailable("Nobody here can look at the queues.")
    return call.services.workload


def _names(tx: Transaction, tenant_ids: Iterable[str]) -> dict[str, str]:
    """What tenants are called; one that is gone is missing."""
    found = (tx.tenants.get(one) for one in set(tenant_ids))
    return {one.id: one.name for one in found if one is not None}


@router.get(
    "/admin/queues",
    response_model=models.Queues,
    operation_id="getQueues",
    summary="See what waits",
)
@access(ADMIN_SCOPE, refuses=("unavailable",))
async def get_queues(request: Request) -> Response:
    """By queue: what waits and runs, for how long and for whom, and what ended lately."""
    call = call_of(request)
    load = await asyncio.to_thread(_view(call).queues)
    shares = [share.tenant_id for one in load.queues for share in one.tenants]
    names = await call.services.database.aread(lambda tx: _names(tx, shares))
    queues = [_queue(one, names) for one in load.queues]
    return reply(models.Queues(at=iso_time(call.now()), window_s=load.window_s, queues=queues))


def _queue(one: QueueLoad, names: dict[str, str]) -> models.Queue:
    shares = [
        models.TenantShare(tenant_name=names.get(share.tenant_id), **asdict(share))
        for share in one.tenants
    ]
    told: dict[str, Any] = asdict(one)
    told["oldest_s"] = None if one.oldest_s is None else round(one.oldest_s, 3)
    told["tenants"] = shares
    return models.Queue(**told)


@router.get(
    "/admin/workers",
    response_model=models.Workers,
    operation_id="getWorkers",
    summary="See who works",
)
@access(ADMIN_SCOPE, refuses=("unavailable",))
async def get_workers(request: Request) -> Response:
    """Every worker, whether it is alive, and what it has in hand."""
    call = call_of(request)
    found = await asyncio.to_thread(_view(call).workers)
    shown = [_worker(one) for one in found]
    return reply(models.Workers(at=iso_time(call.now()), workers=shown))


def _worker(one: Executor) -> models.Worker:
    jobs = [
        models.Job(id=job.id, queue=job.queue, tenant_id=job.tenant_id, since=at(job.since))
        for job in one.jobs
    ]
    return models.Worker(
        id=one.id,
        state=one.state,
        host=one.host,
        pid=one.pid,
        started_at=at(one.started_at),
        silent_s=None if one.silent_s is None else round(one.silent_s, 3),
        facts=one.facts,
        jobs=jobs,
        jobs_total=one.jobs_total,
    )


@router.get(
    _TASKS,
    response_model=Page[models.AdminTask],
    operation_id="listAllTasks",
    summary="List everybody's tasks",
)
@access(ADMIN_SCOPE)
async def list_all_tasks(
    request: Request,
    status: Annotated[
        list[TaskStatus] | None, Query(description="Only those; give it several times.")
    ] = None,
    kind: Annotated[
        list[TaskKind] | None, Query(description="Only those; give it several times.")
    ] = None,
    tenant_id: Annotated[
        str | None, Query(pattern=rf"^tenant_{NAME}$", description="Only that tenant's.")
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """How far they are, newest first; not what is in them."""
    call, after = call_of(request), from_cursor(_TASKS, cursor)
    wanted = TaskFilter(kinds=kind or (), statuses=status or ())

    def work(tx: Transaction) -> tuple[list[models.AdminTask], str | None]:
        if tenant_id is not None:
            accounts.client(tx, tenant_id)
        page = tasks.history(tx, tenant_id, wanted, after=after, limit=limit)
        names = _names(tx, [one.tenant_id for one in page.items])
        return [_task(one, names) for one in page.items], page.next_after

    items, next_after = await call.services.database.aread(work)
    query: list[tuple[str, str | int]] = [("limit", limit)]
    query += [("status", one) for one in status or ()]
    query += [("kind", one) for one in kind or ()]
    if tenant_id is not None:
        query.append(("tenant_id", tenant_id))
    return page_reply(call, _TASKS, items, next_after, query)


@router.post(
    f"{_TASKS}/{{task_id}}/cancel",
    response_model=models.AdminTask,
    operation_id="cancelAnyTask",
    summary="Cancel anybody's task",
)
@access(ADMIN_SCOPE)
async def cancel_any_task(request: Request, task_id: TaskInPath) -> Response:
    """Its credits are given back at once; a finished one cannot be canceled (409)."""
    call, now = call_of(request), call_of(request).now()

    def work(tx: Transaction) -> models.AdminTask:
        found = tx.tasks.get(None, task_id)
        if found is None:
            raise NotFound(f"There is no task {task_id}.")
        task = tasks.cancel(tx, found.tenant_id, task_id, now)
        return _task(task, _names(tx, [task.tenant_id]))

    shown = await call.services.database.awrite(work)
    await tell_queue(call, task_id)
    return reply(shown)


def _task(task: Task, names: dict[str, str]) -> models.AdminTask:
    return models.AdminTask(
        id=task.id,
        tenant_id=task.tenant_id,
        tenant_name=names.get(task.tenant_id),
        kind=task.kind,
        status=task.status,
        dialect=task.dialect,
        priority=task.priority,
        attempt=task.attempt,
        progress=progress_of(task),
        credits_held=0 if task.final else task.credits_held,
        credits_charged=task.credits_charged,
        error_code=None if task.error is None else task.error.code,
        created_at=iso_time(task.created_at),
        started_at=at(task.started_at),
        finished_at=at(task.finished_at),
    )

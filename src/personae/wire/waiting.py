"""Waiting for tasks by reading their rows, often at first and then less so."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict

import structlog
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from personae.app import tasks
from personae.app.ports import Database
from personae.domain.tasks import Task
from personae.errors import PersonaeError

_FIRST_S = 0.025
_GROWTH = 1.3
_MOST_S = 0.5
_log = structlog.get_logger("personae.wire")


async def read_task(database: Database, tenant_id: str, task_id: str) -> Task:
    """The task as it is now.

    Raises
    ------
    NotFound
    """
    return await database.aread(lambda tx: tasks.get(tx, tenant_id, task_id))


async def wait_for_end(
    database: Database, task: Task, timeout_s: float, most_s: float = _MOST_S
) -> Task:
    """The task when it is final, or as it is after `timeout_s`."""
    loop = asyncio.get_running_loop()
    deadline, pause_s = loop.time() + timeout_s, _FIRST_S
    while not task.final:
        left_s = deadline - loop.time()
        if left_s <= 0:
            break
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * _GROWTH, most_s)
        task = await read_task(database, task.tenant_id, task.id)
    return task


def state_tag(task: Task) -> str:
    """A short name of what a client can see change in a task; the id of its events."""
    seen = [task.status, asdict(task.progress), task.started_at, task.finished_at]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


async def events_of(
    database: Database,
    task: Task,
    view: Callable[[Task], Awaitable[str]],
    *,
    last_seen: str | None,
    heartbeat_s: float,
    stream_s: float,
) -> AsyncIterator[bytes]:
    """A task's server-sent events, until it is final or `stream_s` are over.

    ``status`` whenever the status changes (and first of all), ``progress`` whenever only the
    progress does; the data are the task as `view` writes it. A comment breaks silences longer than
    `heartbeat_s`. A client that comes back with the last id it saw is not told that state again.
    """
    loop = asyncio.get_running_loop()
    end = spoke = loop.time()
    end += stream_s
    tag, status, pause_s = last_seen or "", "", _FIRST_S
    while True:
        current = state_tag(task)
        if current != tag or task.final:
            event = "progress" if task.status == status else "status"
            yield format_sse_event(data_str=await view(task), event=event, id=current)
            tag, status, spoke, pause_s = current, task.status, loop.time(), _FIRST_S
        if task.final or loop.time() >= end:
            return
        if loop.time() - spoke >= heartbeat_s:
            yield KEEPALIVE_COMMENT
            spoke = loop.time()
        await asyncio.sleep(min(pause_s, heartbeat_s))
        pause_s = min(pause_s * _GROWTH, _MOST_S)
        try:
            task = await read_task(database, task.tenant_id, task.id)
        except PersonaeError as error:
            # Deleted, or the database is away: the answer has begun, so the stream just ends, and
            # the client learns which it is when it comes back.
            _log.info("a stream ends early", action="task.watch", task_id=task.id, code=error.code)
            return

"""Swaps: estimate, preview, submit, watch, cancel, retry, delete."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

import structlog
from fastapi import Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from personae.app import submit, tasks
from personae.app.consents import Asserting
from personae.app.ports import Transaction
from personae.app.repositories.work import TaskFilter
from personae.app.submit import Context
from personae.domain.tasks import Task, TaskKind, TaskStatus
from personae.errors import PersonaeError
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, request_hash
from personae.wire.native import views
from personae.wire.native.models import outcomes
from personae.wire.native.models import swaps as models
from personae.wire.native.models.common import ConsentIn, MediaKind, Page
from personae.wire.native.models.engines import ModelName
from personae.wire.native.reading import (
    files_now,
    find_task,
    note_links,
    page_reply,
    seconds_of,
    task_now,
)
from personae.wire.native.routing import NAME_OF_DIALECT, PREFIX, TaskInPath, group
from personae.wire.native.wanted import check_urls, claim_of, request_of
from personae.wire.paging import Cursor, Limit, from_cursor
from personae.wire.replies import replayed, reply
from personae.wire.waiting import wait_for_end

KINDS: tuple[TaskKind, ...] = ("swap_image", "swap_video")
READABLE: tuple[TaskKind, ...] = (*KINDS, "preview")
router = group("/swaps", "swaps")
_KIND: dict[str, TaskKind] = {"image": "swap_image", "video": "swap_video"}
_log = structlog.get_logger("personae.wire")

WaitS = Annotated[
    float,
    Query(
        ge=0,
        le=30,
        alias="wait",
        description="Seconds to wait for the task's end before answering as it is.",
    ),
]

Moment = Annotated[AwareDatetime | None, Query(description="Made from then (`since`) or before.")]
Words = Annotated[
    str,
    Query(
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Only those with all of these words in their label or the scene's name, in "
        "whatever case; a task's id is found by how it begins.",
    ),
]


def asserting(call: Call, wanted: ConsentIn | None) -> Asserting:
    """What a request and its key say of consent."""
    return Asserting(call.services.settings.consent, claim_of(wanted), call.who.key)


def context_of(call: Call, consent: ConsentIn | None = None, **rest: str | None) -> Context:
    """Who submits."""
    return Context(
        tenant_id=call.tenant_id,
        now=call.now(),
        request_id=call.request_id,
        dialect=NAME_OF_DIALECT,
        idempotency_key=rest.get("key"),
        request_hash=rest.get("hashed"),
        label=rest.get("label"),
        priority=rest.get("priority") or "normal",  # pyright: ignore[reportArgumentType]
        disabled=call.services.settings.disabled,
        refused_files=call.services.settings.refused_files,
        asserting=asserting(call, consent),
        any_letters=call.services.settings.any_letters,
        engines=call.services.settings.engines,
    )


async def view(call: Call, task: Task) -> outcomes.Swap:
    """A task with what it made."""
    services = call.services
    files = await files_now(call, task)
    note_links(call, files)
    return views.swap_of(task, files, services.blobs, services.settings.url_ttl_s)


def address(call: Call, task: Task) -> str:
    """Where a task is to be asked for."""
    return f"{call.services.settings.base_url}{PREFIX}/swaps/{task.id}"


@router.post(
    "",
    status_code=202,
    response_model=outcomes.Swap,
    operation_id="submitSwap",
    summary="Swap faces",
)
@access("swaps:write", "json")
async def submit_swap(
    request: Request, wanted: models.SwapIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Hold the credits and queue the work; poll the address in `Location`, or take its events."""
    call = call_of(request)
    asked = request_of(wanted)
    check_urls(call.services.fetcher, asked)
    hashed = request_hash("POST", request.url.path, wanted) if idempotency_key else None
    context = context_of(
        *(call, wanted.consent),
        key=idempotency_key,
        hashed=hashed,
        label=wanted.label,
        priority=wanted.priority,
    )
    task, new = await call.services.database.awrite(
        lambda tx: submit.submit_swap(tx, context, asked)
    )
    return reply(await view(call, task), 202, {"Location": address(call, task), **replayed(new)})


@router.get("", response_model=Page[outcomes.Swap], operation_id="listSwaps", summary="List swaps")
@access("swaps:read")
async def list_swaps(
    request: Request,
    status: Annotated[
        list[TaskStatus] | None, Query(description="Only those; give it several times.")
    ] = None,
    media: Annotated[MediaKind | None, Query(description="Only swaps in such scenes.")] = None,
    engine: Annotated[ModelName | None, Query(description="Only swaps by that engine.")] = None,
    q: Words = "",
    since: Moment = None,
    until: Moment = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    call, after = call_of(request), from_cursor("/swaps", cursor)
    wanted = TaskFilter(
        kinds=KINDS if media is None else (_KIND[media],),
        statuses=status or (),
        engine=engine,
        words=q,
        since=None if since is None else seconds_of(since),
        until=None if until is None else seconds_of(until),
    )

    def work(tx: Transaction) -> tuple[list[tuple[Task, views.Files]], str | None]:
        page = tasks.history(tx, call.tenant_id, wanted, after=after, limit=limit)
        return [(one, views.files_of(tx, one)) for one in page.items], page.next_after

    found, next_after = await call.services.database.aread(work)
    blobs, ttl_s = call.services.blobs, call.services.settings.url_ttl_s
    for _, files in found:
        note_links(call, files)
    items = [views.swap_of(task, files, blobs, ttl_s) for task, files in found]
    asked = (
        *(("limit", limit), ("media", media), ("engine", engine), ("q", q or None)),
        *(("status", one) for one in status or ()),
        *((name, at.isoformat()) for name, at in (("since", since), ("until", until)) if at),
    )
    query = [(name, value) for name, value in asked if value is not None]
    return page_reply(call, "/swaps", items, next_after, query)


@router.post(
    "/estimate",
    response_model=outcomes.Estimate,
    operation_id="estimateSwap",
    summary="Ask what a swap would cost",
)
@access("swaps:read", "json", reads=True)
async def estimate_swap(request: Request, wanted: models.SwapIn) -> Response:
    """Nothing is held, and nothing is done."""
    call, asked = call_of(request), request_of(wanted)
    check_urls(call.services.fetcher, asked)
    who = context_of(call)
    told = await call.services.database.aread(lambda tx: submit.estimate(tx, who, asked))
    return reply(
        outcomes.Estimate(
            credits=told.credits,
            available=told.available,
            affordable=told.affordable,
            assumed=told.assumed,
            seconds=told.seconds,
            breakdown=told.breakdown,
        )
    )


@router.get(
    "/{task_id}", response_model=outcomes.Swap, operation_id="getSwap", summary="Look at a swap"
)
@access("swaps:read")
async def get_swap(request: Request, task_id: TaskInPath, wait_s: WaitS = 0.0) -> Response:
    """Its state, progress and outputs; `wait` answers as soon as it has ended."""
    call = call_of(request)
    task = await task_now(call, task_id, READABLE)
    task = await wait_for_end(call.services.database, task, wait_s)
    return reply(await view(call, task))


@router.post(
    "/{task_id}/cancel",
    response_model=outcomes.Swap,
    operation_id="cancelSwap",
    summary="Cancel a swap",
)
@access("swaps:write")
async def cancel_swap(request: Request, task_id: TaskInPath) -> Response:
    """Its credits are given back at once; a finished one cannot be canceled (409)."""
    call = call_of(request)
    return reply(await view(call, await cancel(call, task_id, READABLE)))


async def cancel(call: Call, task_id: str, kinds: tuple[TaskKind, ...]) -> Task:
    """End a task, and then tell the queue, which only saves work: the row decides."""
    now = call.now()

    def work(tx: Transaction) -> Task:
        find_task(tx, call.tenant_id, task_id, kinds)
        return tasks.cancel(tx, call.tenant_id, task_id, now)

    task = await call.services.database.awrite(work)
    await tell_queue(call, task_id)
    return task


async def tell_queue(call: Call, task_id: str) -> None:
    """Save workers the work on a task that nobody waits for any more."""
    try:
        await call.services.cancel_workflow(task_id)
    except Exception:
        _log.exception("the queue was not told", action="task.cancel", task_id=task_id)


async def drop(call: Call, unused: list[str]) -> None:
    """Delete bytes that no row names; what fails here is found by the sweep."""
    if unused:
        with suppress(PersonaeError):
            await asyncio.to_thread(call.services.blobs.delete, unused)


@router.post(
    "/{task_id}/retry",
    status_code=202,
    response_model=outcomes.Swap,
    operation_id="retrySwap",
    summary="Try a swap again",
)
@access("swaps:write")
async def retry_swap(
    request: Request, task_id: TaskInPath, idempotency_key: IdempotencyKey = None
) -> Response:
    """A new task that asks for what a failed or canceled one asked for, at today's price."""
    call = call_of(request)
    hashed = request_hash("POST", request.url.path, None) if idempotency_key else None

    now = call.now()

    def work(tx: Transaction) -> Task:
        was = find_task(tx, call.tenant_id, task_id, READABLE)
        context = context_of(
            call, key=idempotency_key, hashed=hashed, label=was.label, priority=was.priority
        )
        return tasks.retry(tx, replace(context, now=now), task_id)

    task = await call.services.database.awrite(work)
    new = task.created_at == now
    return reply(await view(call, task), 202, {"Location": address(call, task), **replayed(new)})


@router.delete("/{task_id}", status_code=204, operation_id="deleteSwap", summary="Delete a swap")
@access("swaps:write")
async def delete_swap(request: Request, task_id: TaskInPath) -> Response:
    """A finished task and its outputs; one that is under way has to be canceled first (409)."""
    call = call_of(request)
    now = call.now()

    def work(tx: Transaction) -> list[str]:
        find_task(tx, call.tenant_id, task_id, READABLE)
        return tasks.delete(tx, call.tenant_id, task_id, now)

    await drop(call, await call.services.database.awrite(work))
    return Response(status_code=204)

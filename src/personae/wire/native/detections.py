"""Detections: who is in a picture or a video."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from personae.app import submit, tasks
from personae.app.ports import Transaction
from personae.domain.tasks import Task, TaskKind
from personae.errors import Conflict
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, request_hash
from personae.wire.native import views
from personae.wire.native.models import detections as models
from personae.wire.native.models.common import Page
from personae.wire.native.reading import files_now, find_task, note_links, page_reply, task_now
from personae.wire.native.routing import PREFIX, TaskInPath, group
from personae.wire.native.swaps import WaitS, cancel, context_of, drop, tell_queue
from personae.wire.native.wanted import ref_of
from personae.wire.paging import Cursor, Limit, from_cursor
from personae.wire.replies import replayed, reply
from personae.wire.waiting import wait_for_end

KINDS: tuple[TaskKind, ...] = ("detect_image", "detect_video")
router = group("/detections", "detections")


async def view(call: Call, task: Task, *, landmarks: bool = False) -> models.Detection:
    """A detection with its crops."""
    files, ttl_s = await files_now(call, task), call.services.settings.url_ttl_s
    note_links(call, files)
    return views.detection_of(task, files, call.services.blobs, ttl_s, landmarks=landmarks)


@router.post(
    "",
    status_code=202,
    response_model=models.Detection,
    operation_id="submitDetection",
    summary="Find the people in a scene",
)
@access("swaps:write", "json")
async def submit_detection(
    request: Request, wanted: models.DetectionIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Free of charge. For an hour, mappings of swaps of the same scene can refer to its faces."""
    call, scene = call_of(request), ref_of(wanted.scene)
    if scene.url is not None:
        call.services.fetcher.check(scene.url)
    hashed = request_hash("POST", request.url.path, wanted) if idempotency_key else None
    context = context_of(call, wanted.consent, key=idempotency_key, hashed=hashed)
    task, new = await call.services.database.awrite(
        lambda tx: submit.submit_detection(tx, context, wanted.media, scene)
    )
    location = f"{call.services.settings.base_url}{PREFIX}/detections/{task.id}"
    return reply(await view(call, task), 202, {"Location": location, **replayed(new)})


@router.get(
    "",
    response_model=Page[models.Detection],
    operation_id="listDetections",
    summary="List detections",
)
@access("swaps:read")
async def list_detections(request: Request, limit: Limit = 20, cursor: Cursor = None) -> Response:
    """Newest first, for as long as they are remembered: about a day."""
    call, after = call_of(request), from_cursor("/detections", cursor)

    def work(tx: Transaction) -> tuple[list[tuple[Task, views.Files]], str | None]:
        page = tasks.page(tx, call.tenant_id, kinds=KINDS, after=after, limit=limit)
        return [(one, views.files_of(tx, one)) for one in page.items], page.next_after

    found, next_after = await call.services.database.aread(work)
    blobs, ttl_s = call.services.blobs, call.services.settings.url_ttl_s
    for _, files in found:
        note_links(call, files)
    items = [
        views.detection_of(task, files, blobs, ttl_s, landmarks=False) for task, files in found
    ]
    return page_reply(call, "/detections", items, next_after, [("limit", limit)])


@router.get(
    "/{task_id}",
    response_model=models.Detection,
    operation_id="getDetection",
    summary="Look at a detection",
)
@access("swaps:read")
async def get_detection(
    request: Request,
    task_id: TaskInPath,
    wait_s: WaitS = 0.0,
    landmarks: Annotated[bool, Query(description="Also tell 478 points of each face.")] = False,
) -> Response:
    """Each person with a box, five points, the pose and a crop."""
    call = call_of(request)
    task = await task_now(call, task_id, KINDS)
    task = await wait_for_end(call.services.database, task, wait_s)
    return reply(await view(call, task, landmarks=landmarks))


@router.post(
    "/{task_id}/cancel",
    response_model=models.Detection,
    operation_id="cancelDetection",
    summary="Cancel a detection",
)
@access("swaps:write")
async def cancel_detection(request: Request, task_id: TaskInPath) -> Response:
    """A finished one cannot be canceled (409)."""
    call = call_of(request)
    return reply(await view(call, await cancel(call, task_id, KINDS)))


@router.delete(
    "/{task_id}",
    status_code=204,
    operation_id="deleteDetection",
    summary="Delete a detection",
)
@access("swaps:write")
async def delete_detection(request: Request, task_id: TaskInPath) -> Response:
    """With its crops and all that tells its people apart; one that is under way is canceled.

    Swaps that wait their turn with its faces will fail.
    """
    call = call_of(request)
    now = call.now()

    def work(tx: Transaction) -> tuple[bool, list[str]]:
        running = not find_task(tx, call.tenant_id, task_id, KINDS).final
        if running:
            with suppress(Conflict):  # It has just finished by itself.
                tasks.cancel(tx, call.tenant_id, task_id, now)
        return running, tasks.delete(tx, call.tenant_id, task_id, now)

    running, unused = await call.services.database.awrite(work)
    if running:
        await tell_queue(call, task_id)
    await drop(call, unused)
    return Response(status_code=204)

"""Detections: who is in a picture or a video."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from personae.app import submit
from personae.domain.tasks import Task, TaskKind
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, request_hash
from personae.wire.native import views
from personae.wire.native.models import detections as models
from personae.wire.native.reading import files_now, task_now
from personae.wire.native.routing import PREFIX, TaskInPath, group
from personae.wire.native.swaps import WaitS, cancel, context_of
from personae.wire.native.wanted import ref_of
from personae.wire.replies import replayed, reply
from personae.wire.waiting import wait_for_end

KINDS: tuple[TaskKind, ...] = ("detect_image", "detect_video")
router = group("/detections", "detections")


async def view(call: Call, task: Task, *, landmarks: bool = False) -> models.Detection:
    """A detection with its crops."""
    files, ttl_s = await files_now(call, task), call.services.settings.url_ttl_s
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
    context = context_of(call, key=idempotency_key, hashed=hashed)
    task, new = await call.services.database.awrite(
        lambda tx: submit.submit_detection(tx, context, wanted.media, scene)
    )
    location = f"{call.services.settings.base_url}{PREFIX}/detections/{task.id}"
    return reply(await view(call, task), 202, {"Location": location, **replayed(new)})


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

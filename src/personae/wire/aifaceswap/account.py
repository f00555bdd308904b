"""``task_status`` and ``points``: ours. The vendor tells results by webhook alone."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from personae.errors import NotFound
from personae.wire.aifaceswap import models, views
from personae.wire.aifaceswap.codes import OK
from personae.wire.aifaceswap.reading import body, group, read, settings_of
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.replies import reply
from personae.wire.vendor import SWAPS, files_of, find_task

router = group("ours, not the vendor's")
_ID = re.compile(r"[0-9a-f]{32}")


@router.get(
    "/task_status",
    response_model=models.TaskReply,
    operation_id="aifaceswapTaskStatus",
    summary="Ask how far a task is",
)
@access("swaps:read", refuses=("not_found",))
async def task_status(
    request: Request,
    task_id: Annotated[str, Query(examples=["ac3eb7ab5852233a3d2076031103b4fe"])],
) -> Response:
    """For clients that cannot take webhooks; this service's own call."""
    return await _told(call_of(request), task_id)


@router.post(
    "/task_status",
    response_model=models.TaskReply,
    operation_id="aifaceswapPostTaskStatus",
    summary="Ask how far a task is, by POST",
    openapi_extra=body(models.AskedTask),
)
@access("swaps:read", "form", reads=True, refuses=("not_found",))
async def post_task_status(request: Request) -> Response:
    """As by GET, with `task_id` in the body."""
    asked = await read(request, models.AskedTask)
    return await _told(call_of(request), asked.task_id)


async def _told(call: Call, task_id: str) -> Response:
    if not _ID.fullmatch(task_id):
        raise NotFound(f"There is no task {task_id[:64]}.")
    task = await find_task(call, task_id, SWAPS)
    files = (await files_of(call, [task])).get(task.id, {})
    data = views.task_now(task, files, settings_of(call), call.services.links)
    return JSONResponse({"code": OK, "data": data, "message": "OK"})


@router.get(
    "/points",
    response_model=models.PointsReply,
    operation_id="aifaceswapPoints",
    summary="Ask what there is to spend",
)
@access("account:read")
async def points(request: Request) -> Response:
    """What is held for tasks under way is not in it; this service's own call."""
    call = call_of(request)
    told = await call.services.database.aread(lambda tx: tx.credits.balance(call.tenant_id))
    return reply(models.PointsReply(code=OK, data=models.Points(points=told.available)))

"""Watching a swap: server-sent events."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from personae.domain.tasks import Task
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.native.reading import task_now
from personae.wire.native.routing import TaskInPath, group
from personae.wire.native.swaps import READABLE, view
from personae.wire.waiting import events_of, state_tag

EVENT_STREAM = "text/event-stream"
_SAMPLE = """\
event: status
data: {"id": "task_01ks3v8mq2b7d4x9r5w6t0hnce", "status": "running", "progress": {"percent": 0}}
id: 5b1f0c9de7a24c3f

: ping

event: progress
data: {"id": "task_01ks3v8mq2b7d4x9r5w6t0hnce", "status": "running", "progress": {"percent": 42.5}}
id: 8e6d1a2044c0b9d7

"""
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data", "id"],
    "properties": {
        "event": {"enum": ["status", "progress"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Swap"},
        },
        "id": {"type": "string"},
    },
}
router = group("/swaps", "swaps")


@router.get(
    "/{task_id}/events",
    operation_id="watchSwap",
    summary="Watch a swap",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The stream.",
            "content": {EVENT_STREAM: {"itemSchema": _EVENT, "example": _SAMPLE}},
        },
        204: {"description": "You have seen its end; stop."},
    },
)
@access("swaps:read")
async def watch_swap(request: Request, task_id: TaskInPath) -> Response:
    """Server-sent events: `status` and `progress`, each with the whole task as its data.

    The stream ends after the task's end. A client that comes back with the id of that last event
    in `Last-Event-ID` is told to stop (204).
    """
    call = call_of(request)
    settings, last_seen = call.services.settings, request.headers.get("last-event-id")
    task = await task_now(call, task_id, READABLE)
    if task.final and last_seen == state_tag(task):
        return Response(status_code=204)

    async def as_json(current: Task) -> str:
        return (await view(call, current)).model_dump_json()

    return StreamingResponse(
        events_of(
            call.services.database,
            task,
            as_json,
            last_seen=last_seen,
            heartbeat_s=settings.heartbeat_s,
            stream_s=settings.stream_s,
        ),
        media_type=EVENT_STREAM,
        headers={"X-Accel-Buffering": "no"},
    )

"""Quick looks at a swap: ``userFaceSwapPreview``."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.domain.tasks import Task
from personae.wire import vendor
from personae.wire.a2e import models, views
from personae.wire.a2e.routing import WORK, IdInQuery, checked_id, group, ok, settings_of
from personae.wire.a2e.tasks import named, request_of
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access

router = group("userFaceSwapPreview", "previews")


@router.post(
    "/add",
    response_model=models.Ok[models.PreviewShown],
    response_model_exclude_unset=True,
    operation_id="addUserFaceSwapPreview",
    summary="Quickly Preview Face Swap",
)
@access("swaps:write", "json", refuses=WORK)
async def add_preview(request: Request, wanted: models.PreviewIn) -> Response:
    """One picture of the swap, done before everything else and free of charge."""
    call = call_of(request)
    asked, _ = await request_of(call, wanted.face_url, wanted.video_url)
    told = {"face_url": wanted.face_url, "video_url": wanted.video_url}
    who = named(vendor.context(call, None, echo=told))
    return await _show(call, await vendor.submit_preview(call, asked, who))


@router.get(
    "/status",
    response_model=models.Ok[models.PreviewShown],
    response_model_exclude_unset=True,
    operation_id="getUserFaceSwapPreviewStatus",
    summary="Get Face Swap Preview Status",
)
@access("swaps:read", refuses=("not_found",))
async def get_preview(request: Request, name: IdInQuery) -> Response:
    """How far a preview is."""
    call = call_of(request)
    return await _show(call, await vendor.find_task(call, checked_id(name), ("preview",)))


async def _show(call: Call, task: Task) -> Response:
    files = (await vendor.files_of(call, [task])).get(task.id, {})
    links, settings = call.services.links, settings_of(call)
    return ok(views.preview(task, call.who.tenant, files, links, settings))

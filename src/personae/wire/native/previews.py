"""Previews: one frame of a swap, while the client waits."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from personae.app import submit
from personae.domain.media import Asset
from personae.domain.tasks import Task
from personae.errors import Expired
from personae.wire.dialects import Call, call_of
from personae.wire.files import BINARY
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, request_hash
from personae.wire.native import views
from personae.wire.native.models import outcomes
from personae.wire.native.models import swaps as models
from personae.wire.native.reading import files_now
from personae.wire.native.routing import group
from personae.wire.native.swaps import address, context_of, view
from personae.wire.native.wanted import check_urls, request_of
from personae.wire.problems import error_of_task
from personae.wire.replies import replayed, reply
from personae.wire.waiting import wait_for_end

router = group("/swaps", "swaps")
_MOST_PAUSE_S = 0.1


@router.post(
    "/preview",
    response_model=outcomes.PreviewShown,
    operation_id="previewSwap",
    summary="See one frame of a swap",
    responses={
        200: {"description": "The preview.", "content": {"image/*": dict(BINARY)}},
        202: {"model": outcomes.Swap, "description": "Not yet: ask at its `Location`."},
    },
)
@access("swaps:write", "json")
async def preview_swap(
    request: Request, wanted: models.PreviewIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Free of charge, and done before everything else.

    The answer is JSON with a link to the picture, or the picture itself for `Accept: image/*`. If
    it takes too long, the task is answered instead (202), to be asked for at its `Location`.
    """
    call = call_of(request)
    services, asked = call.services, request_of(wanted)
    check_urls(services.fetcher, asked)
    hashed = request_hash("POST", request.url.path, wanted) if idempotency_key else None
    context = context_of(call, wanted.consent, key=idempotency_key, hashed=hashed)
    task, new = await services.database.awrite(
        lambda tx: submit.submit_preview(tx, context, asked, wanted.time_s)
    )
    call.headers.update(replayed(new))  # Also of why it failed.
    task = await wait_for_end(
        services.database, task, services.settings.preview_wait_s, _MOST_PAUSE_S
    )
    if not task.final:
        headers = {"Location": address(call, task), "Retry-After": "1"}
        return reply(await view(call, task), 202, headers)
    if task.error is not None:
        call.ended = True
        raise error_of_task(task.error)
    return await _show(call, task, wants_picture(request.headers.get("accept", "")))


async def _show(call: Call, task: Task, picture: bool) -> Response:
    services = call.services
    files = await files_now(call, task)
    asset = next(iter(files.values()), None)
    if asset is None or task.result is None:
        raise Expired("The preview is gone already; ask for another.")
    if picture:
        call.gate.accesses.downloaded(asset.id, actor=call.who.key.id)
        return await _picture(call, asset)
    call.gate.accesses.linked(asset.id)
    return reply(
        outcomes.PreviewShown(
            id=task.id,
            asset_id=asset.id,
            content_type=asset.content_type,
            url=views.url_of(services.blobs, asset, services.settings.url_ttl_s),
            faces_swapped=task.result.get("faces_swapped"),
            engine=task.result.get("engine"),
            restorer=task.result.get("restorer"),
            manifest=task.result.get("manifest"),
            signed_by=task.result.get("signed_by"),
            warnings=list(task.result.get("warnings") or ()),
        )
    )


async def _picture(call: Call, asset: Asset) -> Response:
    chunks = await call.services.blobs.stream(asset.blob_key)
    headers = {"X-Personae-Asset": asset.id}
    if asset.size_bytes is not None:
        headers["Content-Length"] = str(asset.size_bytes)
    return StreamingResponse(chunks, media_type=asset.content_type, headers=headers)


def wants_picture(accept: str) -> bool:
    """Whether a client would rather have the picture than JSON about it.

    Only what comes first counts: browsers and tools that take anything get JSON.
    """
    for one in accept.split(","):
        kind = one.split(";", 1)[0].strip().lower()
        if kind.startswith("image/"):
            return True
        if kind in ("application/json", "*/*", "application/*"):
            return False
    return False

"""Face swap tasks: ``userFaceSwapTask``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from personae.app import submit
from personae.app.ports import Transaction
from personae.app.submit import Context
from personae.domain.ids import hex_id
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.domain.tasks import Task
from personae.errors import InvalidRequest
from personae.wire import vendor
from personae.wire.a2e import models, views
from personae.wire.a2e.routing import (
    NAME,
    WORK,
    IdInPath,
    IdInQuery,
    MaybeId,
    checked_id,
    group,
    ok,
    settings_of,
)
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.vendor import SWAPS, Files

router = group("userFaceSwapTask", "face swap tasks")
_quotes = group("generation", "account")
routers = (router, _quotes)

_MOST_LISTED = 100
_PREVIEW, _TASK = "userFaceSwapPreview/add", "userFaceSwapTask/add"
PageNum = Annotated[
    int, Query(alias="pageNum", ge=1, le=10**9, description="From 1.", examples=[1])
]
PageSize = Annotated[int, Query(alias="pageSize", ge=1, le=100, examples=[10])]


@router.post(
    "/add",
    response_model=models.Ok[models.TaskNew],
    operation_id="addUserFaceSwapTask",
    summary="Add User Face Swap Task",
)
@access("swaps:write", "json", refuses=(*WORK, "insufficient_credits"))
async def add_task(request: Request, wanted: models.TaskIn) -> Response:
    """Put one face on the person in a video or a picture. The target decides which it is; with
    `model_version` v2 it has to be a picture. The credits are held until the end.
    """
    call = call_of(request)
    asked, seconds = await request_of(call, wanted.face_url, wanted.video_url, wanted.model_version)
    token = wanted.webhook_token
    callback = vendor.callback_to(
        call, wanted.webhook_url, None if token is None else {"X-A2e-Webhook-Token": token}
    )
    told = {
        "name": wanted.name,
        "face_url": wanted.face_url,
        "video_url": wanted.video_url,
        "duration": seconds,
    }
    who = named(vendor.context(call, None, callback=callback, label=_label(wanted.name), echo=told))
    return ok(views.new_task(await vendor.submit_swap(call, asked, who)))


@router.get(
    "/status",
    response_model=models.Ok[list[models.TaskState]],
    operation_id="getUserFaceSwapTaskStatus",
    summary="Get Face Swap Task Status",
)
@access("swaps:read", refuses=("not_found",))
async def get_status(request: Request, name: MaybeId = None) -> Response:
    """One task by its `_id`, in a list; without it those that are under way, 100 at most, newest
    first.
    """
    call = call_of(request)
    found = [await _one(call, name)] if name else await _under_way(call)
    files, links, settings = await _shown_with(call, found)
    return ok([views.task_state(one, files.get(one.id, {}), links, settings) for one in found])


@router.get(
    "/records",
    response_model=models.Ok[models.TaskRows],
    operation_id="getUserFaceSwapTaskRecords",
    summary="Get Face Swap Task Records",
)
@access("swaps:read")
async def get_records(
    request: Request, page_num: PageNum = 1, page_size: PageSize = 10
) -> Response:
    """Newest first, in numbered pages; `count` is of all of them."""
    call = call_of(request)
    found, total = await call.services.database.aread(
        lambda tx: tx.tasks.numbered(
            call.tenant_id,
            kinds=SWAPS,
            dialect=NAME,
            offset=(page_num - 1) * page_size,
            limit=page_size,
        )
    )
    return ok({"rows": await _rows(call, found), "count": total})


@router.get(
    "/detail",
    response_model=models.Ok[models.TaskRow],
    operation_id="getUserFaceSwapTaskDetail",
    summary="Get Face Swap Task Detail",
)
@access("swaps:read", refuses=("not_found",))
async def get_detail(request: Request, name: IdInQuery) -> Response:
    """The same as by path."""
    call = call_of(request)
    return ok((await _rows(call, [await _one(call, name)]))[0])


@router.post(
    "/batchDetail",
    response_model=models.Ok[list[models.TaskRow]],
    operation_id="batchUserFaceSwapTaskDetail",
    summary="Get Face Swap Task Details",
)
@access("swaps:read", "json", reads=True)
async def batch_detail(request: Request, wanted: models.IdsIn) -> Response:
    """Those that there are, each once, in the order of `ids`; others are left out."""
    call = call_of(request)
    names = list(dict.fromkeys(checked_id(one) for one in wanted.ids))

    def look(tx: Transaction) -> list[Task]:
        found = [vendor.task_called(tx, call, name) for name in names]
        return [one for one in found if one is not None and one.kind in SWAPS]

    return ok(await _rows(call, await call.services.database.aread(look)))


@router.get(
    "/{_id}",
    response_model=models.Ok[models.TaskRow],
    operation_id="getUserFaceSwapTask",
    summary="Get Face Swap Task",
)
@access("swaps:read")
async def get_task(request: Request, name: IdInPath) -> Response:
    """A task in full, as `records` has it."""
    call = call_of(request)
    return ok((await _rows(call, [await _one(call, name)]))[0])


@router.delete(
    "/{_id}",
    response_model=models.Ok[models.Named],
    operation_id="deleteUserFaceSwapTask",
    summary="Delete Face Swap Task",
)
@access("swaps:write", refuses=("maintenance",))
async def delete_task(request: Request, name: IdInPath) -> Response:
    """With all that it made. One that is under way is canceled, and its credits come back."""
    call = call_of(request)
    task = await _one(call, name)
    await vendor.delete_task(call, task)
    return ok({"_id": task.dialect_id})


@_quotes.post(
    "/quote",
    response_model=models.Ok[models.Quote],
    operation_id="quoteGeneration",
    summary="Quote Generation",
)
@access("swaps:read", "json", refuses=("not_found",), reads=True)
async def quote(request: Request, wanted: models.QuoteIn) -> Response:
    """What a face swap or its preview would cost. The vendor's page does not show the answer, so
    that its fields are ours.
    """
    call, endpoint = call_of(request), wanted.endpoint.rstrip("/")
    if endpoint.endswith(_PREVIEW):
        return ok({"coins": 0, "affordable": True, "generationRequestValidated": False})
    if not endpoint.endswith(_TASK):
        raise InvalidRequest(f"Only {_TASK} and {_PREVIEW} have a price here.")
    body = wanted.request_body
    asked, _ = await request_of(call, body.face_url, body.video_url, body.model_version)
    who = vendor.context(call, None)
    told = await call.services.database.aread(lambda tx: submit.estimate(tx, who, asked))
    shown = {"coins": told.credits, "affordable": told.affordable}
    return ok({**shown, "generationRequestValidated": False})


async def request_of(
    call: Call, face_url: str, video_url: str, version: str | None = None
) -> tuple[SwapRequest, int]:
    """What a client wants swapped, and how many seconds the target has as far as that is known.

    Raises
    ------
    As `personae.app.given.GivenMedia.address`.
    """
    media = vendor.given(call)
    known = await media.ours(call.tenant_id, video_url)
    scene = (
        await media.address(call.tenant_id, video_url)
        if known is None
        else MediaRef(asset_id=known.id)
    )
    face = SceneFace(choice=settings_of(call).scene_faces)
    saved = await call.services.database.aread(
        lambda tx: tx.faces.by_source_url(call.tenant_id, NAME, face_url)
    )
    if saved is not None:
        # We have that photo already; the address may not lead to it any more.
        mapping = SwapMapping(face, face_id=saved.id)
    else:
        mapping = SwapMapping(face, (await media.address(call.tenant_id, face_url),))
    asked = SwapRequest("image" if version == "v2" else "any", scene, (mapping,))
    return asked, views.seconds_of(None if known is None else known.facts)


def named(who: Context) -> Context:
    """The submitter of something with a fresh id, whose first four bytes are its second."""
    return vendor.renamed(who, hex_id(24, who.now))


def _label(name: str) -> str | None:
    """A task's name as other listings of it can show it."""
    return "".join(one for one in name if one.isprintable()).strip()[:100] or None


async def _one(call: Call, name: str) -> Task:
    return await vendor.find_task(call, checked_id(name), SWAPS)


async def _under_way(call: Call) -> list[Task]:
    unfinished = settings_of(call).status_lists == "unfinished"
    page = await call.services.database.aread(
        lambda tx: tx.tasks.page(
            call.tenant_id,
            kinds=SWAPS,
            statuses=("queued", "running") if unfinished else (),
            dialect=NAME,
            after=None,
            limit=_MOST_LISTED,
        )
    )
    return [one for one in page.items if one.dialect_id is not None]


async def _shown_with(call: Call, found: Sequence[Task]) -> tuple[dict[str, Files], Any, Any]:
    files = await vendor.files_of(call, found)
    return files, call.services.links, settings_of(call)


async def _rows(call: Call, found: Sequence[Task]) -> list[dict[str, Any]]:
    files, links, settings = await _shown_with(call, found)
    return [views.task_row(one, files.get(one.id, {}), links, settings) for one in found]

"""Taking things down: a tenant's own, and for operators everybody's."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from personae.app import takedowns
from personae.app.hooks import iso_time
from personae.app.removing import Remover
from personae.app.takedown_service import AppliesTo, TakedownService
from personae.domain.takedowns import Order, Takedown
from personae.domain.tenants import ADMIN_SCOPE
from personae.errors import NotFound
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.native.models import takedowns as models
from personae.wire.native.models.common import Page
from personae.wire.native.reading import listed
from personae.wire.native.routing import PREFIX, Strict, TakedownInPath
from personae.wire.native.swaps import tell_queue
from personae.wire.paging import Cursor, Limit
from personae.wire.replies import at, replayed, reply

router = APIRouter(prefix=PREFIX, route_class=Strict, tags=["takedowns"])
Sha256InPath = Annotated[
    str, Path(pattern=r"^[0-9a-f]{64}$", description="64 hex digits.", examples=["58" * 32])
]
_OWN, _ALL = "/takedowns", "/admin/takedowns"


@router.post(
    _OWN,
    status_code=202,
    response_model=models.Takedown,
    operation_id="takeDown",
    summary="Take something down",
)
@access("assets:write", "json")
async def take_down(request: Request, wanted: models.TakedownIn) -> Response:
    """Something of yours, with its inputs, previews, crops, stills and saved faces.

    A task that is under way is canceled. The same call again gives the same takedown. The key needs
    `swaps:write` and `faces:write` as well.
    """
    call = call_of(request)
    for scope in ("swaps:write", "faces:write"):
        call.who.require(scope)
    order = Order(
        wanted.subject,
        wanted.reason,
        call.who.key.id,
        call.tenant_id,
        all_of_inputs=wanted.all_of_inputs,
        dialect=wanted.dialect,
    )
    takedown, new = await _carry_out(call, order, None)
    location = f"{call.services.settings.base_url}{PREFIX}{_OWN}/{takedown.id}"
    return reply(_own(takedown), 202, {"Location": location, **replayed(new)})


@router.get(
    _OWN,
    response_model=Page[models.Takedown],
    operation_id="listTakedowns",
    summary="List what you took down",
)
@access("assets:read")
async def list_takedowns(request: Request, limit: Limit = 20, cursor: Cursor = None) -> Response:
    """Newest first; what an operator took down is not among them."""
    return await _listed(request, _OWN, call_of(request).tenant_id, limit, cursor)


@router.get(
    f"{_OWN}/{{takedown_id}}",
    response_model=models.Takedown,
    operation_id="getTakedown",
    summary="Look at a takedown",
)
@access("assets:read")
async def get_takedown(request: Request, takedown_id: TakedownInPath) -> Response:
    """What it removed, and whether it is done."""
    call = call_of(request)
    found = await call.services.database.aread(
        lambda tx: takedowns.get(tx, call.tenant_id, takedown_id)
    )
    return reply(_own(found))


@router.post(
    _ALL,
    status_code=202,
    response_model=models.OperatorTakedown,
    operation_id="takeDownAnything",
    summary="Take anybody's things down",
)
@access(ADMIN_SCOPE, "json")
async def take_down_anything(request: Request, wanted: models.OperatorTakedownIn) -> Response:
    """As `POST /takedowns`, for operators: whosever it is.

    Unless told otherwise, other tenants' files with the same bytes go as well, and nobody can use
    these bytes again.
    """
    call = call_of(request)
    owner = None if wanted.tenant is None else await _tenant(call, wanted.tenant)
    order = Order(
        wanted.subject,
        wanted.reason,
        call.who.key.id,
        all_of_inputs=wanted.all_of_inputs,
        everywhere=wanted.everywhere,
        block=wanted.block,
        owner=owner,
        dialect=wanted.dialect,
    )
    takedown, new = await _carry_out(call, order, wanted.register_as)
    location = f"{call.services.settings.base_url}{PREFIX}{_ALL}/{takedown.id}"
    return reply(_full(takedown), 202, {"Location": location, **replayed(new)})


@router.get(
    _ALL,
    response_model=Page[models.OperatorTakedown],
    operation_id="listAllTakedowns",
    summary="List everything that was taken down",
)
@access(ADMIN_SCOPE)
async def list_all_takedowns(
    request: Request, limit: Limit = 20, cursor: Cursor = None
) -> Response:
    """Newest first, tenants' own among them."""
    return await _listed(request, _ALL, None, limit, cursor)


@router.get(
    f"{_ALL}/{{takedown_id}}",
    response_model=models.OperatorTakedown,
    operation_id="getAnyTakedown",
    summary="Look at anybody's takedown",
)
@access(ADMIN_SCOPE)
async def get_any_takedown(request: Request, takedown_id: TakedownInPath) -> Response:
    """What it removed, and whether it is done."""
    call = call_of(request)
    found = await call.services.database.aread(lambda tx: takedowns.get(tx, None, takedown_id))
    return reply(_full(found))


@router.delete(
    "/admin/blocked-files/{sha256}",
    status_code=204,
    operation_id="unblockFile",
    summary="Let a file be used again",
)
@access(ADMIN_SCOPE)
async def unblock_file(request: Request, sha256: Sha256InPath) -> Response:
    """By the SHA-256 of its bytes, which a takedown has blocked."""
    call, now = call_of(request), call_of(request).now()
    await call.services.database.awrite(
        lambda tx: takedowns.unblock(tx, sha256, call.who.key.id, now)
    )
    return Response(status_code=204)


async def _carry_out(call: Call, order: Order, register: AppliesTo | None) -> tuple[Takedown, bool]:
    """Take down in a thread, for it waits for storage; then tell the queue, which saves work."""
    services = call.services
    remover = Remover(services.database, services.blobs, services.clock, lambda _: None)
    service = TakedownService(services.database, remover, services.clock, services.enroll)
    takedown, new = await asyncio.to_thread(service.take_down, order, register)
    if new:
        for task_id in takedown.detail.canceled:
            await tell_queue(call, task_id)
    return takedown, new


async def _tenant(call: Call, name: str) -> str:
    found = await call.services.database.aread(
        lambda tx: tx.tenants.by_name(name) or tx.tenants.get(name)
    )
    if found is None:
        raise NotFound(f"There is no tenant {name}.")
    return found.id


async def _listed(
    request: Request, path: str, tenant_id: str | None, limit: int, cursor: str | None
) -> Response:
    return await listed(
        call_of(request),
        path,
        cursor,
        limit,
        lambda tx, after: takedowns.page(tx, tenant_id, after=after, limit=limit),
        _full if tenant_id is None else _own,
    )


def _own(takedown: Takedown) -> models.Takedown:
    return models.Takedown(**_shown(takedown))


def _full(takedown: Takedown) -> models.OperatorTakedown:
    detail = takedown.detail
    return models.OperatorTakedown(
        **_shown(takedown),
        requested_by=takedown.requested_by,
        tenant_id=takedown.tenant_id,
        tenants=list(detail.tenants),
        sha256=list(detail.sha256),
        blocked=list(detail.blocked),
        registered=list(detail.registered),
        failures=detail.failures,
        last_failure=detail.last_failure,
    )


def _shown(takedown: Takedown) -> dict[str, Any]:
    detail = takedown.detail
    return {
        "id": takedown.id,
        "subject": takedown.subject,
        "reason": takedown.reason,
        "state": takedown.state,
        "tasks": list(detail.tasks),
        "canceled": list(detail.canceled),
        "assets": list(detail.assets),
        "faces": list(detail.faces),
        "other_tasks": list(detail.left),
        "unstored_inputs": detail.unstored,
        "credits_released": detail.credits_released,
        "created_at": iso_time(takedown.created_at),
        "finished_at": at(takedown.finished_at),
    }

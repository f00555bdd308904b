"""Inspecting a file: was it made here? Free, for everybody, and not too often."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.app.hooks import iso_time
from personae.app.inspecting import Inspection, Origin
from personae.errors import FeatureDisabled, RateLimited
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.guesses import network_of
from personae.wire.native.models import inspection as models
from personae.wire.native.routing import group, secret_of
from personae.wire.native.uploads import UPLOAD_BODY, file_in
from personae.wire.replies import reply

router = group("/inspect", "inspect")


@router.post(
    "",
    response_model=models.InspectionShown,
    operation_id="inspectFile",
    summary="Find out whether a file was made here",
    openapi_extra=UPLOAD_BODY,
)
@access(
    None,
    "upload",
    refuses=(
        *("rate_limited", "feature_disabled", "unavailable"),
        *("media_too_large", "media_unreadable", "media_unsupported"),
    ),
    reads=True,
)
async def inspect_file(request: Request) -> Response:
    """No key is needed; nothing of the file is kept.

    It looks for a C2PA manifest, for the invisible mark and for the very bytes. With a key, the
    tasks of its tenant are named.
    """
    call = call_of(request)
    inspector = call.services.inspector
    if inspector is None:
        raise FeatureDisabled("The operator has switched inspections off.")
    _, wait_s = call.gate.inspections.take(network_of(call.address))
    if wait_s:
        raise RateLimited("You inspect files too often; try again later.", wait_s)
    tenant_id = None
    if secret_of(request) is not None:
        tenant_id = (await call.dialect.admit(call, request)).tenant.id
    chunks, _, _ = await file_in(request, None)
    return reply(_shown(await inspector.inspect(chunks), tenant_id))


def _shown(seen: Inspection, tenant_id: str | None) -> models.InspectionShown:
    mark = None
    if seen.mark is not None:
        mark = models.MarkShown(
            number=f"{int(seen.mark['number']):010x}",
            confidence=float(seen.mark["confidence"]),
            origin=_origin(seen.marked, tenant_id),
        )
    return models.InspectionShown(
        verdict=seen.verdict,
        sha256=seen.sha256,
        size_bytes=seen.size_bytes,
        kind=seen.kind,
        exact=_origin(seen.exact, tenant_id),
        mark=mark,
        manifest=seen.manifest,
    )


def _origin(origin: Origin | None, tenant_id: str | None) -> models.OriginShown | None:
    if origin is None:
        return None
    return models.OriginShown(
        made_at=iso_time(origin.made_at),
        still_here=origin.there,
        task_id=origin.task_id if origin.tenant_id == tenant_id else None,
    )

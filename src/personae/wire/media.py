"""``/media``: assets by the links that dialects hand out (see `personae.app.links`)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from personae.app.asset_rules import check_ready, check_there
from personae.app.filenames import suffix_for
from personae.app.links import FOLDER
from personae.app.threads import finish_in_thread
from personae.wire.dialects import call_of
from personae.wire.files import FILE_RESPONSES, LINK_REFUSALS, Stored, serve
from personae.wire.guard import Guarded, access

router = APIRouter(prefix=FOLDER.rstrip("/"), route_class=Guarded, tags=["files"])
_REDIRECT_S = 900


@router.get(
    "/{asset_id}/{name}",
    operation_id="followLink",
    summary="Fetch a file by its link",
    response_class=Response,
    responses={
        **FILE_RESPONSES,
        302: {"description": "The file is in an object store; its signed URL is in `Location`."},
    },
)
@router.head("/{asset_id}/{name}", include_in_schema=False)
@access(None, refuses=LINK_REFUSALS)
async def follow_link(
    request: Request,
    asset_id: Annotated[str, Path(pattern=r"^asset_[0-9a-z]{26}$")],
    name: Annotated[str, Path(max_length=500)],
    exp: Annotated[str, Query(max_length=20)] = "",
    sig: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The link is the permission; ranges are served."""
    del name  # For people.
    call = call_of(request)
    services = call.services
    services.links.check(asset_id, exp, sig)
    found = await services.database.aread(lambda tx: tx.assets.get(None, asset_id))
    asset = check_there(found, asset_id, call.now())
    if asset.state == "awaiting_upload":
        asset = await services.assets.complete(asset.tenant_id, asset_id)
    check_ready(asset)
    filename = asset.filename or f"{asset.id}{suffix_for(asset.content_type)}"
    if services.check_url is not None:
        # An asset's bytes never change, so its name is as good a validator as a checksum.
        etag = asset.sha256 or asset.id
        stored = Stored(asset.blob_key, asset.content_type, filename, etag[:32])
        told = lambda: call.gate.accesses.downloaded(asset.id)  # noqa: E731
        return await serve(request, services.blobs, stored, told)
    url = await finish_in_thread(
        services.blobs.download_url,
        asset.blob_key,
        filename=filename,
        content_type=asset.content_type,
        ttl_s=_REDIRECT_S,
    )
    if request.method != "HEAD":
        call.gate.accesses.downloaded(asset.id)
    return RedirectResponse(url, 302)

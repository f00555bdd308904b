"""Stored files: look, list, fetch, delete."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import Response

from personae.app.asset_rules import check_ready
from personae.app.hooks import iso_time
from personae.wire.dialects import call_of
from personae.wire.files import FILE_REFUSALS, FILE_RESPONSES, Stored, serve
from personae.wire.guard import access
from personae.wire.native.models import assets as models
from personae.wire.native.models.common import Page
from personae.wire.native.reading import page_reply
from personae.wire.native.routing import AssetInPath, group
from personae.wire.native.views import asset_of
from personae.wire.paging import Cursor, Limit, from_cursor
from personae.wire.replies import reply

router = group("/assets", "assets")

TtlS = Annotated[
    int | None,
    Query(ge=10, le=604_800, description="Seconds that the URL lives; an hour unless told."),
]


@router.get(
    "",
    response_model=Page[models.Asset],
    operation_id="listAssets",
    summary="List stored files",
)
@access("assets:read")
async def list_assets(
    request: Request,
    role: Annotated[
        Literal["upload", "import", "output", "crop", "cover", "thumbnail", "manifest"] | None,
        Query(description="Only those."),
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    call, after = call_of(request), from_cursor("/assets", cursor)
    page = await call.services.assets.page(call.tenant_id, role=role, after=after, limit=limit)
    query = [("limit", limit), *([("role", role)] if role else [])]
    items = [asset_of(one) for one in page.items]
    return page_reply(call, "/assets", items, page.next_after, query)


@router.get(
    "/{asset_id}",
    response_model=models.Asset,
    operation_id="getAsset",
    summary="Look at a stored file",
)
@access("assets:read")
async def get_asset(request: Request, asset_id: AssetInPath) -> Response:
    """Its type, size, duration, frame rate, codec, rotation, and when it expires."""
    call = call_of(request)
    return reply(asset_of(await call.services.assets.get(call.tenant_id, asset_id)))


@router.get(
    "/{asset_id}/url",
    response_model=models.SignedUrl,
    operation_id="getAssetUrl",
    summary="Get a signed URL",
)
@access("assets:read")
async def get_asset_url(request: Request, asset_id: AssetInPath, ttl_s: TtlS = None) -> Response:
    """Anybody who holds it can fetch the file, until it or the file expires."""
    call = call_of(request)
    url, until = await call.services.assets.access_url(
        call.tenant_id, asset_id, ttl_s or call.services.settings.url_ttl_s
    )
    call.gate.accesses.linked(asset_id)
    return reply(models.SignedUrl(url=url, expires_at=iso_time(until)))


@router.get(
    "/{asset_id}/content",
    operation_id="getAssetContent",
    summary="Fetch the file",
    response_class=Response,
    responses=FILE_RESPONSES,
)
@access("assets:read", refuses=FILE_REFUSALS)
async def get_asset_content(request: Request, asset_id: AssetInPath) -> Response:
    """Through the API, with your key; ranges are served."""
    call = call_of(request)
    asset = check_ready(await call.services.assets.get(call.tenant_id, asset_id))
    stored = Stored(
        asset.blob_key, asset.content_type, asset.filename or asset.id, asset.sha256 or asset.id
    )
    key_id = call.who.key.id
    return await serve(
        request,
        call.services.blobs,
        stored,
        lambda: call.gate.accesses.downloaded(asset.id, actor=key_id),
    )


@router.delete(
    "/{asset_id}",
    status_code=204,
    operation_id="deleteAsset",
    summary="Delete a stored file",
)
@access("assets:write")
async def delete_asset(request: Request, asset_id: AssetInPath) -> Response:
    """Its bytes too, unless another of your assets has the same."""
    call = call_of(request)
    await call.services.assets.delete(call.tenant_id, asset_id)
    return Response(status_code=204)

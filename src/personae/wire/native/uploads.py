"""Ways for files to come in: through the API, past it, or from a URL."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from personae.app.asset_rules import check_there
from personae.app.hooks import iso_time
from personae.app.ports import Transaction
from personae.app.threads import finish_in_thread
from personae.domain.media import Asset
from personae.errors import Conflict
from personae.wire.dialects import Call, call_of
from personae.wire.files import BINARY
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, once, request_hash
from personae.wire.multipart import FormFile
from personae.wire.native.models import assets as models
from personae.wire.native.models.assets import Filename
from personae.wire.native.routing import PREFIX, AssetInPath, group
from personae.wire.native.views import asset_of
from personae.wire.problems import WireError
from personae.wire.replies import replayed, reply

router = group("/assets", "assets")
_FIELD = "file"
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, or a form with one file in it.",
        "content": {
            "application/octet-stream": dict(BINARY),
            "image/*": dict(BINARY),
            "video/*": dict(BINARY),
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [_FIELD],
                    "properties": {_FIELD: {"type": "string", "format": "binary"}},
                    "additionalProperties": False,
                }
            },
        },
    }
}


@router.post(
    "",
    status_code=201,
    response_model=models.Asset,
    operation_id="uploadAsset",
    summary="Upload a file",
    openapi_extra=UPLOAD_BODY,
)
@access("assets:write", "upload")
async def upload_asset(
    request: Request,
    filename: Annotated[Filename | None, Query(description="Of a body that is no form.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """What the file is gets measured. Bytes that you uploaded before give the same asset again."""
    call = call_of(request)
    chunks, name, kind = await file_in(request, filename)
    known = await _known(call, idempotency_key)
    if known is not None:
        # The bytes are only compared: a repeated upload stores nothing, a different one neither.
        digest = hashlib.sha256()
        async for chunk in chunks:
            digest.update(chunk)
        told = {"sha256": digest.hexdigest(), "filename": name}
        asset = _same(call, known, request_hash("POST", request.url.path, told))
    else:
        asset = await call.services.assets.upload(
            call.tenant_id, chunks, filename=name, content_type=kind
        )
        told = {"sha256": asset.sha256, "filename": name}
        hashed = request_hash("POST", request.url.path, told)
        asset = await _remember(call, idempotency_key, hashed, asset)
    return reply(asset_of(asset), 201, {**_location(call, asset), **replayed(known is None)})


async def file_in(
    request: Request, filename: str | None
) -> tuple[AsyncIterator[bytes], str | None, str | None]:
    """The bytes of the file that a request brings, its name and its type.

    Raises
    ------
    WireError
        If the body is no file and no form with one.
    """
    kind = request.headers.get("content-type")
    if kind is None or not kind.lower().startswith("multipart/"):
        if kind is not None and kind.lower().startswith("application/json"):
            raise WireError("unsupported_body", "Send the file itself, or a form with it.")
        return request.stream(), filename, kind
    form = FormFile(request.stream(), kind, field=_FIELD)
    await form.open()
    return form.data(), filename or form.filename, form.content_type


@router.post(
    "/uploads",
    status_code=201,
    response_model=models.Upload,
    operation_id="reserveUpload",
    summary="Prepare an upload past the API",
)
@access("assets:write", "json")
async def reserve_upload(
    request: Request, wanted: models.UploadIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """PUT the file to the URL, with these headers, then call `complete`."""
    call, hashed = call_of(request), request_hash("POST", request.url.path, wanted)
    known = await _known(call, idempotency_key)
    if known is not None:
        asset, url = _same(call, known, hashed), ""
    else:
        made, url, _ = await call.services.assets.reserve(
            call.tenant_id,
            filename=wanted.filename,
            content_type=wanted.content_type,
            size_bytes=wanted.size_bytes,
        )
        asset = await _remember(call, idempotency_key, hashed, made)
        url = url if asset.id == made.id else ""
    if asset.state != "awaiting_upload":
        raise Conflict(f"The upload of {asset.id} has been completed already.")
    until = asset.expires_at or call.now()
    if not url:
        url = await finish_in_thread(
            call.services.blobs.upload_url,
            asset.blob_key,
            content_type=asset.content_type,
            size_limit=asset.size_bytes or 0,
            ttl_s=max(1, int(until - call.now())),
        )
    shown = models.Upload(
        asset=asset_of(asset),
        method="PUT",
        url=url,
        headers=call.services.blobs.upload_headers(asset.content_type),
        expires_at=iso_time(until),
    )
    return reply(shown, 201, {**_location(call, asset), **replayed(known is None)})


@router.post(
    "/{asset_id}/complete",
    response_model=models.Asset,
    operation_id="completeUpload",
    summary="Take over what was uploaded",
)
@access("assets:write")
async def complete_upload(request: Request, asset_id: AssetInPath) -> Response:
    """Looks at the file that was PUT; asking again answers the same."""
    call = call_of(request)
    return reply(asset_of(await call.services.assets.complete(call.tenant_id, asset_id)))


@router.post(
    "/imports",
    status_code=201,
    response_model=models.Asset,
    operation_id="importAsset",
    summary="Import a file from a URL",
)
@access("assets:write", "json")
async def import_asset(
    request: Request, wanted: models.ImportIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """The answer comes when the file is here."""
    call, hashed = call_of(request), request_hash("POST", request.url.path, wanted)
    known = await _known(call, idempotency_key)
    if known is not None:
        asset = _same(call, known, hashed)
    else:
        asset = await call.services.assets.import_url(call.tenant_id, wanted.url)
        asset = await _remember(call, idempotency_key, hashed, asset)
    return reply(asset_of(asset), 201, {**_location(call, asset), **replayed(known is None)})


def _location(call: Call, asset: Asset) -> dict[str, str]:
    return {"Location": f"{call.services.settings.base_url}{PREFIX}/assets/{asset.id}"}


async def _known(call: Call, key: str | None) -> tuple[str, Asset | None] | None:
    """What an idempotency key has been used for: the request's hash, and the asset."""
    if key is None:
        return None

    def work(tx: Transaction) -> tuple[str, Asset | None] | None:
        seen = tx.idempotency.find(call.tenant_id, key)
        if seen is None:
            return None
        return seen.request_hash, tx.assets.get(call.tenant_id, seen.resource_id)

    return await call.services.database.aread(work)


def _same(call: Call, known: tuple[str, Asset | None], hashed: str) -> Asset:
    """The asset of an earlier request, if this one is the same.

    Raises
    ------
    Conflict, NotFound, Expired
    """
    was, asset = known
    if was != hashed:
        raise Conflict("This Idempotency-Key was used for another request; take a fresh one.")
    return check_there(asset, "of this Idempotency-Key", call.now())


async def _remember(call: Call, key: str | None, hashed: str, asset: Asset) -> Asset:
    """Tie a key to what was made; what the same request made first, if two came at once."""
    if key is None:
        return asset
    now = call.now()

    def find(tx: Transaction, name: str) -> Asset:
        return check_there(tx.assets.get(call.tenant_id, name), name, now)

    def work(tx: Transaction) -> Asset:
        return once(
            tx,
            call.tenant_id,
            key,
            hashed,
            now,
            make=lambda: asset,
            name_of=lambda made: made.id,
            find=lambda name: find(tx, name),
        )[0]

    return await call.services.database.awrite(work)

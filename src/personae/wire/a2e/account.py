"""What is not a swap: coins, tokens, and files on their way here."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.app import accounts
from personae.wire import vendor
from personae.wire.a2e import models, views
from personae.wire.a2e.routing import group, ok, settings_of
from personae.wire.dialects import call_of
from personae.wire.guard import access

_user = group("user", "account")
_token = group("token", "account")
_r2 = group("r2", "files")
_tos = group("tos", "files")
routers = (_user, _token, _r2, _tos)

_COINS = models.Ok[models.Coins]
_UPLOAD = models.Ok[models.Upload]


@_user.get(
    "/remainingCoins",
    response_model=_COINS,
    operation_id="getRemainingCoins",
    summary="Get Remaining Coins",
)
@_user.post(
    "/remainingCoins",
    response_model=_COINS,
    operation_id="postRemainingCoins",
    summary="Get Remaining Coins",
)
@access("account:read", reads=True)
async def remaining_coins(request: Request) -> Response:
    """What can be spent, without what is held for tasks under way; by GET or POST."""
    call = call_of(request)
    told = await call.services.database.aread(lambda tx: tx.credits.balance(call.tenant_id))
    return ok({"coins": told.available, "diamonds": 0})


@_token.post(
    "/generate",
    response_model=models.Ok[models.TokenMade],
    operation_id="generateToken",
    summary="Generate Token",
)
@access("keys:write", "json", refuses=("maintenance",))
async def generate_token(request: Request, wanted: models.TokenIn) -> Response:
    """A further API key that can do what the one in use can; it is shown once."""
    call, now = call_of(request), call_of(request).now()
    scopes = call.who.key.scopes
    made = await call.services.database.awrite(
        lambda tx: accounts.issue_key(tx, call.tenant_id, name=wanted.alias, scopes=scopes, now=now)
    )
    shown = views.object_id(made.stored.created_at, made.stored.id)
    return ok({"_id": shown, "token": made.key})


@_r2.post(
    "/upload-presigned-url",
    response_model=_UPLOAD,
    operation_id="getUploadPresignedUrl",
    summary="Get Upload Presigned URL",
)
@_r2.post(
    "/get_upload_presigned_url",
    response_model=_UPLOAD,
    operation_id="getUploadPresignedUrlOld",
    summary="Get Upload Presigned URL (older spelling)",
)
@access("assets:write", "json", refuses=("maintenance",))
async def presign(request: Request, wanted: models.UploadIn) -> Response:
    """PUT the file to `uploadUrl`, with the same `Content-Type` if you gave one; `cdnUrl` is what
    to give as `face_url` or `video_url`, and it is good at once.
    """
    call, settings = call_of(request), settings_of(call_of(request))
    asset, url, _ = await call.services.assets.reserve(
        call.tenant_id,
        filename=wanted.key,
        content_type=wanted.content_type or None,
        size_bytes=wanted.content_length or wanted.file_size,
        ttl_s=wanted.expires_in,
        keep_s=settings.link_ttl_s,
    )
    return ok(views.upload(asset, url, call.services.links, settings))


@_tos.post(
    "/transferToStorage",
    response_model=models.Ok[models.Transferred],
    operation_id="transferToStorage",
    summary="Transfer To Storage",
)
@access("assets:write", "json", refuses=("not_found", "maintenance"))
async def transfer(request: Request, wanted: models.TransferIn) -> Response:
    """Copy a file from a public address to here; the answer comes when it is here."""
    call = call_of(request)
    asset = await vendor.given(call).copy(call.tenant_id, wanted.url)
    ttl_s = settings_of(call).link_ttl_s
    return ok({"url": vendor.link_to(call.services.links, asset, ttl_s)})

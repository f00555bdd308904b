"""Tokens and files: ``oauth`` and ``source``."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.errors import RateLimited
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.replies import reply
from personae.wire.vidnoz import models
from personae.wire.vidnoz.keys import ending_of, key_of
from personae.wire.vidnoz.models import Answer
from personae.wire.vidnoz.reading import fields_of, file_of, group, settings_of
from personae.wire.vidnoz.views import link

oauth = group("/oauth", "oauth")
router = group("/source", "source")
_TOKEN_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": models.TokenIn.model_json_schema()}
            for kind in ("application/json", "application/x-www-form-urlencoded")
        },
    }
}


@oauth.post(
    "/token",
    operation_id="vidnozToken",
    summary="Trade a key's id and secret for a token",
    response_model=Answer[models.Token] | models.Refusal,
    openapi_extra=_TOKEN_BODY,
)
@access(None, "form", refuses=("unauthorized",))
async def token(request: Request) -> Response:
    """Send the token as `Authorization: Bearer …` until it is over, then ask for another."""
    call, settings = call_of(request), settings_of(call_of(request))
    asked = await fields_of(request, models.TokenIn)
    who = await call.gate.admit_client(asked.client_id, asked.client_secret, call.address)
    headers, wait_s = call.gate.count(who.key.id)
    call.headers.update(headers)
    if wait_s:
        raise RateLimited(retry_after_s=wait_s)
    made = call.services.tokens.issue(who, call.now(), settings.token_ttl_s)
    return reply(Answer(data=models.Token(access_token=made, expires_in=settings.token_ttl_s)))


@router.post(
    "/upload-url",
    operation_id="vidnozUploadUrl",
    summary="Get an address to upload a file to",
    response_model=Answer[models.Upload] | models.Refusal,
)
@access("assets:write", "json")
async def upload_url(request: Request, asked: models.UploadIn) -> Response:
    """PUT the file to `upload_url`, with any content type, and use `key` for it afterwards."""
    call, settings = call_of(request), settings_of(call_of(request))
    asset, url, _ = await call.services.assets.reserve(
        call.tenant_id,
        filename=asked.file_name,
        ttl_s=settings.upload_ttl_s,
        keep_s=settings.upload_wait_s,
    )
    key = key_of(asset, ending_of(asset.filename))
    return reply(Answer(data=models.Upload(upload_url=url, key=key)))


@router.post(
    "/access-url",
    operation_id="vidnozAccessUrl",
    summary="Get an address to fetch a file from",
    response_model=Answer[models.Access] | models.Refusal,
)
@access("assets:read", "json", reads=True)
async def access_url(request: Request, asked: models.AccessIn) -> Response:
    """Of an upload, a face or a result. The file is looked at first, if nobody did yet."""
    call = call_of(request)
    asset = await file_of(call, asked.key)
    url = link(call.services.links, asset, settings_of(call).link_ttl_s)
    return reply(Answer(data=models.Access(url=url)))

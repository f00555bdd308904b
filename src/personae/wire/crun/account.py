"""The account, and files on their way in."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from personae.errors import InvalidRequest, Maintenance
from personae.wire.crun import answers
from personae.wire.crun.answers import Answer
from personae.wire.crun.routing import group, settings_of, success
from personae.wire.dialects import call_of
from personae.wire.guard import access

accounts = group("account", "account")
files = group("files", "files")
_EXT = re.compile(r"\.?[a-z0-9]{1,10}", re.ASCII)


@accounts.get(
    "/balance",
    response_model=Answer[answers.Balance],
    operation_id="crunBalance",
    summary="Ask for the credits that are left",
)
@access("account:read")
async def balance(request: Request) -> Response:
    """Without those that unfinished tasks hold."""
    call = call_of(request)
    told = await call.services.database.aread(lambda tx: tx.credits.balance(call.tenant_id))
    return success(answers.Balance(balance=told.available))


@files.get(
    "/upload-url",
    response_model=Answer[answers.UploadUrl],
    operation_id="crunUploadUrl",
    summary="Prepare an upload",
)
@access("assets:write", refuses=("maintenance",))
async def upload_url(
    request: Request,
    content_type: Annotated[str, Query(examples=["image/jpeg"])],
    ext: Annotated[str, Query(description="With its dot.", examples=[".jpg"])] = "",
) -> Response:
    """PUT the file to `presigned_url` with that Content-Type, then use `file_url`."""
    call = call_of(request)
    if call.services.settings.maintenance:  # This is a GET, and yet it prepares something.
        raise Maintenance
    ending = ext.strip().lower()
    if ending and not _EXT.fullmatch(ending):
        raise InvalidRequest("ext is a file's ending such as .jpg.")
    ttl_s = settings_of(call).link_ttl_s
    asset, presigned, _ = await call.services.assets.reserve(
        call.tenant_id,
        filename=f"upload.{ending.lstrip('.')}" if ending else "upload",
        content_type=content_type.strip(),
        keep_s=ttl_s,
    )
    link = call.services.links.url(asset.id, asset.filename or "upload", ttl_s)
    return success(answers.UploadUrl(presigned_url=presigned, file_url=link))

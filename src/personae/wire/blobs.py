"""``/blobs``: files of a service without an object store, for whoever holds a signed URL."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from personae.errors import NotFound
from personae.wire.dialects import Call, call_of
from personae.wire.files import BINARY, FILE_RESPONSES, LINK_REFUSALS, Stored, serve
from personae.wire.guard import Guarded, access
from personae.wire.problems import WireError
from personae.wire.services import CheckUrl

router = APIRouter(prefix="/blobs", route_class=Guarded, tags=["files"])
Key = Annotated[str, Path(max_length=1024)]


def _check(call: Call) -> CheckUrl:
    check = call.services.check_url
    if check is None:
        raise NotFound("This service keeps its files elsewhere.")
    return check


@router.get(
    "/{key:path}",
    operation_id="downloadFile",
    summary="Fetch a file by its signed URL",
    response_class=Response,
    responses=FILE_RESPONSES,
)
@router.head("/{key:path}", include_in_schema=False)
@access(None, refuses=LINK_REFUSALS)
async def download(request: Request, key: Key) -> Response:
    """The URL is the permission; ranges are served."""
    call = call_of(request)
    permit = _check(call)(key, request.query_params, op="get", now=call.now())
    # A key's bytes are written once, so its name is as good a validator as a checksum.
    etag = hashlib.sha256(permit.key.encode()).hexdigest()[:32]
    stored = Stored(permit.key, permit.content_type, permit.filename, etag)
    return await serve(
        request, call.services.blobs, stored, lambda: call.gate.accesses.downloaded(permit.key)
    )


@router.put(
    "/{key:path}",
    operation_id="uploadFile",
    summary="Upload a file to its signed URL",
    response_class=Response,
    responses={200: {"description": "The file is here."}},
    openapi_extra={"requestBody": {"required": True, "content": {"*/*": dict(BINARY)}}},
)
@access(None, "upload", refuses=("forbidden", "expired"))
async def upload(request: Request, key: Key) -> Response:
    """The URL is the permission; `Content-Type` has to be what was announced, if it was."""
    call = call_of(request)
    permit = _check(call)(key, request.query_params, op="put", now=call.now())
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if permit.content_type and kind != permit.content_type.lower():
        raise WireError("unsupported_body", f"This URL takes {permit.content_type} only.")
    limit = min(permit.size_limit, call.services.settings.upload_limit_bytes)
    stored = await call.services.blobs.put_stream(
        permit.key,
        request.stream(),
        limit_bytes=limit,
        content_type=permit.content_type or "application/octet-stream",
    )
    call.gate.accesses.put(permit.key)
    return Response(status_code=200, headers={"ETag": f'"{stored.sha256}"'})

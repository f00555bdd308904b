"""Stored files over HTTP: ranges, validators, and a name that no browser can be fooled with."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from personae.app.ports import Blobs
from personae.errors import NotFound
from personae.wire.problems import WireError

BINARY: Mapping[str, Any] = {"schema": {"type": "string", "format": "binary"}}
"""Bytes, as OpenAPI describes them."""
FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"*/*": dict(BINARY)}},
    206: {"description": "The part that `Range` asked for.", "content": {"*/*": dict(BINARY)}},
    304: {"description": "You have it already, by `If-None-Match`."},
}
"""What `serve` answers, as OpenAPI describes it."""
FILE_REFUSALS = ("expired", "range_not_satisfiable")
LINK_REFUSALS = ("forbidden", *FILE_REFUSALS)
"""And what is refused, of a file and of one behind a signed link."""

_RANGE = re.compile(r"bytes=\s*(?:(\d{1,18})\s*-\s*(\d{1,18})?|-\s*(\d{1,18}))\s*", re.ASCII)
_PLAIN_NAME = re.compile(r"[^A-Za-z0-9 ._()-]")
_OCTETS = "application/octet-stream"
_LOOK_S = 10.0
"""Between two looks, during a download, whether the file is still there."""
_CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored file as it is to be presented; its bytes never change, so `etag` may name them."""

    key: str
    content_type: str
    filename: str
    etag: str


async def serve(
    request: Request, blobs: Blobs, stored: Stored, told: Callable[[], None]
) -> Response:
    """Answer a GET or HEAD of a stored file (RFC 9110, sections 13 and 14).

    One range is served; several at once are answered with the whole file, as the RFC allows.

    Parameters
    ----------
    told : callable
        Called when bytes are about to be sent.

    Raises
    ------
    NotFound
        If the bytes are gone.
    WireError
        416, if the range begins after the end.
    """
    size = await run_in_threadpool(blobs.size, stored.key)
    if size is None:
        raise NotFound("The file is gone.")
    etag = f'"{stored.etag}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        # Short: what is taken down must not live on in browsers; the tag saves the bytes.
        "Cache-Control": "private, max-age=30",
        "Content-Disposition": disposition(stored.filename),
    }
    if _listed(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    start, end = wanted_range(request.headers, size, etag) or (0, size)
    status = 200
    if (start, end) != (0, size):
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    kind = stored.content_type if _CONTENT_TYPE.fullmatch(stored.content_type) else _OCTETS
    if request.method == "HEAD" or end == start:
        return Response(status_code=status, headers=headers, media_type=kind)
    chunks: AsyncIterator[bytes] = await blobs.stream(stored.key, start=start, end=end)
    told()
    sent = _while_there(blobs, stored.key, chunks)
    return StreamingResponse(sent, status_code=status, headers=headers, media_type=kind)


async def _while_there(
    blobs: Blobs, key: str, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """The chunks, as long as the file is there: a slow download must not outlive a takedown.

    An open file on a disk can be read to its end after it was deleted.

    Raises
    ------
    NotFound
        In the middle of the answer, which then breaks off.
    """
    look_at = time.monotonic() + _LOOK_S
    async for chunk in chunks:
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + _LOOK_S
            if await run_in_threadpool(blobs.size, key) is None:
                raise NotFound("The file is gone.")
        yield chunk


def wanted_range(headers: Headers, size: int, etag: str) -> tuple[int, int] | None:
    """The bytes that a client asks for, from the first up to, not including, the second.

    None for the whole file: no range, several, one that cannot be read, or one whose ``If-Range``
    is about other bytes.

    Raises
    ------
    WireError
        416, if it begins after the end.
    """
    asked = _RANGE.fullmatch(headers.get("range", ""))
    condition = headers.get("if-range")
    if asked is None or (condition is not None and condition.strip() != etag):
        return None
    first, last, suffix = asked.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start = int(first)
        end = size if last is None else min(int(last) + 1, size)
        if last is not None and int(last) < start:
            return None  # Not a range at all; the RFC has it ignored.
    if start >= size or start >= end:
        raise WireError("range_not_satisfiable", headers={"Content-Range": f"bytes */{size}"})
    return start, end


def disposition(filename: str) -> str:
    """A ``Content-Disposition`` that saves and never shows (RFC 6266); nothing can end it early."""
    plain = _PLAIN_NAME.sub("_", filename)
    if not plain:
        return "attachment"
    value = f'attachment; filename="{plain}"'
    if plain != filename:
        value += f"; filename*=UTF-8''{quote(filename.encode('utf-8', 'replace'), safe='')}"
    return value


def _listed(header: str | None, etag: str) -> bool:
    """Whether a list of entity tags has ours; weak ones count, as they do for GET."""
    if header is None:
        return False
    tags = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in tags or etag in tags

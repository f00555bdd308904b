"""``/``: the studio, a web page of static files, and the key that it offers at the first start."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from personae.errors import Expired, Forbidden, NotFound
from personae.wire.dialects import Call, call_of
from personae.wire.guard import Guarded, access
from personae.wire.replies import reply

router = APIRouter(route_class=Guarded)
FOLDER = "/studio"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PROBE_KEY = "studio"


@dataclass(frozen=True, slots=True)
class StudioFile:
    """One file of the studio, ready to be sent.

    Attributes
    ----------
    packed : bytes
        The body, gzipped.
    """

    body: bytes
    packed: bytes
    content_type: str
    etag: str


@cache
def studio_files() -> dict[str, StudioFile]:
    """Every file of the studio by its path below ``/studio/``."""
    return dict(_walk(resources.files("personae") / "studio", ""))


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, StudioFile]]:
    found: list[tuple[str, StudioFile]] = []
    for one in folder.iterdir():
        kind = _KINDS.get(one.name[one.name.rfind(".") :])
        if one.is_dir():
            found += _walk(one, f"{prefix}{one.name}/")
        elif kind is not None:
            body = one.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
            packed = gzip.compress(body, mtime=0)
            found.append((f"{prefix}{one.name}", StudioFile(body, packed, kind, etag)))
    return found


def policy(storage_url: str, own_url: str) -> str:
    """The Content-Security-Policy: nothing from elsewhere but files of the storage.

    Parameters
    ----------
    storage_url, own_url : str
        Any address of a stored file, and the service's own address.
    """
    told, own = urlsplit(storage_url), urlsplit(own_url)
    apart = (told.scheme, told.netloc) != (own.scheme, own.netloc)
    origin = f" {told.scheme}://{told.netloc}" if apart and told.netloc else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' blob: data:{origin}; media-src 'self' blob:{origin}; "
        f"connect-src 'self'{origin}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


@router.get("/", include_in_schema=False)
@router.head("/", include_in_schema=False)
@access(None)
async def index(request: Request) -> Response:
    """The one page."""
    return _send(request, "index.html")


class FirstKeyShown(BaseModel):
    """Whether the first key is to be had from where the request comes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"offered": True}]})

    offered: bool


class FirstKeyIn(BaseModel):
    """What ``personae serve`` printed, where that is needed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"code": None}]})

    code: Annotated[str, StringConstraints(max_length=100)] | None = None


class FirstKeyGiven(BaseModel):
    """The first key; nobody gets it again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "pk_…"}]})

    key: str


@router.get(f"{FOLDER}/first-key", include_in_schema=False)
@access(None)
async def first_key_offered(request: Request) -> Response:
    """Says nothing but yes or no."""
    offer = call_of(request).services.first_key
    return reply(
        FirstKeyShown(offered=offer is not None and offer.open_to(_ends(request), _names(request)))
    )


@router.post(f"{FOLDER}/first-key", include_in_schema=False)
@access(None, "json", reads=True)  # It changes nothing that is kept.
async def first_key(request: Request, wanted: FirstKeyIn) -> Response:
    """Give the first key out, once."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Forbidden("Only the studio itself may ask for the first key.")
    offer = call_of(request).services.first_key
    key = None
    if offer is not None:
        key = offer.take(_ends(request), _names(request), wanted.code)
    if key is None:
        raise Expired(
            "Sign in with the key that `personae serve` printed, or make another with "
            "`personae keys create`."
        )
    return reply(FirstKeyGiven(key=key))


@router.get(FOLDER + "/{path:path}", include_in_schema=False)
@router.head(FOLDER + "/{path:path}", include_in_schema=False)
@access(None)
async def studio_file(request: Request, path: Annotated[str, Path(max_length=200)]) -> Response:
    """A script, a style sheet or a drawing."""
    if path == "index.html" or path not in studio_files():
        raise NotFound("The studio has no such file.")
    return _send(request, path)


def _send(request: Request, path: str) -> Response:
    """A file, or that the browser's own is still right; always asked for, never stale."""
    call = call_of(request)
    if not call.services.settings.studio:
        raise NotFound("The studio is switched off here.")
    file = studio_files()[path]
    headers = {"ETag": file.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if path == "index.html":
        headers["Content-Security-Policy"] = _policy_of(call)
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    body = file.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = file.packed, "gzip"
    headers["Content-Length"] = str(len(body))
    shown = b"" if request.method == "HEAD" else body
    return Response(shown, media_type=file.content_type, headers=headers)


def _policy_of(call: Call) -> str:
    services = call.services
    # The address is made of settings alone: nothing is fetched for it.
    url = services.blobs.download_url(_PROBE_KEY, filename="", content_type="image/png", ttl_s=60)
    return policy(url, services.settings.base_url)


def _ends(request: Request) -> tuple[tuple[str, int], tuple[str, int | None]]:
    """The connection's two addresses: the client's and this process's."""
    client = request.client
    server: tuple[str, int | None] = request.scope.get("server") or ("", None)
    return (("", 0) if client is None else (client.host, client.port)), (server[0], server[1])


def _names(request: Request) -> dict[str, str]:
    """The headers by their names, in small letters."""
    return dict(request.headers.items())

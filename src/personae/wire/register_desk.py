"""``/admin/register``: the register for operators with a browser.

The browser asks for the key by itself (HTTP Basic, RFC 7617: any user name, an operator's key as
the password) and sends it with every request, so forms are taken from the page itself only.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from personae.app import register_entries
from personae.app.audit import acting
from personae.app.register import Near
from personae.domain.tenants import ADMIN_SCOPE
from personae.errors import Forbidden, Maintenance, PersonaeError, RateLimited, Unauthorized
from personae.wire.dialects import Call, call_of
from personae.wire.guard import Guarded, access
from personae.wire.native.models.common import NAME
from personae.wire.native.register import add, look_up
from personae.wire.paging import from_cursor, to_cursor
from personae.wire.problems import problem_of
from personae.wire.register_form import read_form, register_of
from personae.wire.register_page import PATH, page_of, refusal_page

router = APIRouter(route_class=Guarded)
_PAGE = 50
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # Browsers say where a form comes from only if they may.
    "Referrer-Policy": "same-origin",
}
_ASK = {"WWW-Authenticate": 'Basic realm="Personae operators", charset="UTF-8"'}
PersonInPath = Annotated[str, Path(pattern=rf"^person_{NAME}$")]


@router.get(PATH, include_in_schema=False)
@access(None)
async def show(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The entries, a search, and the forms."""
    call = call_of(request)
    try:
        await _admit(call, request)
        return await _shown(call, words=q, cursor=cursor)
    except PersonaeError as error:
        return _refused(error)


@router.post(PATH, include_in_schema=False)
@access(None, "upload")
async def add_person(request: Request) -> Response:
    """What the page's first form does."""
    call = call_of(request)
    try:
        await _admit(call, request)
        async with read_form(request, register_of(call)) as form:
            with acting(call.who.key.id):
                person, warnings = await add(call, form)
        told = f"{person.name or person.id} may not be swapped from the next task on."
        return await _shown(call, told=[told, *warnings])
    except PersonaeError as error:
        return await _answer(call, error)


@router.post(f"{PATH}/look-up", include_in_schema=False)
@access(None, "upload")
async def look_up_photo(request: Request) -> Response:
    """What its second form does."""
    call = call_of(request)
    try:
        await _admit(call, request)
        async with read_form(request, register_of(call), ()) as form:
            found, warnings = await look_up(call, form)
        return await _shown(call, told=warnings, found=found)
    except PersonaeError as error:
        return await _answer(call, error)


@router.post(f"{PATH}/{{person_id}}/remove", include_in_schema=False)
@access(None, "form")
async def remove_person(request: Request, person_id: PersonInPath) -> Response:
    """What the button beside an entry does."""
    call, now = call_of(request), call_of(request).now()
    try:
        await _admit(call, request)
        with acting(call.who.key.id):
            await call.services.database.awrite(
                lambda tx: register_entries.remove(tx, person_id, None, everybody=True, now=now)
            )
        return await _shown(call, told=[f"{person_id} is removed; the face is forgotten."])
    except PersonaeError as error:
        return await _answer(call, error)


async def _admit(call: Call, request: Request) -> None:
    """Let in an operator, and forms of this page's alone.

    Raises
    ------
    Unauthorized, Forbidden, RateLimited, Maintenance
    """
    principal = await call.gate.admit(_secret(request), call.address)
    call.principal = principal
    call.gate.uses.note(principal.key.id, call.now())
    _, wait_s = call.gate.count(principal.key.id)
    if wait_s:
        raise RateLimited(retry_after_s=wait_s)
    principal.require(ADMIN_SCOPE)
    if request.method == "POST":
        if not _comes_from_here(request):
            raise Forbidden("This form was not sent by the page itself; open the page and try it.")
        if call.services.settings.maintenance:
            raise Maintenance


def _secret(request: Request) -> str | None:
    """The password that the browser sends."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(told.strip(), validate=True).decode()
    except (ValueError, binascii.Error):
        return None
    return pair.partition(":")[2] or None


def _comes_from_here(request: Request) -> bool:
    """Whether a form was sent from the same origin, by what no page can make a browser say."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", "")).netloc
    return bool(origin) and origin == request.headers.get("host", "")


async def _shown(
    call: Call,
    *,
    words: str = "",
    cursor: str | None = None,
    told: Sequence[str] = (),
    found: Sequence[Near] | None = None,
    status: int = 200,
) -> Response:
    after = from_cursor(PATH, cursor)
    page = await call.services.database.aread(
        lambda tx: register_entries.page(
            tx, None, everybody=True, words=words, after=after, limit=_PAGE
        )
    )
    following = to_cursor(PATH, page.next_after)
    text = page_of(page.items, words=words, cursor=following, told=told, found=found)
    return HTMLResponse(text, status, _HEADERS)


async def _answer(call: Call, error: PersonaeError) -> Response:
    """The page again with what went wrong, for whoever was let in."""
    outside = isinstance(error, Unauthorized | Forbidden | RateLimited)
    if call.principal is None or outside:
        return _refused(error)
    return await _shown(call, told=[error.message], status=problem_of(error).status)


def _refused(error: PersonaeError) -> Response:
    headers = {**_HEADERS, **(_ASK if isinstance(error, Unauthorized) else {})}
    return HTMLResponse(refusal_page(error.message), problem_of(error).status, headers)

"""The do-not-swap register: a tenant's own entries, and for operators everybody's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from personae.app import register_entries
from personae.app.hooks import iso_time
from personae.app.register import Near
from personae.app.register_entries import Entry
from personae.app.threads import stop_in_thread
from personae.domain.register import ProtectedPerson
from personae.domain.tenants import ADMIN_SCOPE
from personae.errors import InvalidRequest
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.native.models import register as models
from personae.wire.native.models.common import Page
from personae.wire.native.reading import listed
from personae.wire.native.routing import PREFIX, PersonInPath, Strict
from personae.wire.paging import Cursor, Limit
from personae.wire.register_form import Form, read_form, register_of
from personae.wire.replies import at, reply

router = APIRouter(prefix=PREFIX, route_class=Strict, tags=["register"])
_OWN, _ALL = "/register/people", "/admin/register/people"
_PHOTO: dict[str, Any] = {"type": "string", "format": "binary"}
_REFUSES = ("face_not_found", "several_faces", "media_unreadable", "unavailable")
_ADD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A form with photos of one person alone. They are not kept.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {
                        "photo": {"type": "array", "items": _PHOTO, "minItems": 1},
                        "name": {"type": "string", "maxLength": 200},
                        "applies_to": {"type": "string", "enum": ["donor", "scene", "either"]},
                        "reason": {"type": "string", "maxLength": 500},
                        "origin": {"type": "string", "maxLength": 200},
                        "expires_at": {"type": "string", "description": "A day or a time."},
                    },
                    "additionalProperties": False,
                }
            }
        },
    }
}
_LOOK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A form with one photo. It is not kept.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": _PHOTO},
                    "additionalProperties": False,
                }
            }
        },
    }
}
Words = Annotated[
    str,
    Query(alias="q", max_length=200, description="Only entries with this in name, reason, origin."),
]


@router.post(
    _OWN,
    status_code=201,
    response_model=models.PersonMade,
    operation_id="protectPerson",
    summary="Let somebody not be swapped in your tasks",
)
@access("register:write", "json", refuses=_REFUSES)
async def protect_person(request: Request, wanted: models.PersonIn) -> Response:
    """It holds from the next task on. Nobody else's tasks, and nobody else, knows of it."""
    call = call_of(request)
    service = register_of(call)
    expires_at = None if wanted.expires_at is None else wanted.expires_at.timestamp()
    entry = Entry(
        name=wanted.name,
        applies_to=wanted.applies_to,
        reason=wanted.reason,
        origin=wanted.origin,
        expires_at=expires_at,
    )
    tenant_id, key_id = call.tenant_id, call.who.key.id
    async with service.scratch.folder() as folder:
        person, warnings = await stop_in_thread(
            lambda stop: service.add_stored(
                entry, wanted.asset_ids, folder, tenant_id, added_by=key_id, should_stop=stop
            )
        )
    made = models.PersonMade(**_told(person), warnings=warnings)
    return reply(made, 201, _location(call, _OWN, person))


@router.get(
    _OWN,
    response_model=Page[models.Person],
    operation_id="listProtectedPeople",
    summary="List who is not swapped in your tasks",
)
@access("register:read")
async def list_own(
    request: Request, q: Words = "", limit: Limit = 20, cursor: Cursor = None
) -> Response:
    """Your own entries, newest first."""
    call = call_of(request)
    return await listed(
        call,
        _OWN,
        cursor,
        limit,
        lambda tx, after: register_entries.page(
            tx, call.tenant_id, words=q, after=after, limit=limit
        ),
        lambda one: models.Person(**_told(one)),
        _query(q),
    )


@router.get(
    f"{_OWN}/{{person_id}}",
    response_model=models.Person,
    operation_id="getProtectedPerson",
    summary="Look at an entry",
)
@access("register:read")
async def get_own(request: Request, person_id: PersonInPath) -> Response:
    """What was written down; never the face."""
    call = call_of(request)
    person = await call.services.database.aread(
        lambda tx: register_entries.get(tx, person_id, call.tenant_id)
    )
    return reply(models.Person(**_told(person)))


@router.delete(
    f"{_OWN}/{{person_id}}",
    status_code=204,
    operation_id="forgetProtectedPerson",
    summary="Remove an entry",
)
@access("register:write")
async def remove_own(request: Request, person_id: PersonInPath) -> Response:
    """What is known of the face is deleted at once."""
    call, now = call_of(request), call_of(request).now()
    await call.services.database.awrite(
        lambda tx: register_entries.remove(tx, person_id, call.tenant_id, now=now)
    )
    return Response(status_code=204)


@router.post(
    _ALL,
    status_code=201,
    response_model=models.OperatorPersonMade,
    operation_id="protectPersonEverywhere",
    summary="Let somebody not be swapped in anybody's tasks",
    openapi_extra=_ADD_BODY,
)
@access(ADMIN_SCOPE, "upload", refuses=_REFUSES)
async def protect_everywhere(request: Request) -> Response:
    """It holds from the next task on, also for tasks that wait."""
    call = call_of(request)
    async with read_form(request, register_of(call)) as form:
        person, warnings = await add(call, form)
    made = models.OperatorPersonMade(**_told_all(person), warnings=warnings)
    return reply(made, 201, _location(call, _ALL, person))


@router.get(
    _ALL,
    response_model=Page[models.OperatorPerson],
    operation_id="listAllProtectedPeople",
    summary="List everybody who may not be swapped",
)
@access(ADMIN_SCOPE)
async def list_all(
    request: Request, q: Words = "", limit: Limit = 20, cursor: Cursor = None
) -> Response:
    """Tenants' own entries among them, newest first."""
    return await listed(
        call_of(request),
        _ALL,
        cursor,
        limit,
        lambda tx, after: register_entries.page(
            tx, None, everybody=True, words=q, after=after, limit=limit
        ),
        lambda one: models.OperatorPerson(**_told_all(one)),
        _query(q),
    )


@router.get(
    f"{_ALL}/{{person_id}}",
    response_model=models.OperatorPerson,
    operation_id="getAnyProtectedPerson",
    summary="Look at anybody's entry",
)
@access(ADMIN_SCOPE)
async def get_any(request: Request, person_id: PersonInPath) -> Response:
    """What was written down; never the face."""
    call = call_of(request)
    person = await call.services.database.aread(
        lambda tx: register_entries.get(tx, person_id, None, everybody=True)
    )
    return reply(models.OperatorPerson(**_told_all(person)))


@router.delete(
    f"{_ALL}/{{person_id}}",
    status_code=204,
    operation_id="forgetAnyProtectedPerson",
    summary="Remove anybody's entry",
)
@access(ADMIN_SCOPE)
async def remove_any(request: Request, person_id: PersonInPath) -> Response:
    """What is known of the face is deleted at once."""
    call, now = call_of(request), call_of(request).now()
    await call.services.database.awrite(
        lambda tx: register_entries.remove(tx, person_id, None, everybody=True, now=now)
    )
    return Response(status_code=204)


@router.post(
    "/admin/register/look-ups",
    response_model=models.LookedUp,
    operation_id="lookUpPerson",
    summary="Find out whom a photo would be taken for",
    openapi_extra=_LOOK_BODY,
)
@access(ADMIN_SCOPE, "upload", refuses=_REFUSES, reads=True)
async def look_up_person(request: Request) -> Response:
    """The nearest entries, also those that are too far for a refusal."""
    call = call_of(request)
    async with read_form(request, register_of(call), ()) as form:
        found, warnings = await look_up(call, form)
    shown = [
        models.NearPerson(
            person=models.OperatorPerson(**_told_all(one.person)),
            distance=round(one.distance, 4),
            refused=one.refused,
        )
        for one in found
    ]
    return reply(models.LookedUp(found=shown, warnings=warnings))


async def add(call: Call, form: Form) -> tuple[ProtectedPerson, list[str]]:
    """Protect somebody everywhere, by a form's photos."""
    service, key_id, entry = register_of(call), call.who.key.id, form.entry()
    return await stop_in_thread(
        lambda stop: service.add(
            entry, form.photos, names=form.names, added_by=key_id, should_stop=stop
        )
    )


async def look_up(call: Call, form: Form) -> tuple[list[Near], list[str]]:
    """The entries nearest to a form's one photo.

    Raises
    ------
    InvalidRequest
    """
    if len(form.photos) != 1:
        raise InvalidRequest("Give one photo of one person.")
    service = register_of(call)
    return await stop_in_thread(
        lambda stop: service.look_up(form.photos[0], name=form.names[0], should_stop=stop)
    )


def _query(words: str) -> list[tuple[str, str | int]]:
    return [("q", words)] if words else []


def _location(call: Call, path: str, person: ProtectedPerson) -> dict[str, str]:
    return {"Location": f"{call.services.settings.base_url}{PREFIX}{path}/{person.id}"}


def _told(person: ProtectedPerson) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "applies_to": person.applies_to,
        "reason": person.reason,
        "origin": person.origin,
        "faces": person.faces,
        "created_at": iso_time(person.created_at),
        "expires_at": at(person.expires_at),
    }


def _told_all(person: ProtectedPerson) -> dict[str, Any]:
    return {**_told(person), "tenant_id": person.tenant_id, "added_by": person.added_by}

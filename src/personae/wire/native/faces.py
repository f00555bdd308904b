"""The library of saved donors."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.app import faces
from personae.app.ports import Transaction
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, create_once
from personae.wire.native.models.common import Page
from personae.wire.native.models.people import Face, FaceIn
from personae.wire.native.reading import listed
from personae.wire.native.routing import PREFIX, FaceInPath, group
from personae.wire.native.swaps import asserting
from personae.wire.native.views import face_of
from personae.wire.paging import Cursor, Limit
from personae.wire.replies import replayed, reply

router = group("/faces", "faces")


@router.post(
    "", status_code=201, response_model=Face, operation_id="saveFace", summary="Save a donor"
)
@access("faces:write", "json")
async def save_face(
    request: Request, wanted: FaceIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Photos of one person under a name; they no longer expire.

    They are looked at first, so the answer takes a moment. Refused are, as a swap would refuse
    them, photos without a face and photos of which none is good enough; and photos that show
    several people, or different ones.
    """
    call = call_of(request)
    used = await _photos_used(call, wanted, idempotency_key)
    face, new = await create_once(
        call,
        request,
        wanted,
        idempotency_key,
        make=lambda tx, now: faces.save(
            *(tx, call.tenant_id, wanted.name, wanted.asset_ids, now),
            photos_used=used,
            asserting=asserting(call, wanted.consent),
        ),
        name_of=lambda face: face.id,
        find=lambda tx, name: faces.get(tx, call.tenant_id, name),
    )
    location = f"{call.services.settings.base_url}{PREFIX}/faces/{face.id}"
    return reply(face_of(face), 201, {"Location": location, **replayed(new)})


async def _photos_used(call: Call, wanted: FaceIn, key: str | None) -> int:
    """How many of the photos are good; 0 if an earlier request has used the idempotency key."""
    now = call.now()

    def work(tx: Transaction) -> bool:
        if key is not None and tx.idempotency.find(call.tenant_id, key) is not None:
            return False
        faces.check(tx, call.tenant_id, wanted.name, wanted.asset_ids, now)
        return True

    if not await call.services.database.aread(work):
        return 0
    return await call.services.assets.check_donor(call.tenant_id, wanted.asset_ids)


@router.get("", response_model=Page[Face], operation_id="listFaces", summary="List saved donors")
@access("faces:read")
async def list_faces(request: Request, limit: Limit = 20, cursor: Cursor = None) -> Response:
    """Newest first."""
    call = call_of(request)
    return await listed(
        call,
        "/faces",
        cursor,
        limit,
        lambda tx, after: faces.page(tx, call.tenant_id, after=after, limit=limit),
        face_of,
    )


@router.get(
    "/{face_id}", response_model=Face, operation_id="getFace", summary="Look at a saved donor"
)
@access("faces:read")
async def get_face(request: Request, face_id: FaceInPath) -> Response:
    """Its name and its photos."""
    call = call_of(request)
    face = await call.services.database.aread(lambda tx: faces.get(tx, call.tenant_id, face_id))
    return reply(face_of(face))


@router.delete(
    "/{face_id}", status_code=204, operation_id="deleteFace", summary="Forget a saved donor"
)
@access("faces:write")
async def delete_face(request: Request, face_id: FaceInPath) -> Response:
    """Its photos stay until they expire or are deleted."""
    call, now = call_of(request), call_of(request).now()
    default = call.services.settings.retention
    await call.services.database.awrite(
        lambda tx: faces.delete(tx, call.tenant_id, face_id, now, default)
    )
    return Response(status_code=204)

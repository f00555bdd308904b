"""The face library: ``userFaceSwapImage``."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from personae.app import faces
from personae.app.faces import Origin
from personae.app.ports import Transaction
from personae.domain.ids import hex_id
from personae.domain.media import SavedFace
from personae.wire import vendor
from personae.wire.a2e import models, views
from personae.wire.a2e.routing import NAME, IdInPath, checked_id, group, ok, settings_of
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access

router = group("userFaceSwapImage", "face library")
_MOST_LISTED = 1000


@router.post(
    "/add",
    response_model=models.Ok[list[models.Face]],
    operation_id="addUserFaceSwapImage",
    summary="Add User Face Swap Image",
)
@access("faces:write", "json", refuses=("not_found", "maintenance"))
async def add_face(request: Request, wanted: models.FaceIn) -> Response:
    """Keep a photo. It is copied here and looked at first, so the answer takes a moment: without a
    usable face of one person it is refused. The answer is the whole library, newest first.
    """
    call = call_of(request)
    photo = await vendor.given(call).copy(call.tenant_id, wanted.face_url)
    label, now = vendor.stem_of(wanted.face_url)[:100].strip() or "face", call.now()
    origin = Origin(NAME, hex_id(24, now), wanted.face_url)
    database, tenant_id = call.services.database, call.tenant_id
    await database.aread(lambda tx: faces.check(tx, tenant_id, label, [photo.id], now))
    used = await call.services.assets.check_donor(tenant_id, [photo.id])

    def keep(tx: Transaction) -> SavedFace:
        return faces.save(
            *(tx, tenant_id, label, [photo.id], now),
            photos_used=used,
            origin=origin,
            asserting=vendor.asserting(call),
        )

    made = await database.awrite(keep)
    if settings_of(call).add_face_reply == "single":
        return ok([views.face(made)])
    return ok(await _library(call))


@router.get(
    "/records",
    response_model=models.Ok[list[models.Face]],
    operation_id="getUserFaceSwapImageRecords",
    summary="Get User Face Swap Images",
)
@access("faces:read")
async def get_faces(request: Request) -> Response:
    """The whole library, newest first: the newest 1000 of more."""
    return ok(await _library(call_of(request)))


@router.delete(
    "/{_id}",
    response_model=models.Ok[models.Named],
    operation_id="deleteUserFaceSwapImage",
    summary="Delete User Face Swap Image",
)
@access("faces:write", refuses=("maintenance",))
async def delete_face(request: Request, name: IdInPath) -> Response:
    """Forget a saved face."""
    call, face_id = call_of(request), checked_id(name)
    now = call.now()

    def remove(tx: Transaction) -> None:
        face = faces.called(tx, call.tenant_id, NAME, face_id)
        faces.delete(tx, call.tenant_id, face.id, now, call.services.settings.retention)

    await call.services.database.awrite(remove)
    return ok({"_id": face_id})


async def _library(call: Call) -> list[dict[str, Any]]:
    page = await call.services.database.aread(
        lambda tx: faces.page(tx, call.tenant_id, dialect=NAME, after=None, limit=_MOST_LISTED)
    )
    return [views.face(one) for one in page.items]

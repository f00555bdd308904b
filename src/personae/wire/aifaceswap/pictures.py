"""``faceswap`` and ``multi_faceswap``: pictures."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.domain.swap import SceneFace, SwapMapping, SwapRequest
from personae.errors import InvalidRequest
from personae.wire.aifaceswap import models, views
from personae.wire.aifaceswap.reading import (
    body,
    callback_of,
    group,
    media_in,
    read,
    settings_of,
    take,
)
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.replies import reply

router = group("pictures")
_FILES = ("source_image", "face_image")


@router.post(
    "/faceswap",
    response_model=models.QueuedReply,
    operation_id="aifaceswapFaceswap",
    summary="Swap one face in a picture",
    openapi_extra=body(models.FaceSwap, _FILES),
)
@access("swaps:write", "inline")
async def faceswap(request: Request) -> Response:
    """`source_image` is the picture that is edited; its largest face gets `face_image`."""
    call, asked = call_of(request), await read(request, models.FaceSwap, _FILES)
    callback = callback_of(call, asked.webhook)
    scene = await media_in(call, "source_image", asked.source_image)
    donor = await media_in(call, "face_image", asked.face_image)
    mapping = SwapMapping(SceneFace(choice=settings_of(call).scene_faces), (donor,))
    swap = SwapRequest("image", scene, (mapping,), tariff=views.PICTURE)
    task = await take(call, swap, callback)
    return reply(models.QueuedReply(code=200, data=views.queued(task)))


@router.post(
    "/multi_faceswap",
    response_model=models.PlainQueuedReply,
    operation_id="aifaceswapMultiFaceswap",
    summary="Swap several faces in a picture",
    openapi_extra=body(models.MultiFaceSwap, _FILES),
)
@access("swaps:write", "inline")
async def multi_faceswap(request: Request) -> Response:
    """`index` counts the faces of the picture from left to right, as `extract_face` lists them."""
    call, asked = call_of(request), await read(request, models.MultiFaceSwap, _FILES)
    if len(asked.face_image) != len(asked.index):
        raise InvalidRequest(
            f"There are {len(asked.face_image)} in face_image and {len(asked.index)} in index; "
            "give one index for each new face."
        )
    if len(set(asked.index)) < len(asked.index):
        raise InvalidRequest("An index is there twice; every face can be replaced once.")
    callback = callback_of(call, asked.webhook)
    scene = await media_in(call, "source_image", asked.source_image)
    mappings = [
        SwapMapping(SceneFace(index=index), (await media_in(call, "face_image", face),))
        for index, face in zip(asked.index, asked.face_image, strict=True)
    ]
    swap = SwapRequest("image", scene, tuple(mappings), tariff=views.GROUP)
    task = await take(call, swap, callback)
    return reply(models.PlainQueuedReply(code=200, data=views.queued(task)))

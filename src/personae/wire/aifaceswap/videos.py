"""``video_faceswap`` and ``multi_video_faceswap``: videos."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.domain.tasks import Task
from personae.errors import InvalidRequest
from personae.wire.aifaceswap import models, views
from personae.wire.aifaceswap.reading import (
    body,
    callback_of,
    group,
    media_in,
    output_for,
    read,
    settings_of,
    take,
)
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.replies import reply

router = group("videos")
_FILES = ("source_video", "face_image")


@router.post(
    "/video_faceswap",
    response_model=models.QueuedReply,
    operation_id="aifaceswapVideoFaceswap",
    summary="Swap one face in a video",
    openapi_extra=body(models.VideoFaceSwap, _FILES),
)
@access("swaps:write", "inline")
async def video_faceswap(request: Request) -> Response:
    """The largest person of `source_video` gets `face_image`."""
    call, asked = call_of(request), await read(request, models.VideoFaceSwap, _FILES)
    callback = callback_of(call, asked.webhook)
    scene = await media_in(call, "source_video", asked.source_video)
    donor = await media_in(call, "face_image", asked.face_image)
    mapping = SwapMapping(SceneFace(choice=settings_of(call).scene_faces), (donor,))
    swap = _swap(call, views.VIDEO, scene, (mapping,), asked)
    return _taken(await take(call, swap, callback))


@router.post(
    "/multi_video_faceswap",
    response_model=models.QueuedReply,
    operation_id="aifaceswapMultiVideoFaceswap",
    summary="Swap up to three faces in a video",
    openapi_extra=body(models.MultiVideoFaceSwap, _FILES[:1]),
)
@access("swaps:write", "inline")
async def multi_video_faceswap(request: Request) -> Response:
    """Whoever looks like a `face_ref` gets its `face_url`; nobody else is changed."""
    call = call_of(request)
    asked = await read(request, models.MultiVideoFaceSwap, _FILES[:1])
    if len(asked.ref_info) > models.MOST_PEOPLE:
        raise InvalidRequest(
            f"There are {len(asked.ref_info)} in ref_info; a video takes up to "
            f"{models.MOST_PEOPLE} faces."
        )
    callback = callback_of(call, asked.webhook)
    scene = await media_in(call, "source_video", asked.source_video)
    mappings: list[SwapMapping] = []
    for one in asked.ref_info:
        person = await media_in(call, "face_ref", one.face_ref)
        donor = await media_in(call, "face_url", one.face_url)
        mappings.append(SwapMapping(SceneFace(reference=person), (donor,)))
    swap = _swap(call, views.PEOPLE, scene, tuple(mappings), asked)
    return _taken(await take(call, swap, callback))


def _swap(
    call: Call,
    name: str,
    scene: MediaRef,
    mappings: tuple[SwapMapping, ...],
    asked: models.VideoFaceSwap | models.MultiVideoFaceSwap,
) -> SwapRequest:
    return SwapRequest(
        "video",
        scene,
        mappings,
        restore=settings_of(call).restore if asked.enhance else 0.0,
        tariff=views.tariff_of(name, asked.enhance),
        declared_s=asked.duration,
        output=output_for(asked.enhance),
    )


def _taken(task: Task) -> Response:
    return reply(models.QueuedReply(code=200, data=views.queued(task)))

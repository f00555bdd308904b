"""``extract_face`` and ``extract_base64_face``: faces, in the answer itself."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.domain.tasks import Task
from personae.errors import TaskFailed, Unavailable
from personae.wire.aifaceswap import models, views
from personae.wire.aifaceswap.reading import body, group, media_in, read, settings_of
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.problems import error_of_task
from personae.wire.replies import reply
from personae.wire.vendor import cancel_task, context, submit_detection
from personae.wire.waiting import wait_for_end

router = group("faces")
_IMG, _FRAME = ("img",), ("base64_img",)


@router.post(
    "/extract_face",
    response_model=models.FacesReply,
    operation_id="aifaceswapExtractFace",
    summary="Find the faces of a picture",
    openapi_extra=body(models.ExtractFace, _IMG),
)
@access("swaps:write", "inline", refuses=("media_unreachable",))
async def extract_face(request: Request) -> Response:
    """From left to right; the answer comes when they are found."""
    call, asked = call_of(request), await read(request, models.ExtractFace, _IMG)
    task = await _found(call, "img", asked.img, "extract_face")
    data = models.Faces(faces=views.boxes(task), points=task.credits_charged)
    return reply(models.FacesReply(code=200, data=data))


@router.post(
    "/extract_base64_face",
    response_model=models.PositionsReply,
    operation_id="aifaceswapExtractBase64Face",
    summary="Find the faces of a video's frame",
    openapi_extra=body(models.ExtractBase64Face, _FRAME),
)
@access("swaps:write", "inline")
async def extract_base64_face(request: Request) -> Response:
    """Cut them out by these boxes, and send them as `face_ref` of `multi_video_faceswap`."""
    call, asked = call_of(request), await read(request, models.ExtractBase64Face, _FRAME)
    task = await _found(call, "base64_img", asked.base64_img, "extract_base64_face")
    return reply(models.PositionsReply(code=200, data=models.Positions(pos=views.boxes(task))))


async def _found(call: Call, field: str, text: str, tariff: str) -> Task:
    """A finished search for faces.

    Raises
    ------
    Unavailable
        If it takes too long; it is canceled then, and its credits are given back.
    PersonaeError
        What ended it otherwise.
    """
    picture = await media_in(call, field, text)
    who = context(call, None, priority="high")
    task = await submit_detection(call, "image", picture, who, tariff)
    wait_s = settings_of(call).wait_s
    task = await wait_for_end(call.services.database, task, wait_s)
    if not task.final:
        task = await cancel_task(call, task)
        if task.status == "canceled":
            raise Unavailable(
                f"The faces were not found within {wait_s:g} s, and nothing was charged; "
                "try again later."
            )
    if task.status != "succeeded":
        call.ended = True
        raise TaskFailed if task.error is None else error_of_task(task.error)
    return task

"""Searches for faces: in a picture, in a video, and what they found."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from personae.domain.swap import Media
from personae.errors import NotFound
from personae.wire.crun import answers, models
from personae.wire.crun.answers import Answer
from personae.wire.crun.ids import detect_task_id_of, new_detect_task_id
from personae.wire.crun.routing import group, settings_of, success
from personae.wire.crun.views import Views
from personae.wire.crun.wanted import media
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.vendor import DETECTIONS, context, files_of, find_task, submit_detection

router = group("job", "detection")


@router.post(
    "/detect-face-image",
    response_model=Answer[answers.SearchMade],
    operation_id="crunDetectFaceImage",
    summary="Find the faces of a picture",
)
@access("swaps:write", "json", refuses=("maintenance", "feature_disabled"))
async def detect_face_image(request: Request, wanted: models.DetectImage) -> Response:
    """Free of charge; ask for what was found by detect-face-result."""
    return await _search(call_of(request), "image", wanted.image_url)


@router.post(
    "/detect-face-video",
    response_model=Answer[answers.SearchMade],
    operation_id="crunDetectFaceVideo",
    summary="Find the people of a video",
)
@access("swaps:write", "json", refuses=("maintenance", "feature_disabled"))
async def detect_face_video(request: Request, wanted: models.DetectVideo) -> Response:
    """Free of charge; a person who comes and goes has one number."""
    return await _search(call_of(request), "video", wanted.video_url)


async def _search(call: Call, kind: Media, url: str) -> Response:
    who = context(call, new_detect_task_id())
    who.need("detection")
    task = await submit_detection(call, kind, await media(call, url), who)
    return success(answers.SearchMade(detect_task_id=task.dialect_id or ""))


@router.get(
    "/detect-face-result",
    response_model=Answer[answers.Search],
    operation_id="crunDetectFaceResult",
    summary="Look at a search for faces",
)
@access("swaps:read", refuses=("not_found",))
async def detect_face_result(
    request: Request,
    detect_task_id: Annotated[str, Query(description="A `detect_id` will do too.")],
) -> Response:
    """`result.id` is the `detect_id` for swaps, good for an hour after the search was asked for."""
    call = call_of(request)
    name = detect_task_id.strip()
    try:
        task = await find_task(call, detect_task_id_of(name), DETECTIONS)
    except NotFound as error:
        # By the name that was asked for, not by the one that leads to the same search.
        raise NotFound(f"There is no task {name[:64]}.") from error
    files = (await files_of(call, [task])).get(task.id, {})
    return success(Views(settings_of(call), call.services.links).search(task, files))

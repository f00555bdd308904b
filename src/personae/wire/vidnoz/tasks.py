"""Swaps, faces and how they are getting on: ``task``."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from personae.app import detections, submit
from personae.domain.media import Asset
from personae.domain.swap import Media, MediaRef, SceneFace, SwapMapping, SwapOutput, SwapRequest
from personae.domain.tasks import Task, TaskKind
from personae.errors import InvalidRequest, NotFound
from personae.wire import vendor
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.replies import reply
from personae.wire.vidnoz import models
from personae.wire.vidnoz.keys import asset_of
from personae.wire.vidnoz.models import Answer
from personae.wire.vidnoz.reading import fields_of, file_of, group, settings_of
from personae.wire.vidnoz.settings import VidnozSettings
from personae.wire.vidnoz.views import (
    FACE_SWAP,
    GET_FACE,
    MULTIPLE,
    MULTIPLE_VIDEO,
    VIDEO_FACE_SWAP,
    detail_of,
)

router = group("/task", "task")
_HD = 1
_KINDS = (*vendor.SWAPS, *vendor.DETECTIONS)


@router.post(
    "/face-swap",
    operation_id="vidnozFaceSwap",
    summary="Swap the face in a picture",
    response_model=Answer[models.TaskId] | models.Refusal,
)
@access("swaps:write", "json")
async def face_swap(request: Request, asked: models.SwapIn) -> Response:
    """The new face goes on the largest one of the picture."""
    return await _swap(call_of(request), "image", FACE_SWAP, asked)


@router.post(
    "/video-face-swap",
    operation_id="vidnozVideoFaceSwap",
    summary="Swap the face in a video",
    response_model=Answer[models.TaskId] | models.Refusal,
)
@access("swaps:write", "json")
async def video_face_swap(request: Request, asked: models.SwapIn) -> Response:
    """The new face goes on the person who is the largest when faces are first seen."""
    return await _swap(call_of(request), "video", VIDEO_FACE_SWAP, asked)


@router.post(
    "/get-face",
    operation_id="vidnozGetFace",
    summary="Find the faces in a picture or a video",
    response_model=Answer[models.TaskId] | models.Refusal,
)
@access("swaps:write", "json")
async def get_face(request: Request, asked: models.GetFaceIn) -> Response:
    """For an hour, multiple swaps can name its faces."""
    call = call_of(request)
    scene = MediaRef(asset_id=(await file_of(call, asked.main_key)).id)
    who = vendor.context(call, None)
    task = await call.services.database.awrite(
        lambda tx: submit.submit_detection(
            tx, vendor.numbered(tx, call, who), "any", scene, GET_FACE
        )[0]
    )
    return _accepted(task)


@router.post(
    "/multiple-face-swap",
    operation_id="vidnozMultipleFaceSwap",
    summary="Swap several faces in a picture",
    response_model=Answer[models.TaskId] | models.Refusal,
)
@access("swaps:write", "json")
async def multiple_face_swap(request: Request, asked: models.MultipleSwapIn) -> Response:
    """The picture is the one that `get_face_id` looked at; other faces stay."""
    return await _multiple(call_of(request), "image", MULTIPLE, asked)


@router.post(
    "/multiple-video-face-swap",
    operation_id="vidnozMultipleVideoFaceSwap",
    summary="Swap several faces in a video",
    response_model=Answer[models.TaskId] | models.Refusal,
)
@access("swaps:write", "json")
async def multiple_video_face_swap(request: Request, asked: models.MultipleSwapIn) -> Response:
    """The video is the one that `get_face_id` looked at; other faces stay."""
    return await _multiple(call_of(request), "video", MULTIPLE_VIDEO, asked)


@router.get(
    "/detail",
    operation_id="vidnozTaskDetail",
    summary="Look at a task",
    response_model=Answer[models.Detail] | models.Refusal,
)
@router.post("/detail", include_in_schema=False)
@access("swaps:read", "form", reads=True)
async def detail(
    request: Request, id: Annotated[str, Query(max_length=100, examples=["459"])] = ""
) -> Response:
    """Its `status` and what came of it. `id` may also stand in a body, and POST does as well."""
    call = call_of(request)
    asked = await fields_of(request, models.DetailIn, **({"id": id} if id else {}))
    task = await _task(call, asked.id, _KINDS)
    files = (await vendor.files_of(call, [task])).get(task.id, {})
    shown = detail_of(task, files, call.services.links, settings_of(call))
    return reply(Answer(message="", data=shown))


async def _swap(call: Call, media: Media, tariff: str, asked: models.SwapIn) -> Response:
    """Put one face into a file."""
    settings = settings_of(call)
    scene = await file_of(call, asked.main_key)
    donor = await file_of(call, asked.target_key)
    choice = "only" if settings.several_in_main == "refuse" else "largest"
    mapping = SwapMapping(
        SceneFace(choice=choice), (MediaRef(asset_id=donor.id),), alone=_alone(donor, settings)
    )
    ref = MediaRef(asset_id=scene.id)
    return await _submit(call, _request(media, ref, (mapping,), asked.is_hd, tariff, settings))


async def _multiple(
    call: Call, media: Media, tariff: str, asked: models.MultipleSwapIn
) -> Response:
    """Put faces on those that get-face found."""
    settings, now = settings_of(call), call.now()
    vendor.context(call, None).need("multi_swap")  # Also when one face only is left to be swapped.
    found = await _task(call, asked.get_face_id, vendor.DETECTIONS)
    scene = MediaRef(**found.request["scene"])
    detections.check_usable(found, scene, now)
    faces = detections.faces_by_crop(found)
    wanted: list[tuple[int, MediaRef]] = []
    alone: dict[MediaRef, bool] = {}
    for pair in asked.avatar_key:
        crop = asset_of(pair.target_part_key)
        if crop not in faces:
            raise NotFound(
                f"{pair.target_part_key[:100]} is no face of the get-face task {asked.get_face_id}."
            )
        donor = MediaRef(asset_id=crop)
        if asset_of(pair.avatar_part_key) != crop:
            asset = await file_of(call, pair.avatar_part_key)
            donor = MediaRef(asset_id=asset.id)
            alone[donor] = _alone(asset, settings)
        wanted.append((faces[crop], donor))
    mappings = tuple(
        replace(one, alone=alone[one.donors[0]])
        for one in detections.chosen(found, scene, wanted, now)
    )
    return await _submit(call, _request(media, scene, mappings, asked.is_hd, tariff, settings))


def _alone(donor: Asset, settings: VidnozSettings) -> bool:
    """Whether a new face's photo must show nobody else; crops may, at their edges."""
    return settings.several_in_target == "refuse" and donor.role != "crop"


def _request(
    media: Media,
    scene: MediaRef,
    mappings: tuple[SwapMapping, ...],
    is_hd: int | None,
    tariff: str,
    settings: VidnozSettings,
) -> SwapRequest:
    return SwapRequest(
        media,
        scene,
        mappings,
        restore=settings.restore if is_hd == _HD else 0.0,
        tariff=tariff,
        output=SwapOutput(stills=True),
    )


async def _submit(call: Call, asked: SwapRequest) -> Response:
    who = vendor.context(call, None)
    task = await call.services.database.awrite(
        lambda tx: submit.submit_swap(tx, vendor.numbered(tx, call, who), asked)[0]
    )
    return _accepted(task)


def _accepted(task: Task) -> Response:
    return reply(Answer(data=models.TaskId(task_id=int(task.dialect_id or 0))))


async def _task(call: Call, number: int, kinds: tuple[TaskKind, ...]) -> Task:
    """The caller's task of that number.

    Raises
    ------
    InvalidRequest
        If there is none: the vendor has no other code for it.
    """
    try:
        return await vendor.find_task(call, str(number), kinds)
    except NotFound as error:
        raise InvalidRequest(error.message) from error

"""What clients ask for, as the domain says it; and what they can ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from personae.app import detections
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.domain.tasks import Task
from personae.errors import InvalidRequest, NotFound
from personae.wire.crun import models
from personae.wire.crun.ids import detect_task_id_of
from personae.wire.dialects import Call
from personae.wire.vendor import DETECTIONS, find_task, given


@dataclass(frozen=True, slots=True)
class Model:
    """One of the models that tasks can name.

    ``features``: what has to be switched on for it; see `personae.app.submit.FEATURES`.
    """

    title: str
    about: str
    media: Literal["image", "video"]
    operation: Literal["face-swap", "face-swap-multi"]
    features: tuple[str, ...]


MODELS: Mapping[str, Model] = {
    "image-face-swap": Model(
        "Image face swap",
        "Put a face on the largest one of a picture.",
        "image",
        "face-swap",
        ("image_swap",),
    ),
    "image-face-swap-multi": Model(
        "Image face swap (multi)",
        "Replace faces of a picture by their numbers in a detection.",
        "image",
        "face-swap-multi",
        ("image_swap", "multi_swap"),
    ),
    "video-face-swap": Model(
        "Video face swap",
        "Put a face on the largest one of a video.",
        "video",
        "face-swap",
        ("video_swap",),
    ),
    "video-face-swap-multi": Model(
        "Video face swap (multi)",
        "Replace faces of a video by their numbers in a detection.",
        "video",
        "face-swap-multi",
        ("video_swap", "multi_swap"),
    ),
}


async def media(call: Call, url: str) -> MediaRef:
    """Media that a parameter names.

    Raises
    ------
    InvalidRequest, AddressRefused, Expired, Conflict, MediaError
    """
    try:
        return await given(call).address(call.tenant_id, url)
    except NotFound as error:  # What is wrong is the parameter, not the address of the call.
        raise InvalidRequest(error.message) from error


async def request_of(call: Call, wanted: models.Swap) -> SwapRequest:
    """A swap in the domain's words.

    Raises
    ------
    InvalidRequest, AddressRefused, Expired, Conflict, MediaError
    """
    asked = wanted.input
    moving = isinstance(asked, models.VideoInput | models.VideoMultiInput)
    scene = await media(call, asked.video_url if moving else asked.image_url)
    if isinstance(asked, models.ImageInput | models.VideoInput):
        donor = await media(call, asked.new_face)
        mappings = (SwapMapping(SceneFace(choice="largest"), donors=(donor,)),)
    else:
        detection = await _detection(call, asked.detect_id)
        changes = [(one.face_id, await media(call, one.target)) for one in asked.faces]
        mappings = detections.chosen(detection, scene, changes, call.now())
    return SwapRequest(
        media="video" if moving else "image",
        scene=scene,
        mappings=mappings,
        tariff=wanted.model,
        without_gate=bool(asked.disable_safety_checker),
    )


def echo_of(wanted: models.Swap) -> dict[str, Any]:
    """The request as TaskInfo repeats it."""
    return {
        "model": wanted.model,
        "callback_url": wanted.callback_url or None,
        "input": wanted.input.model_dump(exclude_unset=True),
    }


async def _detection(call: Call, detect_id: str) -> Task:
    try:
        return await find_task(call, detect_task_id_of(detect_id), DETECTIONS)
    except NotFound as error:
        raise InvalidRequest(
            f"There is no detection {detect_id}, or no longer; detect the faces again."
        ) from error

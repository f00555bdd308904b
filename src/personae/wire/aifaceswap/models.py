"""What aifaceswap's clients send, and what they get.

Numbers may be text, as in forms; a list of a form may be JSON text. Unknown fields are ignored.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_ID = "ac3eb7ab5852233a3d2076031103b4fe"
_PICTURE = "https://media.example.com/group.jpg"
_FACE = "https://media.example.com/face.jpg"
_VIDEO = "https://media.example.com/scene.mp4"
_RESULT = "https://api.example.com/media/asset_…/scene.mp4?exp=…&sig=…"
MOST_PEOPLE = 3
"""Of one video, says the page."""


def _blank(value: Any) -> Any:
    """An empty field of a form is one that was not given."""
    return None if value == "" else value


def _zero(value: Any) -> Any:
    return 0 if value in ("", None) else value


def _list(value: Any) -> Any:
    """A list of a form: JSON text, or a field that was given once."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text.startswith(("[", "{")):
        return [text]
    try:
        told: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("this is no JSON") from error
    return cast("list[Any]", told) if isinstance(told, list) else [told]


def _numbers(value: Any) -> Any:
    """As `_list`; numbers may stand between commas."""
    if isinstance(value, str) and not value.strip().startswith("["):
        return [one.strip() for one in value.split(",")]
    return _list(value)


def _media(about: str, example: str) -> Any:
    return Field(min_length=1, description=about, examples=[example])


class Asked(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="ignore")


Webhook = Annotated[
    str | None,
    BeforeValidator(_blank),
    Field(
        description="Where the result is to be POSTed.",
        examples=["https://hooks.example.com/task_callback"],
    ),
]
Duration = Annotated[
    float | None,
    BeforeValidator(_blank),
    Field(
        description="Seconds. Charged if the video is shorter; what it is longer is charged too.",
        examples=[5],
    ),
]
Enhance = Annotated[
    int,
    BeforeValidator(_zero),
    Field(
        ge=0,
        le=2,
        description="0: no. 1: restored faces, at most 1080p. 2: restored faces, at most 2k.",
        examples=[0],
    ),
]
Picture = Annotated[str, _media("The picture to edit: URL, file or base64.", _PICTURE)]
Face = Annotated[str, _media("The new face: URL, file or base64.", _FACE)]
Video = Annotated[str, _media("The video to edit: URL.", _VIDEO)]


class FaceSwap(Asked):
    """One person in a picture."""

    source_image: Picture
    face_image: Face
    webhook: Webhook = None


class ExtractFace(Asked):
    """A picture to look for faces in."""

    img: Annotated[str, _media("The picture: URL, file or base64.", _PICTURE)]


class MultiFaceSwap(Asked):
    """Several people in a picture."""

    source_image: Picture
    face_image: Annotated[
        list[str],
        BeforeValidator(_list),
        Field(min_length=1, description="The new faces, as in `faceswap`.", examples=[[_FACE]]),
    ]
    index: Annotated[
        list[int],
        BeforeValidator(_numbers),
        Field(
            min_length=1,
            description="For each new face, which face of the picture it replaces: from 0, from "
            "left to right, as `extract_face` lists them.",
            examples=[[0]],
        ),
    ]
    webhook: Webhook = None


class VideoFaceSwap(Asked):
    """One person in a video."""

    source_video: Video
    face_image: Face
    duration: Duration = None
    enhance: Enhance = 0
    webhook: Webhook = None


class ExtractBase64Face(Asked):
    """A frame of a video to look for faces in."""

    base64_img: Annotated[str, _media("The frame, as base64.", "/9j/4AAQSkZJRg…")]


class RefImage(Asked):
    """A person of a video, and who they become."""

    face_ref: Annotated[
        str, _media("The person, cut out of a frame, as base64.", "/9j/4AAQSkZJRg…")
    ]
    face_url: Face


class MultiVideoFaceSwap(Asked):
    """Several people in a video."""

    source_video: Video
    ref_info: Annotated[
        list[RefImage],
        BeforeValidator(_list),
        Field(min_length=1, description=f"At most {MOST_PEOPLE} people."),
    ]
    duration: Duration = None
    enhance: Enhance = 0
    webhook: Webhook = None


class AskedTask(Asked):
    """A task that a client asks about."""

    task_id: Annotated[str, Field(examples=[_ID])]


class Shown(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(frozen=True)


class Empty(Shown):
    """An object with nothing in it."""


class Queued(Shown):
    """A task that was taken on."""

    points: int = Field(description="What is held for it.", examples=[2])
    task_id: str = Field(examples=[_ID])


class Faces(Shown):
    """The faces of a picture, from left to right."""

    faces: list[list[int]] = Field(
        description="`[x1, y1, x2, y2]` in pixels.", examples=[[[146, 256, 240, 381]]]
    )
    points: int = Field(examples=[2])


class Positions(Shown):
    """The faces of a frame, from left to right."""

    pos: list[list[int]] = Field(
        description="`[x1, y1, x2, y2]` in pixels.", examples=[[[568, 332, 655, 476]]]
    )


class Points(Shown):
    """What an account can spend."""

    points: int = Field(examples=[100])


class TaskNow(Shown):
    """A task as it is now; once it has ended, with the fields of its webhook."""

    task_id: str = Field(examples=[_ID])
    status: str = Field(
        description="queued, running, succeeded, failed or canceled.", examples=["succeeded"]
    )
    progress: float = Field(description="Percent.", examples=[100.0])
    points: int = Field(description="Held, then charged.", examples=[10])
    type: int = Field(description="As in the webhook.", examples=[3])
    success: int | None = Field(description="1, 0, or null while it is under way.", examples=[1])
    result_image: str = Field(description="Empty until there is one.", examples=[_RESULT])
    result_video: str | None = Field(default=None, description="Videos only.", examples=[_RESULT])
    code: str | None = Field(default=None, description="Why it failed.", examples=[None])
    message: str | None = Field(default=None, examples=[None])


class _Reply(Shown):
    code: int = Field(examples=[200])


class QueuedReply(_Reply):
    """With ``extra_data``, as the page has it for one person and for videos."""

    data: Queued
    extra_data: Empty = Empty()
    message: str = Field(default="OK", examples=["OK"])


class PlainQueuedReply(_Reply):
    """Without, as the page has it for several people in a picture."""

    data: Queued
    message: str = Field(default="OK", examples=["OK"])


class FacesReply(_Reply):
    """Without ``extra_data``."""

    data: Faces
    message: str = Field(default="OK", examples=["OK"])


class PositionsReply(_Reply):
    """With ``extra_data``."""

    data: Positions
    extra_data: Empty = Empty()
    message: str = Field(default="OK", examples=["OK"])


class TaskReply(_Reply):
    """Ours: the page has no such call."""

    data: TaskNow
    message: str = Field(default="OK", examples=["OK"])


class PointsReply(_Reply):
    """Ours: the page has no such call."""

    data: Points
    message: str = Field(default="OK", examples=["OK"])

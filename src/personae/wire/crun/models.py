"""What crun's clients send, and what they get."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
)

T = TypeVar("T")
MOST_FACES = 100
MODEL_NAMES = (
    "image-face-swap",
    "image-face-swap-multi",
    "video-face-swap",
    "video-face-swap-multi",
)
_IMAGE = "https://media.example.com/scene.jpg"
_VIDEO = "https://media.example.com/scene.mp4"
_DONOR = "https://media.example.com/donor.jpg"
_TASK_ID = "0b9f7a52-6c1e-4f0d-9a57-0d6f5b1f6f5e"
_DETECT_TASK_ID = "dit6001x9qk2m7c4ab"
_DETECT_ID = "Lx3Zq8TnK0b"

Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2048),
    Field(json_schema_extra={"format": "uri"}),
]


class Given(BaseModel):
    """What a client sends; what is not known is ignored, and numbers may be strings."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


_Unchecked = Annotated[bool | None, Field(description="Accepted, and without effect.")]
_ImageUrl = Annotated[
    Url,
    Field(
        validation_alias=AliasChoices("image_url", "media_url"),
        description="The picture to edit.",
        examples=[_IMAGE],
    ),
]
_VideoUrl = Annotated[
    Url,
    Field(
        validation_alias=AliasChoices("video_url", "media_url", "image_url"),
        description="The video to edit.",
        examples=[_VIDEO],
    ),
]
_NewFace = Annotated[
    Url,
    Field(
        validation_alias=AliasChoices("new_face", "target", "face_url"),
        description="A picture of the new face.",
        examples=[_DONOR],
    ),
]
_DetectId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    Field(
        description="`result.id` of a detection of the same media, not older than an hour.",
        examples=[_DETECT_ID],
    ),
]


class FaceChange(Given):
    """A detected face, and the one that replaces it."""

    face_id: int = Field(
        validation_alias=AliasChoices("face_id", "id"),
        description="`id` of a face of the detection.",
        examples=[0],
    )
    target: Url = Field(
        validation_alias=AliasChoices("target", "new_face", "face_url"),
        description="A picture of the new face; the face's own `link` keeps it as it is.",
        examples=[_DONOR],
    )


_Faces = Annotated[
    list[FaceChange],
    Field(min_length=1, max_length=MOST_FACES, description="Faces that are left out stay."),
]


class ImageInput(Given):
    """Input of image-face-swap."""

    image_url: _ImageUrl
    new_face: _NewFace
    disable_safety_checker: _Unchecked = False


class ImageMultiInput(Given):
    """Input of image-face-swap-multi."""

    detect_id: _DetectId
    image_url: _ImageUrl
    faces: _Faces
    disable_safety_checker: _Unchecked = False


class VideoInput(Given):
    """Input of video-face-swap."""

    video_url: _VideoUrl
    new_face: _NewFace
    disable_safety_checker: _Unchecked = False


class VideoMultiInput(Given):
    """Input of video-face-swap-multi."""

    detect_id: _DetectId
    video_url: _VideoUrl
    faces: _Faces
    disable_safety_checker: _Unchecked = False


class _Wanted(Given):
    callback_url: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=2048)] | None
    ) = Field(
        default=None,
        description="Where the finished task is sent to.",
        examples=["https://your-domain.com/api/callback"],
    )


class ImageSwap(_Wanted):
    """Put a face on the largest one of a picture."""

    model: Literal["image-face-swap"]
    input: ImageInput


class ImageMultiSwap(_Wanted):
    """Replace detected faces of a picture."""

    model: Literal["image-face-swap-multi"]
    input: ImageMultiInput


class VideoSwap(_Wanted):
    """Put a face on the largest one of a video."""

    model: Literal["video-face-swap"]
    input: VideoInput


class VideoMultiSwap(_Wanted):
    """Replace detected faces of a video."""

    model: Literal["video-face-swap-multi"]
    input: VideoMultiInput


def _model_of(value: Any) -> str:
    name = value.get("model") if isinstance(value, dict) else getattr(value, "model", None)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return f"#{name}" if isinstance(name, str) else "#"


Swap = ImageSwap | ImageMultiSwap | VideoSwap | VideoMultiSwap
AnySwap = Annotated[
    Annotated[ImageSwap, Tag("#image-face-swap")]
    | Annotated[ImageMultiSwap, Tag("#image-face-swap-multi")]
    | Annotated[VideoSwap, Tag("#video-face-swap")]
    | Annotated[VideoMultiSwap, Tag("#video-face-swap-multi")],
    Discriminator(
        _model_of,
        custom_error_type="unknown_model",
        custom_error_message=f"model must be one of {', '.join(MODEL_NAMES)}",
    ),
]
"""A task to be made or estimated: `model` says what its `input` is."""
INPUTS: dict[str, type[BaseModel]] = {
    "image-face-swap": ImageInput,
    "image-face-swap-multi": ImageMultiInput,
    "video-face-swap": VideoInput,
    "video-face-swap-multi": VideoMultiInput,
}


class DetectImage(Given):
    """A picture to find faces in."""

    image_url: _ImageUrl


class DetectVideo(Given):
    """A video to find faces in."""

    video_url: _VideoUrl


# --- Answers


class Shown(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Answer(Shown, Generic[T]):
    """The envelope of everything."""

    code: int = Field(default=200, examples=[200])
    message: str = Field(default="success", examples=["success"])
    data: T


class Created(Shown):
    """A new task."""

    task_id: str = Field(examples=[_TASK_ID])


class Outcome(Shown):
    """What came of a task."""

    code: int = Field(description="200, or 501 if it failed.", examples=[200])
    message: str = Field(description="`success`, or why it failed.", examples=["success"])
    media_urls: list[str] = Field(examples=[[_IMAGE]])
    media_info: dict[str, Any] = Field(
        description="What is known of the file.",
        examples=[{"content_type": "image/jpeg", "width": 640, "height": 480, "size": 48213}],
    )
    usage: dict[str, Any] = Field(description="What was charged.", examples=[{"credits": 1}])


class Param(Shown):
    """What was asked for."""

    model: str = Field(examples=["image-face-swap"])
    callback_url: str | None = Field(examples=["https://your-domain.com/api/callback"])
    input: dict[str, Any] = Field(examples=[{"image_url": _IMAGE, "new_face": _DONOR}])


class TaskInfo(Shown):
    """A task."""

    task_id: str = Field(examples=[_TASK_ID])
    provider: str = Field(examples=["Personae"])
    model_version: str = Field(examples=["image-face-swap"])
    status: Literal["pending", "running", "success", "failed"] = Field(examples=["success"])
    param: Param
    create_at: int = Field(description="Seconds since 1970.", examples=[1768900378])
    result: Outcome | None = Field(description="Null until it is over.")
    duration_s: float | None = Field(description="How long it was worked on.", examples=[3.25])
    complete_at: int | None = Field(description="Seconds since 1970.", examples=[1768900382])
    source: Literal["api"] = "api"
    credits: int = Field(description="Charged; until it is over, held.", examples=[1])


class Estimate(Shown):
    """What a task would cost."""

    estimated_credits: int = Field(examples=[1])
    balance: int = Field(examples=[1000])
    affordable: bool = Field(examples=[True])


class SearchMade(Shown):
    """A new search for faces."""

    detect_task_id: str = Field(examples=[_DETECT_TASK_ID])


class FoundFace(Shown):
    """One face, or in a video one person."""

    id: int = Field(description="`face_id` for swaps.", examples=[0])
    link: str = Field(
        description="A picture of it; as `target` it keeps the face.", examples=[_DONOR]
    )


class Found(Shown):
    """What a search has found."""

    id: str = Field(description="`detect_id` for swaps.", examples=[_DETECT_ID])
    status: Literal["succeed"] = "succeed"
    type: Literal["face_detect"] = "face_detect"
    hair_id: None = None
    faces: list[FoundFace]
    started_at: str | None = Field(examples=["2026-01-20 09:12:58"])
    finished_at: str | None = Field(examples=["2026-01-20 09:13:01"])
    error: None = None


class Search(Shown):
    """A search for faces."""

    detect_task_id: str = Field(examples=[_DETECT_TASK_ID])
    status: Literal["starting", "processing", "succeeded", "failed"] = Field(examples=["succeeded"])
    error: str | None = Field(description="Why it failed.", examples=[None])
    result: Found | None = Field(description="Null until it has succeeded.")


class Balance(Shown):
    """Credits that can be spent."""

    balance: int = Field(examples=[1000])


class ModelInfo(Shown):
    """A model that tasks can name."""

    model: str = Field(examples=["image-face-swap"])
    name: str = Field(examples=["Image face swap"])
    description: str = Field(examples=["Put a face on the largest one of a picture."])
    provider: str = Field(examples=["Personae"])
    modality: Literal["image", "video"] = Field(examples=["image"])
    operation: Literal["face-swap", "face-swap-multi"] = Field(examples=["face-swap"])
    input_schema: dict[str, Any] = Field(
        description="JSON schema of `input`.", examples=[{"type": "object"}]
    )


class UploadUrl(Shown):
    """Where to send a file, and what to call it afterwards."""

    presigned_url: str = Field(
        description="PUT the bytes here with the same Content-Type.",
        examples=["https://media.example.com/put/scene.jpg"],
    )
    file_url: str = Field(description="Use it as a media URL afterwards.", examples=[_IMAGE])

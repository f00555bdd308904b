"""What crun's clients send."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
)

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
_DETECT_ID = "Lx3Zq8TnK0b"

Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2048),
    Field(json_schema_extra={"format": "uri"}),
]


class Given(BaseModel):
    """What a client sends; what is not known is ignored, and numbers may be strings."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


_Unchecked = Annotated[
    bool | None,
    Field(description="Without effect, unless the operator lets you do without the content gate."),
]
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

"""What crun's clients get."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
_IMAGE = "https://media.example.com/scene.jpg"
_DONOR = "https://media.example.com/donor.jpg"
_TASK_ID = "0b9f7a52-6c1e-4f0d-9a57-0d6f5b1f6f5e"
_DETECT_TASK_ID = "dit6001x9qk2m7c4ab"
_DETECT_ID = "Lx3Zq8TnK0b"


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

"""What A2E's clients send and get, field for field as its pages have it."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from personae.wire.a2e.codes import State
from personae.wire.a2e.routing import EXAMPLE_ID

T = TypeVar("T")
MOST_IDS = 100
_VIDEO = "https://media.example.com/scenes/1717400057881.mp4"
_FACE = "https://media.example.com/faces/ab2fca41-90e5-41a6-aa66-08a960b035e4.jpg"
_RESULT = "https://api.example.com/media/asset_01ks3v8mq2b7d4x9r5w6t0hnce/1717400057881_ab2f_1.mp4"
_AT = "2026-11-21T11:00:00.000Z"

Url = Annotated[str, StringConstraints(max_length=8192)]
Token = Annotated[str, StringConstraints(max_length=256, pattern=r"^[\x20-\x7e]*$")]


class Given(BaseModel):
    """What a client sends: unknown fields are ignored, as the vendor does."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False
    )


class TaskIn(Given):
    """A swap of one face in a video or a picture."""

    name: str = Field(max_length=500, description="A label for people.", examples=["xxxx"])
    face_url: Url = Field(description="A photo of the new face.", examples=[_FACE])
    video_url: Url = Field(description="The video or picture to edit.", examples=[_VIDEO])
    model_version: Literal["v1", "v2"] | None = Field(
        default=None, description="v2 says that the target is a picture.", examples=["v1"]
    )
    cover_url: Url | None = Field(default=None, description="Taken and not used.", examples=[None])
    webhook_url: Annotated[str, StringConstraints(max_length=2048)] | None = Field(
        default=None, description="Told of the end.", examples=["https://hooks.example.com/a2e"]
    )
    webhook_token: Token | None = Field(
        default=None,
        description="Comes back in the header `X-A2e-Webhook-Token`.",
        examples=["of your own"],
    )


class PreviewIn(Given):
    """One picture of what a task would make."""

    face_url: Url = Field(description="A photo of the new face.", examples=[_FACE])
    video_url: Url = Field(description="The video or picture to edit.", examples=[_VIDEO])


class FaceIn(Given):
    """A photo to be kept."""

    face_url: Url = Field(description="A photo of one person alone.", examples=[_FACE])


class IdsIn(Given):
    """Several tasks at once."""

    ids: list[Annotated[str, StringConstraints(max_length=100)]] = Field(
        max_length=MOST_IDS, examples=[[EXAMPLE_ID]]
    )


class UploadIn(Given):
    """A file that will be PUT past the API."""

    key: str = Field(min_length=1, max_length=1024, examples=["uploads/scene.mp4"])
    content_type: str | None = Field(
        alias="contentType", default=None, max_length=200, examples=["video/mp4"]
    )
    expires_in: int | None = Field(
        alias="expiresIn", default=None, ge=60, description="Seconds.", examples=[3600]
    )
    content_length: int | None = Field(
        alias="contentLength",
        default=None,
        ge=1,
        description="Bytes; wins over `fileSize`.",
        examples=[1048576],
    )
    file_size: int | None = Field(alias="fileSize", default=None, ge=1, examples=[1048576])


class TransferIn(Given):
    """A file to be copied here."""

    url: Url = Field(examples=[_VIDEO])


class TokenIn(Given):
    """A token to be made."""

    alias: str = Field(min_length=1, max_length=100, examples=["website"])


class QuotedIn(PreviewIn):
    """What a call would be sent."""

    model_version: Literal["v1", "v2"] | None = None


class QuoteIn(Given):
    """A call to be priced."""

    endpoint: str = Field(max_length=200, examples=["/api/v1/userFaceSwapTask/add"])
    request_body: QuotedIn = Field(alias="requestBody")


class Ok(BaseModel, Generic[T]):
    """The envelope of what went well."""

    code: int = Field(description="0.", examples=[0])
    data: T


class Named(BaseModel):
    """What everything of the vendor's has."""

    id: str = Field(alias="_id", examples=[EXAMPLE_ID])


class TaskNew(Named):
    """A task that was just taken on."""

    name: str = Field(examples=["xxxx"])
    video_url: str = Field(examples=[_VIDEO])
    duration: int = Field(description="Seconds; 0 until it is measured.", examples=[6])
    face_url: str = Field(examples=[_FACE])
    current_status: State = Field(examples=["initialized"])
    result_url: str = Field(description="Empty until it is completed.", examples=[""])
    error_code: str = Field(examples=[""])
    faild_message: str | None = Field(examples=[""])
    failed_message: str | None = Field(description="The same, spelt well.", examples=[""])
    failed_code: str | None = Field(description="Ours: the code for machines.", examples=[None])
    created_at: str = Field(alias="createdAt", examples=[_AT])
    updated_at: str = Field(alias="updatedAt", examples=[_AT])


class TaskRow(TaskNew):
    """A task in full."""

    current_status: State = Field(examples=["completed"])
    result_url: str = Field(description="Empty until it is completed.", examples=[_RESULT])
    error_code: str = Field(
        description='"0" when completed, a number when failed, else empty.', examples=["0"]
    )
    faild_message: str | None = Field(examples=[None])
    failed_message: str | None = Field(description="The same, spelt well.", examples=[None])
    initialized_time: str | None = Field(examples=[_AT])
    processing_time: str | None = Field(examples=[_AT])
    completed_time: str | None = Field(examples=[_AT])


class TaskRows(BaseModel):
    """A page of tasks, newest first."""

    rows: list[TaskRow]
    count: int = Field(description="Of all pages.", examples=[1])


class TaskState(Named):
    """How far a task is."""

    current_status: State = Field(examples=["processing"])
    result_url: str = Field(examples=[""])
    error_code: int | None = Field(description="0 when completed.", examples=[None])
    faild_message: str | None = Field(examples=[None])
    failed_message: str | None = Field(examples=[None])
    failed_code: str | None = Field(examples=[None])


class PreviewShown(Named):
    """A preview; the last four fields only if it failed."""

    video_url: str = Field(examples=[_VIDEO])
    face_url: str = Field(examples=[_FACE])
    current_status: State = Field(examples=["initialized"])
    result_url: str = Field(examples=[""])
    user_id: str = Field(examples=["6920000dfe1c3b5a7d9e8f02"])
    error_code: str | None = Field(default=None, examples=["40020"])
    faild_message: str | None = Field(default=None, examples=["No face was found."])
    failed_message: str | None = Field(default=None, examples=["No face was found."])
    failed_code: str | None = Field(default=None, examples=["face_not_found"])


class Face(Named):
    """A saved face."""

    face_url: str = Field(description="As you gave it.", examples=[_FACE])
    created_at: str = Field(alias="createdAt", examples=[_AT])
    updated_at: str = Field(alias="updatedAt", examples=[_AT])


class Coins(BaseModel):
    """What is left."""

    coins: int = Field(examples=[100])
    diamonds: int = Field(description="Always 0: there are none here.", examples=[0])


class Upload(BaseModel):
    """Where to PUT a file, and what to call it in later requests."""

    upload_url: str = Field(alias="uploadUrl", examples=["https://api.example.com/blobs/uploads/…"])
    cdn_url: str = Field(
        alias="cdnUrl",
        examples=["https://api.example.com/media/asset_01ks3v8mq2b7d4x9r5w6t0hnce/scene.mp4"],
    )


class Transferred(BaseModel):
    """Our copy of a file."""

    url: str = Field(
        examples=["https://api.example.com/media/asset_01ks3v8mq2b7d4x9r5w6t0hnce/scene.mp4"]
    )


class TokenMade(Named):
    """A new token; it is shown once."""

    token: str = Field(examples=["pk_…"])


class Quote(BaseModel):
    """A price; the vendor's page names only the last field."""

    coins: int = Field(examples=[6])
    affordable: bool = Field(examples=[True])
    generation_request_validated: bool = Field(
        alias="generationRequestValidated", description="Always false.", examples=[False]
    )

"""Assets: stored files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from personae.wire.native.models.common import AssetId, Given, HttpUrl, MaybeTime, Shown, Time

ContentType = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[a-z]+/[A-Za-z0-9.+-]+$"),
    Field(
        description="What the file claims to be; what it is gets measured.", examples=["image/jpeg"]
    ),
]
Filename = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\]+$"),
    Field(description="What the file is called.", examples=["scene.jpg"]),
]


class UploadIn(Given):
    """A file that will be uploaded straight to the storage."""

    content_type: ContentType
    size_bytes: int = Field(
        ge=1, le=1 << 40, description="How long it is, exactly.", examples=[82_044]
    )
    filename: Filename | None = Field(default=None, examples=["scene.jpg"])


class ImportIn(Given):
    """A file to be fetched."""

    url: HttpUrl


class Facts(Shown):
    """What a look inside the file found."""

    kind: str = Field(description="picture, animation, video or sound.", examples=["picture"])
    content_type: str = Field(examples=["image/jpeg"])
    width: int | None = Field(examples=[1280])
    height: int | None = Field(examples=[720])
    duration_s: float | None = Field(examples=[None])
    frames: int | None = Field(examples=[1])
    fps: float | None = Field(examples=[None])
    codec: str | None = Field(examples=["mjpeg"])
    rotation: int | None = Field(examples=[0])
    audio_streams: int = Field(examples=[0])
    audio_codecs: list[str] = Field(
        description="One of each stream of sound; empty also for files from before this was noted.",
        examples=[[]],
    )


class Asset(Shown):
    """A stored file."""

    id: AssetId
    role: Literal[
        "upload", "import", "output", "crop", "working", "cover", "thumbnail", "manifest"
    ] = Field(examples=["upload"])
    state: Literal["awaiting_upload", "ready", "refused", "deleted"] = Field(examples=["ready"])
    content_type: str = Field(examples=["image/jpeg"])
    filename: str | None = Field(examples=["scene.jpg"])
    size_bytes: int | None = Field(examples=[182_044])
    sha256: str | None = Field(
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    )
    facts: Facts | None
    refusal: dict[str, Any] | None = Field(
        description="Why the file is refused: code and message.", examples=[None]
    )
    task_id: str | None = Field(description="The task that made it.", examples=[None])
    created_at: Time
    expires_at: MaybeTime = Field(description="When it is deleted; null keeps it.")


class Upload(Shown):
    """Where to PUT the file; call `complete` afterwards."""

    asset: Asset
    method: Literal["PUT"] = Field(examples=["PUT"])
    url: str = Field(examples=["https://api.example.com/blobs/…?op=put&exp=…&sig=…"])
    headers: dict[str, str] = Field(
        description="To be sent with the file.", examples=[{"Content-Type": "image/jpeg"}]
    )
    expires_at: Time


class SignedUrl(Shown):
    """Where anybody who holds it can fetch the file for a while."""

    url: str = Field(examples=["https://api.example.com/blobs/…?op=get&exp=…&sig=…"])
    expires_at: Time

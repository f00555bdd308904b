"""Swaps: what is told about them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from personae.wire.native.models.common import (
    AssetId,
    CreditsOfTask,
    MaybeTime,
    PriorityWord,
    Progress,
    Shown,
    TaskId,
    TaskProblem,
    TaskState,
    Time,
)


class OutputFile(Shown):
    """A file that a swap made."""

    asset_id: AssetId
    content_type: str = Field(examples=["image/jpeg"])
    size_bytes: int | None = Field(examples=[182_044])
    url: str = Field(
        description="Signed; anybody who holds it can fetch the file for a while.",
        examples=["https://api.example.com/blobs/…?op=get&exp=…&sig=…"],
    )


class StillFile(OutputFile):
    """A picture that stands for an output in lists."""

    content_type: str = Field(examples=["image/png"])
    width: int | None = Field(description="In pixels.", examples=[1080])
    height: int | None = Field(description="In pixels.", examples=[540])


ManifestPlace = Literal["embedded", "sidecar", "off"]
SignedBy = Literal["operator", "local"]


class SwapResult(Shown):
    """What came of a swap."""

    outputs: list[OutputFile]
    cover: StillFile | None = Field(
        description="One frame of a clip in its full size; only with `output.stills`.",
        examples=[None],
    )
    thumbnail: StillFile | None = Field(
        description="1080 x 540 pixels; only with `output.stills`.", examples=[None]
    )
    faces_swapped: int | None = Field(examples=[1])
    frames: int | None = Field(examples=[1])
    frames_lost: int | None = Field(examples=[0])
    duration_s: float | None = Field(examples=[None])
    engine: str | None = Field(
        description="What made the new faces; null of swaps from before this was told.",
        examples=["mesh"],
    )
    restorer: str | None = Field(
        description="What restored the new faces; `classical` is the one without a model.",
        examples=[None],
    )
    manifest: ManifestPlace | None = Field(
        description="Where the C2PA manifest is that says how the output came about; null of "
        "swaps from before there were any.",
        examples=["embedded"],
    )
    manifest_url: str | None = Field(
        description="Of a sidecar: its signed URL.",
        examples=[None],
    )
    signed_by: SignedBy | None = Field(
        description="Whose certificate signed it. Other programs call a `local` one untrusted.",
        examples=["local"],
    )
    label: str | None = Field(description="What is written over it.", examples=[None])
    warnings: list[str] = Field(examples=[[]])


class Swap(Shown):
    """A swap and how far it is."""

    id: TaskId
    kind: Literal["swap_image", "swap_video", "preview"] = Field(examples=["swap_image"])
    status: TaskState = Field(examples=["succeeded"])
    label: str | None = Field(examples=["Take 3"])
    scene_name: str | None = Field(
        description="What you called the scene's file; null if it had no name.",
        examples=["holiday.png"],
    )
    priority: PriorityWord = Field(examples=["normal"])
    progress: Progress
    credits: CreditsOfTask
    request: dict[str, Any] = Field(
        description="What was asked for, with every default filled in.",
        examples=[{"media": "image", "scene": {"url": "https://media.example.com/scene.jpg"}}],
    )
    result: SwapResult | None
    error: TaskProblem | None = Field(examples=[None])
    created_at: Time
    started_at: MaybeTime
    finished_at: MaybeTime
    expires_at: MaybeTime = Field(description="When the outputs are deleted.")


class Estimate(Shown):
    """What a swap would cost now."""

    credits: int = Field(examples=[1])
    available: int = Field(description="Credits that the account has.", examples=[250])
    affordable: bool = Field(examples=[True])
    assumed: bool = Field(
        description="The scene has not been measured yet: this is what would be held at first, and "
        "what is charged in the end depends on the measured duration.",
        examples=[False],
    )
    seconds: float | None = Field(examples=[None])
    breakdown: dict[str, float] = Field(
        description="How it comes about. `factor` is what everything else is multiplied with; "
        "`engine` and `quality` are their shares of it, where they cost more or less than usual.",
        examples=[{"image": 1, "factor": 1}],
    )


class PreviewShown(Shown):
    """A preview: its picture as an asset."""

    id: TaskId
    asset_id: AssetId
    content_type: str = Field(examples=["image/jpeg"])
    url: str = Field(
        description="Signed; anybody who holds it can fetch the picture for a while.",
        examples=["https://api.example.com/blobs/…?op=get&exp=…&sig=…"],
    )
    faces_swapped: int | None = Field(examples=[1])
    engine: str | None = Field(
        description="What made the new faces; null of swaps from before this was told.",
        examples=["mesh"],
    )
    restorer: str | None = Field(
        description="What restored the new faces; `classical` is the one without a model.",
        examples=[None],
    )
    manifest: ManifestPlace | None = Field(
        description="Whether the picture holds the C2PA manifest that says how it came about.",
        examples=["embedded"],
    )
    signed_by: SignedBy | None = Field(
        description="Whose certificate signed it. Other programs call a `local` one untrusted.",
        examples=["local"],
    )
    warnings: list[str] = Field(examples=[[]])

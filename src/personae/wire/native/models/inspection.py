"""What a file tells of where it comes from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from personae.wire.native.models.common import MaybeTime, Shown


class OriginShown(Shown):
    """When this service made it."""

    made_at: MaybeTime
    still_here: bool = Field(
        description="Whether the service still keeps the output.", examples=[True]
    )
    task_id: str | None = Field(
        description="The task that made it; only told to the key of the tenant whose it is.",
        examples=["task_01ks3v8mq2b7d4x9r5w6t0hnce"],
    )


class MarkShown(Shown):
    """The invisible mark in the pixels."""

    number: str = Field(description="Ten hexadecimal digits.", examples=["1f08a55c3e"])
    confidence: float = Field(
        ge=0, le=1, description="How sure it is that this is a mark.", examples=[1.0]
    )
    origin: OriginShown | None = Field(
        description="The task of this service that has this mark; null if it is another's."
    )


class InspectionShown(Shown):
    """What is known of a file."""

    verdict: Literal["exact", "marked", "claimed", "unknown"] = Field(
        description=(
            "exact: these bytes came from here. marked: it carries the mark of a task of this "
            "service. claimed: a mark or a manifest says that Personae made it. unknown: nothing "
            "says so, which proves nothing."
        ),
        examples=["marked"],
    )
    sha256: str = Field(examples=["9f" * 32])
    size_bytes: int = Field(examples=[82_044])
    kind: str = Field(description="picture, animation, video or sound.", examples=["picture"])
    exact: OriginShown | None = Field(description="Who made these very bytes; null if nobody here.")
    mark: MarkShown | None = Field(description="The invisible mark; null if none was found.")
    manifest: dict[str, Any] | None = Field(
        description="What the C2PA manifest says and whether it holds; null if there is none.",
        examples=[None],
    )

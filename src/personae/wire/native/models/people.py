"""Saved faces."""

from __future__ import annotations

from pydantic import Field

from personae.wire.native.models.common import (
    AssetId,
    FaceId,
    Given,
    Label,
    MaybeConsent,
    Shown,
    Time,
)


class FaceIn(Given):
    """Photos of one person, to be kept as a donor."""

    name: Label
    asset_ids: list[AssetId] = Field(
        min_length=1, max_length=10, description="Pictures of that person alone."
    )
    consent: MaybeConsent = None


class Face(Shown):
    """A saved donor."""

    id: FaceId
    name: str = Field(examples=["Ada"])
    asset_ids: list[AssetId]
    photos_used: int | None = Field(
        description="How many of the photos a swap takes; others are too poor beside them. Null "
        "for faces that were saved before photos were looked at.",
        examples=[1],
    )
    created_at: Time

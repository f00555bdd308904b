"""The do-not-swap register."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from personae.domain.register import MAX_PHOTOS
from personae.wire.native.models.common import (
    EXAMPLE_NAME,
    NAME,
    AssetId,
    Given,
    MaybeTime,
    Shown,
    Time,
)

PersonId = Annotated[str, StringConstraints(pattern=rf"^person_{NAME}$")]
AppliesTo = Literal["donor", "scene", "either"]
_LINE = r"^[^\x00-\x1f\x7f]*$"


class PersonIn(Given):
    """Somebody who may not be swapped in your tasks."""

    name: Annotated[str, StringConstraints(max_length=200, pattern=_LINE)] = Field(
        default="", description="For you; may be empty or made up.", examples=["Ada"]
    )
    applies_to: AppliesTo = Field(
        default="either",
        description="What they may not be: the donor, a face of the scene that is replaced, or "
        "either.",
        examples=["either"],
    )
    reason: Annotated[str, StringConstraints(max_length=500, pattern=_LINE)] = Field(
        default="", examples=["Asked not to be swapped."]
    )
    origin: Annotated[str, StringConstraints(max_length=200, pattern=_LINE)] = Field(
        default="", description="Where the entry comes from.", examples=["opt-out"]
    )
    expires_at: Annotated[AwareDatetime | None, Field(strict=False)] = Field(
        default=None, description="When it ends by itself; null never.", examples=[None]
    )
    asset_ids: list[AssetId] = Field(
        min_length=1,
        max_length=MAX_PHOTOS,
        description="Pictures of that person alone. The register keeps no picture; delete them "
        "afterwards if nothing else needs them.",
    )


class Person(Shown):
    """An entry of the register."""

    id: PersonId = Field(examples=[f"person_{EXAMPLE_NAME}"])
    name: str = Field(examples=["Ada"])
    applies_to: AppliesTo = Field(examples=["either"])
    reason: str = Field(examples=["Asked not to be swapped."])
    origin: str = Field(examples=["opt-out"])
    faces: int = Field(description="Photos that it was made of.", examples=[2])
    created_at: Time
    expires_at: MaybeTime = Field(examples=[None])


class PersonMade(Person):
    """A new entry, and what is not ideal about its photos."""

    warnings: list[str] = Field(examples=[["photo.jpg is not ideal: it is blurred."]])


class OperatorPerson(Person):
    """An entry, as operators see it."""

    tenant_id: str | None = Field(
        description="Whose tasks it holds for; null for everybody's.", examples=[None]
    )
    added_by: str = Field(
        description="The key, or `operator` for a command.", examples=[f"key_{EXAMPLE_NAME}"]
    )


class OperatorPersonMade(OperatorPerson):
    """A new entry, and what is not ideal about its photos."""

    warnings: list[str] = Field(examples=[[]])


class NearPerson(Shown):
    """An entry that a photo was compared with."""

    person: OperatorPerson
    distance: float = Field(description="1 - cosine; 0 is the same picture.", examples=[0.0121])
    refused: bool = Field(description="Whether that is near enough for a refusal.", examples=[True])


class LookedUp(Shown):
    """The entries nearest to a photo's face, nearest first."""

    found: list[NearPerson]
    warnings: list[str] = Field(examples=[[]])

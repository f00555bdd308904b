"""Taking things down."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from personae.wire.native.models.common import EXAMPLE_NAME, NAME, Given, MaybeTime, Shown, Time

TakedownId = Annotated[str, StringConstraints(pattern=rf"^takedown_{NAME}$")]
_BYTES = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"


class TakedownIn(Given):
    """What is to go, and why."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=4096)] = Field(
        description="The id of a task, a file or a saved face; a link to a file, also one that has "
        "expired; `sha256:` and the hash of a file's bytes; `mark:` and the number that a file "
        "carries invisibly; or, with `dialect`, a task's name there.",
        examples=[f"task_{EXAMPLE_NAME}"],
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000)] = Field(
        description="Kept with the takedown.", examples=["The person shown asked for it."]
    )
    all_of_inputs: bool = Field(
        default=False,
        description="Also remove the finished swaps that were made of the same inputs. Without it "
        "they are listed in `other_tasks`.",
        examples=[False],
    )
    dialect: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,20}$")] | None = Field(
        default=None, description="Whose name `subject` is.", examples=[None]
    )


class OperatorTakedownIn(TakedownIn):
    """What is to go, whosever it is."""

    everywhere: bool = Field(
        default=True,
        description="Also remove other tenants' files with the same bytes.",
        examples=[True],
    )
    block: bool = Field(
        default=True, description="Let nobody use these bytes again.", examples=[True]
    )
    register_as: Literal["donor", "scene", "either"] | None = Field(
        default=None,
        description="Put the donors into the do-not-swap register: what they may not be.",
        examples=[None],
    )
    tenant: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="Name or id; whose task it is, where `dialect` is given.",
        examples=[None],
    )


class Takedown(Shown):
    """What was taken down. From the moment of the answer nobody finds it any more."""

    id: TakedownId = Field(examples=[f"takedown_{EXAMPLE_NAME}"])
    subject: str = Field(examples=[f"task_{EXAMPLE_NAME}"])
    reason: str = Field(examples=["The person shown asked for it."])
    state: Literal["asked", "done"] = Field(
        description="done when the last byte is gone, usually within half a minute.",
        examples=["asked"],
    )
    tasks: list[str] = Field(examples=[[f"task_{EXAMPLE_NAME}"]])
    canceled: list[str] = Field(
        description="Those of them that were under way; their credits are given back.",
        examples=[[]],
    )
    assets: list[str] = Field(examples=[[f"asset_{EXAMPLE_NAME}"]])
    faces: list[str] = Field(examples=[[]])
    other_tasks: list[str] = Field(
        description="Finished swaps of the same inputs, which are still there.", examples=[[]]
    )
    unstored_inputs: int = Field(
        description="Inputs that came from URLs: they are elsewhere.", examples=[0]
    )
    credits_released: int = Field(examples=[0])
    created_at: Time
    finished_at: MaybeTime = Field(examples=[None])


class OperatorTakedown(Takedown):
    """A takedown as operators see it."""

    requested_by: str = Field(examples=[f"key_{EXAMPLE_NAME}"])
    tenant_id: str | None = Field(
        description="The tenant that asked for it; null for an operator.", examples=[None]
    )
    tenants: list[str] = Field(
        description="Whose things went.", examples=[[f"tenant_{EXAMPLE_NAME}"]]
    )
    sha256: list[str] = Field(description="Of the files that went.", examples=[[_BYTES]])
    blocked: list[str] = Field(description="Hashes of files that nobody may use.", examples=[[]])
    registered: list[str] = Field(description="New entries of the register.", examples=[[]])
    failures: int = Field(description="Rounds that could not remove everything.", examples=[0])
    last_failure: str | None = Field(examples=[None])

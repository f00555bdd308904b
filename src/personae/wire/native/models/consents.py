"""Consent: what an account says once, and the records of its tasks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from personae.wire.native.models.common import (
    Asserter,
    Evidence,
    Given,
    MaybeTime,
    Shown,
    Statement,
    TaskId,
    Time,
)


class StandingIn(Given):
    """What holds for all requests of the account, until it is withdrawn."""

    statement: Statement
    asserted_by: Asserter
    evidence: Evidence | None = Field(default=None, examples=["release 17 in our archive"])
    until: Annotated[AwareDatetime | None, Field(strict=False)] = Field(
        default=None, description="When it ends by itself; null never.", examples=[None]
    )


class Standing(Shown):
    """What the account has said, and whether that still holds."""

    statement: str = Field(examples=["Everybody we show has signed release form v3."])
    asserted_by: str = Field(examples=["Legal department of Example Studio"])
    evidence: str | None = Field(examples=[None])
    asserted_at: Time
    via: str = Field(
        description="The key that it came with, or `operator`.",
        examples=["key_01ks3v8mq2b7d4x9r5w6t0hnce"],
    )
    until: MaybeTime = Field(examples=[None])
    holds: bool = Field(examples=[True])


class Record(Shown):
    """Who asserted consent for a task, how and when."""

    task_id: TaskId
    kind: str = Field(examples=["swap_image"])
    dialect: str = Field(examples=["native"])
    status: str = Field(examples=["succeeded"])
    created_at: Time
    how: Literal["request", "standing", "terms", "off"] = Field(
        description="By the request itself, by what the account said once, by the terms it works "
        "under, or not at all, where the operator has switched this off.",
        examples=["request"],
    )
    asserted_by: str | None = Field(examples=["user 8f2c"])
    asserted_at: MaybeTime = Field(
        description="When it was said; under terms, when the key was made."
    )
    statement: str | None = Field(examples=["The people shown have agreed."])
    subjects: list[str] = Field(examples=[["actor 12"]])
    evidence: str | None = Field(examples=[None])
    terms_version: str | None = Field(examples=[None])
    key_id: str | None = Field(examples=["key_01ks3v8mq2b7d4x9r5w6t0hnce"])
    retry_of: str | None = Field(
        description="The task whose assertion this one repeats.", examples=[None]
    )
    faces: dict[str, Any] = Field(
        description="Of the saved faces that it used, what was recorded when they were saved.",
        examples=[{}],
    )
    sha256: str = Field(
        description="Of the whole record; the audit log keeps it for good.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )

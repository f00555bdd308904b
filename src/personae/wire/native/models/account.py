"""The account, its books and its keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from personae.domain.tenants import SCOPES
from personae.wire.native.models.common import NAME, Given, Label, MaybeTime, Shown, Time

Scope = Literal[
    "assets:read",
    "assets:write",
    "swaps:read",
    "swaps:write",
    "faces:read",
    "faces:write",
    "account:read",
    "account:write",
    "keys:write",
    "webhooks:write",
    "register:read",
    "register:write",
]
Seconds = Annotated[float, Field(ge=60, le=100 * 365 * 86_400, strict=False)]
_WEEK_S = 604_800.0
KeyId = Annotated[str, StringConstraints(pattern=rf"^key_{NAME}$")]


class Balance(Shown):
    """Whole credits."""

    available: int = Field(description="Free to be spent.", examples=[250])
    held: int = Field(description="Reserved for tasks that are not finished.", examples=[4])
    spent: int = Field(examples=[46])
    granted: int = Field(description="Everything that was ever put in.", examples=[300])


class Times(Shown):
    """How long each kind of thing is kept, in seconds."""

    uploads: float = Field(description="From when they came last.", examples=[_WEEK_S])
    imports: float = Field(examples=[_WEEK_S])
    outputs: float = Field(examples=[_WEEK_S])
    previews: float = Field(examples=[3600.0])
    stills: float = Field(description="Never longer than outputs.", examples=[_WEEK_S])
    crops: float = Field(examples=[3600.0])
    detections: float = Field(
        description="What was found of people; never longer than the scene.", examples=[90_000.0]
    )
    faces: float | None = Field(
        description="Saved donors, from when they were saved; null until they are deleted.",
        examples=[None],
    )


class RetentionShown(Shown):
    """What holds for you, and the most that the operator allows."""

    in_force: Times
    longest: Times


class RetentionChange(Given):
    """What is to be kept for less; whatever is left out stays, null takes a wish back."""

    uploads: Seconds | None = Field(default=None, examples=[86_400.0])
    imports: Seconds | None = Field(default=None, examples=[86_400.0])
    outputs: Seconds | None = Field(default=None, examples=[86_400.0])
    previews: Seconds | None = Field(default=None, examples=[600.0])
    stills: Seconds | None = Field(default=None, examples=[86_400.0])
    crops: Seconds | None = Field(default=None, examples=[600.0])
    detections: Seconds | None = Field(default=None, examples=[3600.0])
    faces: Seconds | None = Field(default=None, examples=[2_592_000.0])


class Account(Shown):
    """Whose key this is, and what there is to spend."""

    id: str = Field(examples=["tenant_01ks3v8mq2b7d4x9r5w6t0hnce"])
    name: str = Field(examples=["Example Studio"])
    balance: Balance
    retention: Times = Field(description="How long things are kept.")
    created_at: Time


class Entry(Shown):
    """One side of a transfer between two accounts; both sides sum to 0."""

    id: int = Field(examples=[17])
    kind: Literal["grant", "hold", "settle", "release", "adjust"] = Field(examples=["hold"])
    account: Literal["granted", "available", "held", "spent"] = Field(examples=["available"])
    amount: int = Field(examples=[-1])
    task_id: str | None = Field(examples=["task_01ks3v8mq2b7d4x9r5w6t0hnce"])
    note: str | None = Field(examples=[None])
    created_at: Time


class UsageRow(Shown):
    """What one kind of task came to on one day."""

    day: str = Field(examples=["2026-11-21"])
    kind: str = Field(examples=["swap_image"])
    tasks: int = Field(examples=[12])
    credits: int = Field(examples=[12])


class Usage(Shown):
    """Credits spent, by day and kind."""

    since: Time
    until: Time
    utc_offset_minutes: int = Field(description="Where days begin.", examples=[0])
    items: list[UsageRow]


class KeyIn(Given):
    """A key to be made."""

    name: Label
    scopes: list[Scope] = Field(
        default_factory=lambda: list[Scope](SCOPES),  # pyright: ignore[reportArgumentType]
        min_length=1,
        max_length=len(SCOPES),
        description="What it may do: some of what the key that makes it may do. All of that, "
        "unless given.",
        examples=[["swaps:read", "swaps:write"]],
    )
    expires_at: Annotated[AwareDatetime | None, Field(strict=False)] = Field(
        default=None, description="When it ends by itself; null never.", examples=[None]
    )


class Key(Shown):
    """An API key, without its secret."""

    id: KeyId = Field(examples=["key_01ks3v8mq2b7d4x9r5w6t0hnce"])
    name: str = Field(examples=["Website"])
    prefix: str = Field(description="How its secret begins.", examples=["pk_3fa9c"])
    scopes: list[str] = Field(examples=[["swaps:read", "swaps:write"]])
    client_id: str = Field(examples=["client_5b1f0c9de7a24c3f8e6d1a20"])
    created_at: Time
    expires_at: MaybeTime
    revoked_at: MaybeTime = Field(examples=[None])
    last_used_at: MaybeTime = Field(
        description="To the minute, and a little late; null if it never was."
    )


class Service(Shown):
    """What whoever uses the service has to know of it before anything else."""

    version: str = Field(examples=["1.0.0"])
    consent: Literal["required", "terms", "off"] = Field(
        description="Whether swaps have to say that the people shown agree.", examples=["terms"]
    )
    maintenance: bool = Field(
        description="Whether everything but reading is refused for now.", examples=[False]
    )
    disabled: list[str] = Field(
        description="What is switched off: image_swap, video_swap, multi_swap, detection, preview.",
        examples=[[]],
    )


class CurrentKey(Key):
    """The key in use, whose it is, and what it opens."""

    tenant_id: str = Field(examples=["tenant_01ks3v8mq2b7d4x9r5w6t0hnce"])
    tenant_name: str = Field(examples=["Example Studio"])
    operator: bool = Field(
        description="Whether it opens the calls of operators, and those alone.", examples=[False]
    )
    service: Service


class KeyMade(Key):
    """A new key with its secrets, which are shown this once."""

    key: str = Field(examples=["pk_…"])
    client_secret: str = Field(examples=["…"])

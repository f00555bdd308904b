"""What operators see and do: tenants, credits and keys, queues, workers, everybody's tasks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from personae.domain.tenants import SCOPES
from personae.wire.native.models.account import Balance, RetentionChange, Scope, Times
from personae.wire.native.models.common import (
    EXAMPLE_NAME,
    Given,
    Label,
    MaybeTime,
    Progress,
    Shown,
    TaskId,
    TaskState,
    Time,
)

_TENANT = f"tenant_{EXAMPLE_NAME}"
_MOST_CREDITS = 1_000_000_000
TenantName = Annotated[Label, Field(description="A name of its own.", examples=["Example Studio"])]
Reason = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
    ),
    Field(
        description="Why, for the books; the tenant reads it in its ledger.",
        examples=["Invoice 2026-117"],
    ),
]


class TenantIn(Given):
    """A tenant to be made, with an empty account."""

    name: TenantName


class TenantChange(Given):
    """What is to be different; whatever is left out stays."""

    name: TenantName | None = Field(default=None, examples=["Example Studio"])
    suspended: bool | None = Field(
        default=None,
        description="Whether its requests are refused. Tasks that are under way go on.",
        examples=[True],
    )
    retention: RetentionChange | None = Field(
        default=None,
        description="The longest that its things are kept, by kind; null takes one back, so that "
        "the service's own time holds.",
        examples=[{"outputs": 86_400.0}],
    )


class Tenant(Shown):
    """Somebody who uses the service."""

    id: str = Field(examples=[_TENANT])
    name: str = Field(examples=["Example Studio"])
    balance: Balance
    suspended_at: MaybeTime = Field(examples=[None])
    retention: Times = Field(description="The longest that its things are kept, in seconds.")
    created_at: Time


class GrantIn(Given):
    """Credits for a tenant."""

    amount: int = Field(
        ge=-_MOST_CREDITS,
        le=_MOST_CREDITS,
        description="Below 0 takes credits back, as far as they are not spent or reserved.",
        examples=[100],
    )
    reason: Reason


class Grant(Shown):
    """Credits that were given, and what the tenant has now."""

    id: str = Field(examples=[f"grant_{EXAMPLE_NAME}"])
    tenant_id: str = Field(examples=[_TENANT])
    amount: int = Field(examples=[100])
    reason: str = Field(examples=["Invoice 2026-117"])
    balance: Balance


class KeyForTenant(Given):
    """A key to be made for a tenant."""

    name: Label
    scopes: list[Scope] = Field(
        default_factory=lambda: list[Scope](SCOPES),  # pyright: ignore[reportArgumentType]
        min_length=1,
        max_length=len(SCOPES),
        description="What it may do; everything that tenants may, unless given.",
        examples=[["swaps:read", "swaps:write"]],
    )
    expires_at: Annotated[AwareDatetime | None, Field(strict=False)] = Field(
        default=None, description="When it ends by itself; null never.", examples=[None]
    )


class TenantShare(Shown):
    """One tenant's part of a queue."""

    tenant_id: str = Field(examples=[_TENANT])
    tenant_name: str | None = Field(examples=["Example Studio"])
    waiting: int = Field(examples=[12])
    running: int = Field(examples=[2])


class Queue(Shown):
    """What waits in one queue, and what left it lately."""

    name: str = Field(
        description="express, images, videos, chunks or webhooks.", examples=["images"]
    )
    waiting: int = Field(description="Ready to be taken.", examples=[12])
    delayed: int = Field(description="Not due yet: a webhook's next attempt.", examples=[0])
    running: int = Field(
        description="Taken by a worker; a video counts from its plan to its join.", examples=[2]
    )
    oldest_s: float | None = Field(
        description="Seconds that the one has waited which waits longest.", examples=[3.2]
    )
    done: int = Field(description="Ended well in the last `window_s`.", examples=[140])
    failed: int = Field(description="Given up in the last `window_s`.", examples=[0])
    tenants: list[TenantShare] = Field(description="Those with the most in it, five at most.")


class Queues(Shown):
    """Every queue."""

    at: Time
    window_s: float = Field(description="What `done` and `failed` count.", examples=[300.0])
    queues: list[Queue]


class Job(Shown):
    """A piece of work in a worker's hands."""

    id: str = Field(
        description="The task or delivery, and which piece or attempt of it.",
        examples=[f"task_{EXAMPLE_NAME}-a3"],
    )
    queue: str = Field(examples=["chunks"])
    tenant_id: str | None = Field(examples=[_TENANT])
    since: MaybeTime


class Worker(Shown):
    """A process that does the work."""

    id: str = Field(examples=[f"worker_{EXAMPLE_NAME}"])
    state: Literal["alive", "silent"] = Field(
        description="A silent one is thought dead, and the others take over what it had.",
        examples=["alive"],
    )
    host: str | None = Field(examples=["gpu-host-1"])
    pid: int | None = Field(examples=[4242])
    started_at: MaybeTime
    silent_s: float | None = Field(description="Seconds since its last beat.", examples=[1.1])
    facts: dict[str, Any] = Field(
        description="What it said of itself when it started: `version`, `slots` (tasks at once) "
        "and `engines` (what it can swap with).",
        examples=[{"version": "1.0.0", "slots": 2, "engines": ["mesh"]}],
    )
    jobs: list[Job] = Field(description="What it has in hand, the oldest first, 20 at most.")
    jobs_total: int = Field(examples=[1])


class Workers(Shown):
    """Every worker."""

    at: Time
    workers: list[Worker]


class AdminTask(Shown):
    """A task of anybody's: how far it is, not what is in it."""

    id: TaskId
    tenant_id: str = Field(examples=[_TENANT])
    tenant_name: str | None = Field(examples=["Example Studio"])
    kind: Literal["swap_image", "swap_video", "preview", "detect_image", "detect_video"] = Field(
        examples=["swap_video"]
    )
    status: TaskState = Field(examples=["running"])
    dialect: str = Field(examples=["native"])
    priority: Literal["high", "normal", "low"] = Field(examples=["normal"])
    attempt: int = Field(description="How often it was begun.", examples=[1])
    progress: Progress
    credits_held: int = Field(examples=[4])
    credits_charged: int = Field(examples=[0])
    error_code: str | None = Field(examples=[None])
    created_at: Time
    started_at: MaybeTime
    finished_at: MaybeTime = Field(examples=[None])

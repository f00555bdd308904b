"""Webhooks: endpoints, and what was sent to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from personae.wire.native.models.common import (
    NAME,
    EndpointId,
    Given,
    HttpUrl,
    MaybeTime,
    Shown,
    Time,
)

EventType = Literal[
    "task.succeeded",
    "task.failed",
    "task.canceled",
    "task.taken_down",
    "asset.expired",
    "asset.taken_down",
    "face.taken_down",
]
DeliveryId = Annotated[str, StringConstraints(pattern=rf"^dlv_{NAME}$")]


class EndpointIn(Given):
    """Where events are to go."""

    url: HttpUrl
    events: list[EventType] = Field(
        default_factory=list[EventType],
        max_length=20,
        description="Which events; all, unless given.",
        examples=[["task.succeeded", "task.failed"]],
    )


class EndpointChange(Given):
    """What to change; whatever is left out stays."""

    url: HttpUrl | None = Field(default=None, examples=["https://example.com/hooks/personae"])
    events: list[EventType] | None = Field(
        default=None, max_length=20, examples=[["task.succeeded"]]
    )
    enabled: bool | None = Field(default=None, examples=[True])


class Endpoint(Shown):
    """Where events go."""

    id: EndpointId
    url: str = Field(examples=["https://example.com/hooks/personae"])
    events: list[str] = Field(
        description="Empty means all.", examples=[["task.succeeded", "task.failed"]]
    )
    enabled: bool = Field(examples=[True])
    created_at: Time


class EndpointMade(Endpoint):
    """An endpoint with the secret that its events are signed with (Standard Webhooks)."""

    secret: str = Field(
        description="Shown when it is made or changed, and never again.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class Delivery(Shown):
    """One event on its way to one address."""

    id: DeliveryId = Field(examples=["dlv_01ks3v8mq2b7d4x9r5w6t0hnce"])
    endpoint_id: str | None = Field(examples=["hook_01ks3v8mq2b7d4x9r5w6t0hnce"])
    task_id: str | None = Field(examples=["task_01ks3v8mq2b7d4x9r5w6t0hnce"])
    event_id: str = Field(
        description="The same in every attempt and redelivery.",
        examples=["evt_01ks3v8mq2b7d4x9r5w6t0hnce"],
    )
    event_type: str = Field(examples=["task.succeeded"])
    url: str = Field(examples=["https://example.com/hooks/personae"])
    status: Literal["pending", "delivered", "failed", "canceled"] = Field(examples=["delivered"])
    attempts: int = Field(examples=[1])
    last_status: int | None = Field(description="HTTP status of the last answer.", examples=[200])
    last_error: str | None = Field(examples=[None])
    next_attempt_at: MaybeTime
    created_at: Time
    delivered_at: MaybeTime


class Attempt(Shown):
    """One try."""

    number: int = Field(examples=[1])
    at: Time
    status: int | None = Field(examples=[200])
    error: str | None = Field(examples=[None])
    took_s: float = Field(examples=[0.12])


class DeliveryInFull(Delivery):
    """A delivery, what it carries, and every try."""

    body: dict[str, Any] = Field(examples=[{"type": "task.succeeded", "data": {}}])
    tries: list[Attempt]

"""What is said of webhooks, takedowns, the register and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from personae_client.models.base import Model


@dataclass(frozen=True, kw_only=True)
class Endpoint(Model):
    """Where events go."""

    id: str
    url: str
    events: tuple[str, ...]
    """Empty means all."""
    enabled: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointMade(Endpoint):
    """An endpoint with the secret that its events are signed with (Standard Webhooks)."""

    secret: str = field(repr=False)
    """Shown when it is made or changed, and never again."""


@dataclass(frozen=True, kw_only=True)
class Delivery(Model):
    """One event on its way to one address."""

    id: str
    endpoint_id: str | None = None
    task_id: str | None = None
    event_id: str
    """The same in every attempt and redelivery."""
    event_type: str
    url: str
    status: Literal["pending", "delivered", "failed", "canceled"]
    attempts: int
    last_status: int | None = None
    """HTTP status of the last answer."""
    last_error: str | None = None
    next_attempt_at: datetime | None = None
    created_at: datetime
    delivered_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt(Model):
    """One try."""

    number: int
    at: datetime
    status: int | None = None
    error: str | None = None
    took_s: float


@dataclass(frozen=True, kw_only=True)
class DeliveryInFull(Delivery):
    """A delivery, what it carries, and every try."""

    body: Mapping[str, Any]
    tries: tuple[Attempt, ...]


@dataclass(frozen=True, kw_only=True)
class Takedown(Model):
    """What was taken down. From the moment of the answer nobody finds it any more."""

    id: str
    subject: str
    reason: str
    state: Literal["asked", "done"]
    """done when the last byte is gone, usually within half a minute."""
    tasks: tuple[str, ...]
    canceled: tuple[str, ...]
    """Those of them that were under way; their credits are given back."""
    assets: tuple[str, ...]
    faces: tuple[str, ...]
    other_tasks: tuple[str, ...]
    """Finished swaps of the same inputs, which are still there."""
    unstored_inputs: int
    """Inputs that came from URLs: they are elsewhere."""
    credits_released: int
    created_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProtectedPerson(Model):
    """An entry of the register."""

    id: str
    name: str
    applies_to: Literal["donor", "scene", "either"]
    reason: str
    origin: str
    faces: int
    """Photos that it was made of."""
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProtectedPersonMade(ProtectedPerson):
    """A new entry, and what is not ideal about its photos."""

    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AuditLine(Model):
    """Something that happened."""

    at: datetime
    actor: str
    """A key of yours, by its id; or `worker`, `sweep`, `link` (whoever holds a link),
    `operator`, `service`."""
    action: str
    """What happened."""
    subject: str
    """To what, by its id."""
    detail: Mapping[str, Any]
    hash: str | None = None
    """The line's hash in the log's chain; null for lines from before it. Whoever notes it can
    have the operator show that the line is still as it was."""

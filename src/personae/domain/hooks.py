"""Telling clients: endpoints, events, and the deliveries that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

DeliveryStatus = Literal["pending", "delivered", "failed", "canceled"]
EVENT_TYPES: tuple[str, ...] = (
    "task.succeeded",
    "task.failed",
    "task.canceled",
    "task.taken_down",
    "asset.expired",
    "asset.taken_down",
    "face.taken_down",
)
RETRY_DELAYS_S: tuple[int, ...] = (5, 30, 120, 600, 1800, 7200, 21600, 43200)
"""Waits between attempts: nine attempts in about 21 hours."""
SECRET_OVERLAP_S = 24 * 3600.0
"""How long events are also signed with the secret that a new one has replaced."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a tenant's events go; ``hook_…``. `events` empty means all. Secret: ``whsec_…``.

    Attributes
    ----------
    previous_secret, rotated_at : str, float, optional
        What `secret` replaced, and when.
    """

    id: str
    tenant_id: str
    url: str
    secret: str
    events: tuple[str, ...]
    enabled: bool
    created_at: float
    previous_secret: str | None = None
    rotated_at: float | None = None

    def secrets(self, now: float) -> tuple[str, ...]:
        """What events are signed with now: the secret, and for a while the one before it."""
        old, since = self.previous_secret, self.rotated_at
        if old is None or since is None or now >= since + SECRET_OVERLAP_S:
            return (self.secret,)
        return (self.secret, old)

    def __repr__(self) -> str:
        return f"Endpoint({self.id}, secret hidden)"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one URL; ``dlv_…``.

    Attributes
    ----------
    event_id : str, ``evt_…``
        The same in every attempt and redelivery, for receivers to notice repeats by.
    scheme : "standard" or a dialect's name
        Who signs and how.
    secret : str
        What a callback that came with a task is signed with, if anything. Empty for an endpoint,
        whose own is looked up whenever something is sent.
    """

    id: str
    tenant_id: str
    endpoint_id: str | None
    task_id: str | None
    event_id: str
    event_type: str
    url: str
    scheme: str
    secret: str
    body: dict[str, Any]
    headers: dict[str, str]
    status: DeliveryStatus
    attempts: int
    last_status: int | None
    last_error: str | None
    next_attempt_at: float | None
    created_at: float
    delivered_at: float | None = None

    def __repr__(self) -> str:
        return f"Delivery({self.id}, {self.event_type}, {self.status})"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST of a delivery."""

    delivery_id: str
    number: int
    at: float
    status: int | None
    error: str | None
    took_s: float

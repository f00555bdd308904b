"""What is said of an account, its keys, its books and what it asserted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from personae_client.models.base import Model


@dataclass(frozen=True, kw_only=True)
class Balance(Model):
    """Whole credits."""

    available: int
    """Free to be spent."""
    held: int
    """Reserved for tasks that are not finished."""
    spent: int
    granted: int
    """Everything that was ever put in."""


@dataclass(frozen=True, kw_only=True)
class KeepTimes(Model):
    """How long each kind of thing is kept, in seconds."""

    uploads: float
    """From when they came last."""
    imports: float
    outputs: float
    previews: float
    stills: float
    """Never longer than outputs."""
    crops: float
    detections: float
    """What was found of people; never longer than the scene."""
    faces: float | None = None
    """Saved donors, from when they were saved; null until they are deleted."""


@dataclass(frozen=True, kw_only=True)
class Account(Model):
    """Whose key this is, and what there is to spend."""

    id: str
    name: str
    balance: Balance
    retention: KeepTimes
    """How long things are kept."""
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Retention(Model):
    """What holds for you, and the most that the operator allows."""

    in_force: KeepTimes
    longest: KeepTimes


@dataclass(frozen=True, kw_only=True)
class LedgerEntry(Model):
    """One side of a transfer between two accounts; both sides sum to 0."""

    id: int
    kind: Literal["grant", "hold", "settle", "release", "adjust"]
    account: Literal["granted", "available", "held", "spent"]
    amount: int
    task_id: str | None = None
    note: str | None = None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class UsageRow(Model):
    """What one kind of task came to on one day."""

    day: str
    kind: str
    tasks: int
    credits: int


@dataclass(frozen=True, kw_only=True)
class Usage(Model):
    """Credits spent, by day and kind."""

    since: datetime
    until: datetime
    utc_offset_minutes: int
    """Where days begin."""
    items: tuple[UsageRow, ...]


@dataclass(frozen=True, kw_only=True)
class Key(Model):
    """An API key, without its secret."""

    id: str
    name: str
    prefix: str
    """How its secret begins."""
    scopes: tuple[str, ...]
    client_id: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """To the minute, and a little late; null if it never was."""


@dataclass(frozen=True, kw_only=True)
class ServiceFacts(Model):
    """What whoever uses the service has to know of it before anything else."""

    version: str
    consent: Literal["required", "terms", "off"]
    """Whether swaps have to say that the people shown agree."""
    maintenance: bool
    disabled: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CurrentKey(Key):
    """The key in use, whose it is, and what it opens."""

    tenant_id: str
    tenant_name: str
    operator: bool
    """Whether it opens the calls of operators, and those alone."""
    service: ServiceFacts


@dataclass(frozen=True, kw_only=True)
class KeyMade(Key):
    """A new key with its secrets, which are shown this once."""

    key: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class StandingConsent(Model):
    """What the account has said, and whether that still holds."""

    statement: str
    asserted_by: str
    evidence: str | None = None
    asserted_at: datetime
    via: str
    """The key that it came with, or `operator`."""
    until: datetime | None = None
    holds: bool


@dataclass(frozen=True, kw_only=True)
class ConsentRecord(Model):
    """Who asserted consent for a task, how and when."""

    task_id: str
    kind: str
    dialect: str
    status: str
    created_at: datetime
    how: Literal["request", "standing", "terms", "off"]
    """By the request itself, by what the account said once, by the terms it works under, or not
    at all, where the operator has switched this off."""
    asserted_by: str | None = None
    asserted_at: datetime | None = None
    """When it was said; under terms, when the key was made."""
    statement: str | None = None
    subjects: tuple[str, ...]
    evidence: str | None = None
    terms_version: str | None = None
    key_id: str | None = None
    retry_of: str | None = None
    """The task whose assertion this one repeats."""
    faces: Mapping[str, Any]
    """Of the saved faces that it used, what was recorded when they were saved."""
    sha256: str
    """Of the whole record; the audit log keeps it for good."""

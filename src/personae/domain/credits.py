"""Credits: a double-entry ledger in four accounts a tenant.

    granted ──grant──► available ──hold──► held ──settle──► spent
                           ▲                 │
                           └─────release─────┘

Every transfer writes two entries that sum to 0 under one unique key. A task's settle and release
share a key, so that only one of them can ever be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Account = Literal["granted", "available", "held", "spent"]
TransferKind = Literal["grant", "hold", "settle", "release", "adjust"]


def hold_key(task_id: str, step: int = 0) -> str:
    """The key of a task's hold; `step` counts later enlargements."""
    return f"hold:{task_id}:{step}"


def close_key(task_id: str) -> str:
    """The key that settling and releasing a task's hold share."""
    return f"close:{task_id}"


def counted(credits: int) -> str:
    """A number of credits in words, for messages."""
    return f"{credits} credit" if credits == 1 else f"{credits} credits"


@dataclass(frozen=True, slots=True)
class Balance:
    """A tenant's accounts, in whole credits; `available` is never below 0."""

    available: int
    held: int
    spent: int
    granted: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One side of a transfer."""

    id: int
    tenant_id: str
    key: str
    kind: TransferKind
    account: Account
    amount: int
    task_id: str | None
    note: str | None
    created_at: float

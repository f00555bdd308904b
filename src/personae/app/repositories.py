"""What the service needs of its database's tables, one protocol each.

All of them are reached through a `personae.app.ports.Transaction`. Every method that takes a
tenant's name sees that tenant's rows only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from personae.domain.audit_chain import Head, Line
from personae.domain.audit_check import Broken
from personae.domain.credits import Balance, LedgerEntry, TransferKind
from personae.domain.hooks import Attempt, Delivery, Endpoint
from personae.domain.media import Asset, SavedFace
from personae.domain.pages import Page
from personae.domain.register import ProtectedFace, ProtectedPerson
from personae.domain.retention import Retention
from personae.domain.takedowns import Takedown
from personae.domain.tasks import Task, TaskError, TaskKind, TaskProgress, TaskStatus
from personae.domain.tenants import ApiKey, Tenant


class Tenants(Protocol):
    """Tenants and their keys."""

    def insert(self, tenant: Tenant) -> None: ...
    def get(self, tenant_id: str) -> Tenant | None: ...
    def by_name(self, name: str) -> Tenant | None: ...
    def all(self) -> list[Tenant]: ...
    def suspend(self, tenant_id: str, at: float | None) -> bool: ...
    def configure(self, tenant_id: str, name: str, value: Any) -> bool:
        """Write one of a tenant's settings, or with None remove it; False if there is no tenant."""
        ...

    def insert_key(self, key: ApiKey, key_hash: str, client_secret_hash: str) -> None: ...
    def key_by_hash(self, key_hash: str) -> ApiKey | None: ...
    def key_by_client(self, client_id: str, client_secret_hash: str) -> ApiKey | None: ...
    def keys(self, tenant_id: str) -> list[ApiKey]: ...
    def revoke_key(self, tenant_id: str, key_id: str, at: float) -> bool: ...
    def note_uses(self, used: Mapping[str, float]) -> None:
        """Write when keys were last used, by name; never back to an earlier time."""
        ...

    def never_used(self, key_ids: Collection[str]) -> list[ApiKey]:
        """Those of some keys of which no use was ever written."""
        ...


class Credits(Protocol):
    """The double-entry ledger; see `personae.domain.credits`."""

    def transfer(
        self,
        tenant_id: str,
        kind: TransferKind,
        amount: int,
        key: str,
        *,
        task_id: str | None = None,
        note: str | None = None,
        at: float,
    ) -> bool:
        """Move `amount` credits; False, and nothing moves, if `key` has been used.

        Raises
        ------
        InsufficientCredits
            If `available` (or, for settle and release, `held`) would fall below 0.
        """
        ...

    def balance(self, tenant_id: str) -> Balance: ...
    def entries(self, tenant_id: str, *, after: str | None, limit: int) -> Page[LedgerEntry]: ...
    def usage(self, tenant_id: str, since: float, until: float) -> list[dict[str, Any]]:
        """Credits spent and tasks done by day (UTC) and kind."""
        ...

    def audit(self) -> list[str]:
        """What is wrong with the books, one sentence each; empty when they balance."""
        ...


class Assets(Protocol):
    """Stored files."""

    def insert(self, asset: Asset) -> None: ...
    def get(self, tenant_id: str | None, asset_id: str) -> Asset | None:
        """A tenant's asset; `tenant_id` None only for who holds a link to it."""
        ...

    def by_sha256(self, tenant_id: str, sha256: str) -> Asset | None:
        """A ready asset of the tenant with these bytes."""
        ...

    def update(self, asset: Asset) -> None:
        """Write everything but the owner and the name."""
        ...

    def keep(
        self, tenant_id: str, asset_id: str, until: float, *, renewed_at: float | None = None
    ) -> bool:
        """Make a ready asset last at least `until`; False if it is ready no more.

        Nobody else can change it until the transaction ends. `renewed_at`: from when its time is
        counted from now on.
        """
        ...

    def shorten(
        self, retention: Retention, *, only: str | None = None, but: Sequence[str] = ()
    ) -> int:
        """Let files, and the tasks that made them, end when `retention` says, if that is sooner.

        Those of one tenant or of all `but` some; how many files. Files without an end are left.
        """
        ...

    def remove(
        self, tenant_id: str, asset_id: str, at: float, *, expired_by: float | None = None
    ) -> bool:
        """To deleted; False, and nothing changes, if it is already, or has not expired by then."""
        ...

    def page(
        self, tenant_id: str, *, role: str | None, after: str | None, limit: int
    ) -> Page[Asset]: ...
    def expired(self, now: float, limit: int) -> list[Asset]: ...
    def of_task(self, task_id: str) -> list[Asset]: ...
    def made(self, sha256: str, roles: Sequence[str]) -> list[Asset]:
        """Assets of all tenants with these bytes and one of these roles, deleted ones too."""
        ...

    def with_bytes(self, tenant_id: str | None, sha256s: Sequence[str]) -> list[Asset]:
        """Ready assets with any of these bytes, of a tenant or, without one, of everybody."""
        ...

    def at_keys(self, blob_keys: Sequence[str]) -> list[Asset]:
        """Assets whose bytes lie or lay at any of these keys, deleted ones among them."""
        ...

    def blob_in_use(self, blob_key: str) -> bool:
        """Whether any asset that is not deleted still needs these bytes."""
        ...


class Faces(Protocol):
    """Saved donors."""

    def insert(self, face: SavedFace) -> None: ...
    def get(self, tenant_id: str | None, face_id: str) -> SavedFace | None:
        """A saved face; `tenant_id` None only for operators."""
        ...

    def by_dialect_id(self, tenant_id: str, dialect: str, dialect_id: str) -> SavedFace | None: ...
    def by_source_url(self, tenant_id: str, dialect: str, url: str) -> SavedFace | None:
        """The newest one that was saved from there."""
        ...

    def page(
        self, tenant_id: str, *, dialect: str | None = None, after: str | None, limit: int
    ) -> Page[SavedFace]: ...
    def delete(self, tenant_id: str, face_id: str, at: float) -> bool: ...
    def saved_before(
        self, at: float, limit: int, *, only: str | None = None, but: Sequence[str] = ()
    ) -> list[SavedFace]:
        """Faces that were saved before a time, of one tenant or of all `but` some."""
        ...


class Tasks(Protocol):
    """Tasks, moved along by conditional updates."""

    def insert(self, task: Task) -> None: ...
    def get(self, tenant_id: str | None, task_id: str) -> Task | None:
        """A task that is not deleted; `tenant_id` None only for workers and admins."""
        ...

    def marked(self, mark: int) -> Task | None:
        """The newest task of any tenant whose outputs carry this mark, deleted or not."""
        ...

    def by_dialect_id(self, tenant_id: str, dialect: str, dialect_id: str) -> Task | None: ...
    def page(
        self,
        tenant_id: str,
        *,
        kinds: Sequence[TaskKind],
        statuses: Sequence[TaskStatus] = (),
        dialect: str | None = None,
        after: str | None,
        limit: int,
    ) -> Page[Task]: ...
    def numbered(
        self,
        tenant_id: str,
        *,
        kinds: Sequence[TaskKind],
        dialect: str,
        offset: int,
        limit: int,
    ) -> tuple[list[Task], int]:
        """A dialect's tasks, newest first, without the `offset` newest; and how many there are.

        For clients that count pages: tasks that are added between two pages move them. A task that
        has no name in the dialect is not among them.
        """
        ...

    def consents(
        self, tenant_id: str, *, since: float | None = None, after: str | None, limit: int
    ) -> Page[Task]:
        """Tasks with a record of consent, deleted ones too, newest first."""
        ...

    def count(self, tenant_id: str, *, statuses: Sequence[TaskStatus]) -> int: ...
    def start(self, task_id: str, at: float) -> bool:
        """queued or running (again, after a crash) to running; False if it is final."""
        ...

    def finish(
        self,
        task_id: str,
        status: TaskStatus,
        *,
        result: dict[str, Any] | None = None,
        error: TaskError | None = None,
        credits_charged: int = 0,
        expires_at: float | None = None,
        at: float,
    ) -> bool:
        """To a final status; False, and nothing changes, if it is final already."""
        ...

    def set_progress(self, task_id: str, progress: TaskProgress) -> bool:
        """Write the progress of a running task; False if it runs no longer."""
        ...

    def set_held(self, task_id: str, credits_held: int) -> None: ...
    def delete(self, tenant_id: str, task_id: str, at: float) -> bool:
        """Hide a final task and forget its result; False if there is none."""
        ...

    def forget_request(self, task_id: str) -> None:
        """Forget what a task asked for, its label and its callback: they may lead to a person."""
        ...

    def by_mark(self, mark: int) -> list[Task]:
        """The tasks of all tenants whose outputs carry this mark."""
        ...

    def detections_of(self, tenant_id: str, asset_id: str) -> list[Task]:
        """A tenant's searches for people in a stored scene that are not deleted."""
        ...

    def naming(self, tenant_id: str, words: Sequence[str]) -> list[Task]:
        """A tenant's tasks in whose request one of these ids or URLs is written, oldest first.

        Slow: it reads all of the tenant's requests.
        """
        ...

    def unfinished(
        self, older_than: float, *, after: str | None = None, limit: int
    ) -> Page[Task]: ...
    def expired(self, now: float, limit: int) -> list[Task]: ...
    def purge(self, finished_before: float, limit: int) -> int:
        """Remove final tasks of which no file is left, with their deliveries; how many.

        What they cost and how many they were stays in the ledger and in `Credits.usage`.
        """
        ...

    def counts_by_status(self) -> dict[tuple[str, str], int]:
        """How many by kind and status, over all tenants; for metrics."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What an idempotency key stood for when it was first used."""

    request_hash: str
    resource_id: str


class Idempotency(Protocol):
    """Keys that clients send so that a repeated request is done once."""

    def find(self, tenant_id: str, key: str) -> Seen | None: ...
    def remember(
        self, tenant_id: str, key: str, request_hash: str, resource_id: str, at: float
    ) -> None: ...
    def forget_before(self, at: float) -> int: ...


class Hooks(Protocol):
    """Webhook endpoints and deliveries."""

    def insert_endpoint(self, endpoint: Endpoint) -> None: ...
    def endpoint(self, tenant_id: str, endpoint_id: str) -> Endpoint | None: ...
    def endpoints(self, tenant_id: str) -> list[Endpoint]: ...
    def update_endpoint(self, endpoint: Endpoint) -> None: ...
    def delete_endpoint(self, tenant_id: str, endpoint_id: str) -> bool: ...
    def insert_delivery(self, delivery: Delivery) -> None: ...
    def delivery(self, tenant_id: str | None, delivery_id: str) -> Delivery | None: ...
    def deliveries(
        self, tenant_id: str, *, endpoint_id: str | None, after: str | None, limit: int
    ) -> Page[Delivery]: ...
    def note_attempt(self, attempt: Attempt, delivery: Delivery) -> None:
        """Write one attempt and the delivery's new state together."""
        ...

    def attempts(self, delivery_id: str) -> list[Attempt]: ...
    def purge(self, made_before: float, limit: int) -> int:
        """Remove deliveries that are under way no longer, with their attempts; how many."""
        ...


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines of the audit log are wanted.

    Attributes
    ----------
    actor, subject : str, optional
    action : str, optional
        One action, or all of a group: ``key.*``.
    since, until : float, optional, seconds since 1970, UTC
        From `since` up to, not including, `until`.
    """

    actor: str | None = None
    subject: str | None = None
    action: str | None = None
    since: float | None = None
    until: float | None = None


class Audit(Protocol):
    """An append-only log of who did what; `personae.app.audit` writes it."""

    def write(
        self,
        *,
        tenant_id: str | None,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, Any],
        at: float,
    ) -> None:
        """Add a line at the end of the transaction."""
        ...

    def page(
        self,
        tenant_id: str | None,
        *,
        wanted: AuditFilter | None = None,
        after: str | None,
        limit: int,
    ) -> Page[dict[str, Any]]: ...
    def head(self) -> Head | None: ...
    def outside(self) -> int:
        """How many lines have no place in the chain."""
        ...

    def lines(self, since: float | None = None) -> Iterator[Line | Broken]:
        """The chain, line by line, never all of it in memory."""
        ...


class Takedowns(Protocol):
    """What was taken down, and files that nobody may use again."""

    def insert(self, takedown: Takedown) -> None: ...
    def get(self, tenant_id: str | None, takedown_id: str) -> Takedown | None:
        """A takedown; `tenant_id` None only for operators."""
        ...

    def update(self, takedown: Takedown) -> None:
        """Write its state, its detail and when it was finished."""
        ...

    def page(self, tenant_id: str | None, *, after: str | None, limit: int) -> Page[Takedown]: ...
    def unfinished(self, limit: int) -> list[Takedown]:
        """Those of all tenants that are not done, oldest first."""
        ...

    def naming(self, tenant_id: str | None, words: Sequence[str]) -> Takedown | None:
        """The newest one that was asked for, or has removed something, by one of these names."""
        ...

    def block(self, sha256: str, reason: str, takedown_id: str | None, at: float) -> bool:
        """Let nobody use these bytes; False if that was so already."""
        ...

    def unblock(self, sha256: str) -> bool: ...
    def is_blocked(self, sha256: str) -> bool: ...


class Register(Protocol):
    """People who may not be swapped; `tenant_id` None stands for the whole service's entries."""

    def insert(self, person: ProtectedPerson, embeddings: Sequence[bytes]) -> None:
        """Write an entry and its embeddings, `personae.domain.register.EMBEDDING` each."""
        ...

    def get(self, person_id: str) -> ProtectedPerson | None:
        """An entry of anybody's, also if it was removed or has expired: the caller judges."""
        ...

    def page(
        self,
        *,
        tenant_id: str | None,
        everybody: bool = False,
        words: str = "",
        after: str | None,
        limit: int,
    ) -> Page[ProtectedPerson]:
        """Entries in force, newest first.

        `everybody` lists tenants' own as well; `words` stand in the name, reason or origin.
        """
        ...

    def remove(self, person_id: str, at: float) -> bool:
        """Delete an entry's embeddings and name; False if that was done before."""
        ...

    def expired(self, now: float, limit: int) -> list[ProtectedPerson]:
        """Entries whose time has come and that were not removed yet."""
        ...

    def purge(self, removed_before: float, limit: int) -> int:
        """Forget that there were entries; how many."""
        ...

    def version(self) -> int:
        """Counts every change of who is protected; 0 if there was none."""
        ...

    def next_expiry(self, now: float) -> float | None: ...
    def faces(self, now: float, *, after: int, limit: int) -> list[ProtectedFace]:
        """Faces in force with higher numbers than `after`, in order."""
        ...

    def tally(self, now: float, through: int) -> tuple[int, int]:
        """How many faces in force have numbers up to this one, and the sum of those numbers."""
        ...

    def embeddings(self, person_id: str) -> list[bytes]: ...


class Queue(Protocol):
    """Durable work, put in the queue by the same transaction that writes its row."""

    def put_task(self, task: Task) -> None:
        """Enqueue the workflow named like the task."""
        ...

    def put_delivery(self, delivery: Delivery, delay_s: float) -> None:
        """Enqueue the next attempt of a delivery."""
        ...

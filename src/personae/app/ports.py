"""What the service needs of the world; `personae.adapters` fills these in.

Business rules run inside a `Transaction`: everything read and written there happens at once or
not at all. Every method that takes a tenant's name sees that tenant's rows only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from personae.domain.credits import Balance, LedgerEntry, TransferKind
from personae.domain.hooks import Attempt, Delivery, Endpoint
from personae.domain.media import Asset, SavedFace
from personae.domain.pages import Page
from personae.domain.tasks import Task, TaskError, TaskKind, TaskProgress, TaskStatus
from personae.domain.tenants import ApiKey, Tenant

T = TypeVar("T")


class Clock(Protocol):
    """Seconds since 1970, UTC."""

    def __call__(self) -> float: ...


class Tenants(Protocol):
    """Tenants and their keys."""

    def insert(self, tenant: Tenant) -> None: ...
    def get(self, tenant_id: str) -> Tenant | None: ...
    def by_name(self, name: str) -> Tenant | None: ...
    def all(self) -> list[Tenant]: ...
    def suspend(self, tenant_id: str, at: float | None) -> bool: ...
    def insert_key(self, key: ApiKey, key_hash: str, client_secret_hash: str) -> None: ...
    def key_by_hash(self, key_hash: str) -> ApiKey | None: ...
    def key_by_client(self, client_id: str, client_secret_hash: str) -> ApiKey | None: ...
    def keys(self, tenant_id: str) -> list[ApiKey]: ...
    def revoke_key(self, tenant_id: str, key_id: str, at: float) -> bool: ...
    def note_uses(self, used: Mapping[str, float]) -> None:
        """Write when keys were last used, by name; never back to an earlier time."""
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

    def keep(self, tenant_id: str, asset_id: str, until: float) -> bool:
        """Make a ready asset last at least `until`; False if it is ready no more.

        Nobody else can change it until the transaction ends.
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
    def blob_in_use(self, blob_key: str) -> bool:
        """Whether any asset that is not deleted still needs these bytes."""
        ...


class Faces(Protocol):
    """Saved donors."""

    def insert(self, face: SavedFace) -> None: ...
    def get(self, tenant_id: str, face_id: str) -> SavedFace | None: ...
    def by_dialect_id(self, tenant_id: str, dialect: str, dialect_id: str) -> SavedFace | None: ...
    def by_source_url(self, tenant_id: str, dialect: str, url: str) -> SavedFace | None:
        """The newest one that was saved from there."""
        ...

    def page(
        self, tenant_id: str, *, dialect: str | None = None, after: str | None, limit: int
    ) -> Page[SavedFace]: ...
    def delete(self, tenant_id: str, face_id: str, at: float) -> bool: ...


class Tasks(Protocol):
    """Tasks, moved along by conditional updates."""

    def insert(self, task: Task) -> None: ...
    def get(self, tenant_id: str | None, task_id: str) -> Task | None:
        """A task that is not deleted; `tenant_id` None only for workers and admins."""
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


class Audit(Protocol):
    """An append-only log of who did what."""

    def write(
        self,
        *,
        tenant_id: str | None,
        actor: str,
        action: str,
        subject: str,
        detail: Mapping[str, Any],
        at: float,
    ) -> None: ...
    def page(
        self, tenant_id: str | None, *, after: str | None, limit: int
    ) -> Page[dict[str, Any]]: ...


class Queue(Protocol):
    """Durable work, put in the queue by the same transaction that writes its row."""

    def put_task(self, task: Task) -> None:
        """Enqueue the workflow named like the task."""
        ...

    def put_delivery(self, delivery: Delivery, delay_s: float) -> None:
        """Enqueue the next attempt of a delivery."""
        ...


class Transaction(Protocol):
    """One unit of work over all tables."""

    @property
    def tenants(self) -> Tenants: ...
    @property
    def credits(self) -> Credits: ...
    @property
    def assets(self) -> Assets: ...
    @property
    def faces(self) -> Faces: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def idempotency(self) -> Idempotency: ...
    @property
    def hooks(self) -> Hooks: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def queue(self) -> Queue: ...


class Database(Protocol):
    """Where the rows live. The plain methods block; the ``a`` ones are for the event loop."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction, committed when it returns, undone when it raises.

        `work` may run more than once (on a serialization failure), so it must have no effects of
        its own.
        """
        ...

    def read(self, work: Callable[[Transaction], T]) -> T: ...
    async def awrite(self, work: Callable[[Transaction], T]) -> T:
        """As `write`; writes that wait at the same moment may share one commit."""
        ...

    async def aread(self, work: Callable[[Transaction], T]) -> T: ...
    async def ready(self) -> bool:
        """Whether the database answers and its schema is current."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What was written: size and SHA-256 (64 lower-case hex digits)."""

    size_bytes: int
    sha256: str


class Blobs(Protocol):
    """Bytes by key; local disk, S3, GCS or Azure."""

    async def put_stream(
        self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int, content_type: str
    ) -> StoredBlob:
        """Write a blob as it arrives; nothing is left when it fails or is too large.

        Raises
        ------
        MediaTooLarge, Unavailable
        """
        ...

    def put_file(self, key: str, path: Path, content_type: str) -> StoredBlob: ...
    def get_file(self, key: str, path: Path) -> StoredBlob:
        """Copy a blob into a new local file.

        Raises
        ------
        NotFound
        """
        ...

    def put_bytes(self, key: str, data: bytes, content_type: str) -> StoredBlob: ...
    def get_bytes(self, key: str) -> bytes: ...
    async def stream(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`."""
        ...

    def size(self, key: str) -> int | None:
        """Bytes, or None when there is no such blob."""
        ...

    def delete(self, keys: Sequence[str]) -> None: ...
    def list_keys(self, prefix: str, older_than: float) -> list[str]: ...
    def upload_url(self, key: str, *, content_type: str, size_limit: int, ttl_s: int) -> str:
        """Where a client may PUT the bytes without a key of ours.

        The PUT has to declare `content_type`, unless that is empty.
        """
        ...

    def upload_headers(self, content_type: str) -> dict[str, str]:
        """What that PUT has to carry."""
        ...

    def download_url(self, key: str, *, filename: str, content_type: str, ttl_s: int) -> str:
        """Where anybody who holds the URL may GET the bytes for a while; absolute."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook's receiver said."""

    status: int
    took_s: float


class Fetcher(Protocol):
    """The one way out: http(s) to public addresses only; see `docs/decisions/0009`."""

    def check(self, url: str) -> None:
        """Refuse what can be refused by looking at the URL alone.

        Raises
        ------
        InvalidRequest, AddressRefused
        """
        ...

    async def fetch_into(self, url: str, path: Path, *, limit_bytes: int, timeout_s: float) -> int:
        """Download into a new file; how many bytes it was.

        Raises
        ------
        AddressRefused, MediaUnreachable, MediaTooLarge
        """
        ...

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float
    ) -> Answer:
        """POST, following no redirect and keeping nothing of the answer's body.

        Raises
        ------
        AddressRefused, MediaUnreachable
        """
        ...


class MediaHost(Protocol):
    """Child processes that look at pixels, under limits; see `personae.media_child`."""

    def run(
        self,
        job: Mapping[str, Any],
        *,
        timeout_s: float,
        stall_s: float = 60.0,
        should_stop: Callable[[], bool] | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        """Run one job in a child; its answer.

        Raises
        ------
        PersonaeError
            Whatever the child raised, rebuilt from its code.
        TaskFailed
            If the child died, said nothing for `stall_s` or ran longer than `timeout_s`.
        Canceled
            Within a second after `should_stop` says so.
        """
        ...

    def close(self) -> None: ...

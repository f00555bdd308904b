"""What the service needs of the world; `personae.adapters` fills these in.

Business rules run inside a `Transaction`: everything read and written there happens at once or
not at all. Every method that takes a tenant's name sees that tenant's rows only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from personae.app.repositories.accounts import Credits, Idempotency, Seen, Tenants
from personae.app.repositories.files import Assets, Faces
from personae.app.repositories.safety import Audit, Register, Takedowns
from personae.app.repositories.work import Hooks, Queue, Tasks
from personae.domain.workload import Executor, Workload

__all__ = [
    "Answer",
    "Assets",
    "Audit",
    "Blobs",
    "Clock",
    "Credits",
    "Database",
    "Faces",
    "Fetcher",
    "Hooks",
    "Idempotency",
    "MediaHost",
    "Queue",
    "Register",
    "Seen",
    "StoredBlob",
    "Takedowns",
    "Tasks",
    "Tenants",
    "Transaction",
    "WorkloadView",
]

T = TypeVar("T")


class Clock(Protocol):
    """Seconds since 1970, UTC."""

    def __call__(self) -> float: ...


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
    def takedowns(self) -> Takedowns: ...
    @property
    def register(self) -> Register: ...
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


class WorkloadView(Protocol):
    """Looks at queues and workers from outside; both calls block, for some milliseconds."""

    def queues(self) -> Workload:
        """What is in each queue, and what left it in the last minutes."""
        ...

    def workers(self) -> list[Executor]:
        """Every worker that is known, and what it has in hand."""
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

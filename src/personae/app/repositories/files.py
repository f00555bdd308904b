"""What tenants keep: stored files and saved donors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from personae.domain.media import Asset, SavedFace
from personae.domain.pages import Page
from personae.domain.retention import Retention


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

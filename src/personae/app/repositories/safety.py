"""What protects people: the audit log, takedowns and the do-not-swap register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from personae.domain.audit_chain import Head, Line
from personae.domain.audit_check import Broken
from personae.domain.pages import Page
from personae.domain.register import ProtectedFace, ProtectedPerson
from personae.domain.takedowns import Takedown


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

"""A register with a database of its own, for tests of whom a media host refuses."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from database_samples import NOW
from personae.adapters.database import RecordingQueue, database_from_url
from personae.app import register_entries
from personae.app.ports import MediaHost
from personae.app.register import RegisterService
from personae.app.register_entries import Entry
from personae.app.register_snapshots import RegisterSnapshots
from personae.domain.register import AppliesTo


class RegisterLab:
    """Adds people by their photos, and lends what jobs are told of them."""

    def __init__(self, folder: Path, host: MediaHost) -> None:
        self.now = NOW
        self.database = database_from_url(
            f"sqlite:///{folder / 'register.db'}", queue_factory=RecordingQueue().factory
        )
        self.database.migrate()
        self.snapshots = RegisterSnapshots(self.database, self.clock, folder / "snapshots")
        self.service = RegisterService(
            self.database, host, self.clock, self.snapshots, folder / "photos"
        )

    def clock(self) -> float:
        return self.now

    def add(self, photo: Path, applies_to: AppliesTo = "either", **more: Any) -> str:
        """The id of a new entry."""
        entry = Entry(applies_to=applies_to, reason="asked", origin="opt-out")
        person, _ = self.service.add(entry, [photo], added_by="test", **more)
        return person.id

    def remove(self, person_id: str) -> None:
        self.database.write(
            lambda tx: register_entries.remove(tx, person_id, None, now=self.now, everybody=True)
        )

    @contextmanager
    def job(self, job: dict[str, Any], tenant_id: str = "tenant_a") -> Generator[dict[str, Any]]:
        """A job that knows who is protected."""
        with self.snapshots.lent(tenant_id) as lent:
            yield {**job, "register": lent}

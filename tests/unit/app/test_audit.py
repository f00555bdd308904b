"""Every function that writes a line writes one of the known actions, with known details."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from database_samples import NOW, api_key, asset, face, task
from personae.adapters.database import RecordingQueue, SqlDatabase, database_from_url
from personae.app import audit
from personae.app.ports import Transaction
from personae.domain.audit import ACTIONS

NOT_LINES = {"acting", "set_actor", "current_actor", "note"}
WRITTEN_ELSEWHERE = {"audit.begin", "audit.lost", "asset.put", "asset.download"}
"""By the chain itself and by `personae.app.accesses`."""
VALUES: dict[str, Any] = {
    "tenant_id": "tenant_1",
    "now": NOW,
    "key": "grant:1",
    "amount": 5,
    "suspended": True,
    "names": ["b", "a"],
    "reason": "nsfw",
    "role": "scene",
    "facts": {"score": 0.987654321, "n": 3},
    "checks": ["nsfw"],
    "mode": "standing",
    "records": 3,
    "code": "media_unreadable",
    "events": ["task.succeeded"],
    "applies_to": "either",
    "removed": {"assets": 2},
    "actor": "worker",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqlDatabase]:
    made = database_from_url(
        f"sqlite:///{tmp_path / 'a.db'}", queue_factory=RecordingQueue().factory
    )
    made.migrate()
    yield made
    made.close()


def functions() -> dict[str, Any]:
    return {
        name: one
        for name, one in vars(audit).items()
        if inspect.isfunction(one) and one.__module__.startswith(audit.__name__) and name[0] != "_"
    }


def call(tx: Transaction, name: str) -> None:
    things = {
        "task": replace(task("tenant_1"), status="failed"),
        "asset": asset("tenant_1"),
        "face": face("tenant_1"),
    }
    if name == "key_issued":
        things["key"] = api_key("tenant_1")
    given = {"tx": tx, **VALUES, **things}
    parameters = inspect.signature(functions()[name]).parameters
    functions()[name](**{one: given.get(one, f"{one}_1") for one in parameters})


def lines(database: SqlDatabase) -> list[dict[str, Any]]:
    page = database.read(lambda tx: tx.audit.page(None, after=None, limit=100))
    return [one for one in page.items if one["action"] != "audit.begin"]


@pytest.mark.parametrize("name", sorted(functions().keys() - NOT_LINES))
def test_a_function_writes_one_known_line(database: SqlDatabase, name: str) -> None:
    with audit.acting("key_9"):
        database.write(lambda tx: call(tx, name))
    [line] = lines(database)
    known = ACTIONS[line["action"]]
    assert line["detail"].keys() <= {*known.told, *known.kept}
    assert line["subject"]
    assert line["actor"]


def test_every_action_has_a_function(database: SqlDatabase) -> None:
    def everything(tx: Transaction) -> None:
        for name in functions().keys() - NOT_LINES:
            call(tx, name)
        audit.credits_granted(tx, "tenant_1", -1, "k", NOW)
        audit.task_ended(tx, replace(task("tenant_1"), status="canceled"), NOW)

    database.write(everything)
    assert {one["action"] for one in lines(database)} == ACTIONS.keys() - WRITTEN_ELSEWHERE


def test_fractions_become_text_and_nothing_is_left_out(database: SqlDatabase) -> None:
    database.write(lambda tx: call(tx, "policy_refused"))
    [line] = lines(database)
    assert line["detail"]["facts"] == {"score": "0.987654", "n": 3}


def test_details_that_nobody_knows_are_refused(database: SqlDatabase) -> None:
    with pytest.raises(ValueError, match="colour"):
        database.write(
            lambda tx: audit.note(tx, "key.revoke", "k", NOW, tenant_id=None, colour="red")
        )


def test_who_acts_is_known_from_outside(database: SqlDatabase) -> None:
    with audit.acting("operator"):
        database.write(lambda tx: audit.tenant_created(tx, "tenant_1", NOW))
        with audit.acting("key_1"):
            database.write(lambda tx: audit.tenant_created(tx, "tenant_2", NOW))
    database.write(lambda tx: audit.tenant_created(tx, "tenant_3", NOW))
    assert [one["actor"] for one in lines(database)] == ["service", "key_1", "operator"]

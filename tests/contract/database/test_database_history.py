"""Searching a history, and what operators read of tenants: the same answers from each database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from database_samples import NOW, add_tenant, task, tenant
from personae.adapters.database import SqlDatabase
from personae.adapters.database.tables import tasks
from personae.app.repositories.work import TaskFilter
from personae.domain.credits import Balance
from personae.domain.ids import new_id
from personae.domain.tenants import OPERATOR

MESH: dict[str, Any] = {"media": "image"}
NEURAL: dict[str, Any] = {"media": "image", "setup": {"engine": "inswapper_128"}}


def add(database: SqlDatabase, owner: str, n: int, **changes: Any) -> str:
    made = task(owner, id=new_id("task", NOW + n), created_at=NOW + n, request=MESH, label=None)
    made = replace(made, **changes)
    database.write(lambda tx: tx.tasks.insert(made))
    return made.id


def found(database: SqlDatabase, owner: str | None, **wanted: Any) -> list[str]:
    page = database.read(
        lambda tx: tx.tasks.search(owner, TaskFilter(**wanted), after=None, limit=50)
    )
    return [one.id for one in page.items]


def test_every_filter_is_kept(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    plain = add(database, owner, 0, label="ÜBUNG one", scene_name="Strand_50%.PNG")
    neural = add(database, owner, 1, request=NEURAL, kind="swap_video", status="failed")
    search = add(database, owner, 2, kind="detect_image")
    theirs = add(database, stranger, 3, label="übung one")
    assert found(database, None) == [theirs, search, neural, plain]
    assert found(database, owner) == [search, neural, plain]
    assert found(database, owner, kinds=("swap_image", "swap_video")) == [neural, plain]
    assert found(database, owner, statuses=("failed",)) == [neural]
    assert found(database, owner, engine="mesh") == [plain]
    assert found(database, owner, engine="inswapper_128") == [neural]
    for words in ("übung", "ONE ÜB", "strand_50%", "_50 übung"):
        assert found(database, owner, words=words) == [plain], words
    for words in ("two", "%%", "__", "übung two", "\\"):
        assert found(database, owner, words=words) == [], words
    assert found(database, owner, words=neural[:12]) == [search, neural, plain]
    assert found(database, owner, words=neural) == [neural]
    assert found(database, owner, since=NOW + 1, until=NOW + 2) == [neural]
    assert found(database, owner, since=NOW + 3) == found(database, owner, until=0.0) == []
    assert found(database, owner, since=1e15) == []


def test_what_is_deleted_or_forgotten_is_not_found(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    gone = add(database, owner, 0, label="Ada", status="failed")
    taken = add(database, owner, 1, label="Ada", scene_name="ada.png")
    database.write(lambda tx: tx.tasks.delete(owner, gone, NOW))
    assert found(database, owner, words="ada") == [taken]
    database.write(lambda tx: tx.tasks.forget_request(taken))
    assert found(database, owner, words="ada") == []
    with database.engine.connect() as connection:
        row = connection.execute(sa.select(tasks).where(tasks.c.id == taken)).one()
    assert (row.label, row.scene_name, row.words) == (None, None, None)


def test_the_longest_names_fit_the_index(database: SqlDatabase) -> None:
    """An entry of PostgreSQL's index has a most; letters of several bytes are the worst case."""
    owner = add_tenant(database)
    long = "".join(chr(0x1F300 + n % 700) for n in range(10_000))
    name = add(
        database,
        owner,
        0,
        label=long,
        scene_name=long,
        request={**MESH, "setup": {"engine": "e" * 64}},
    )
    assert found(database, owner, words=long[:400]) == [name]


def test_pages_of_a_search_neither_repeat_nor_skip(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    names = [add(database, owner, n, label="x" if n % 2 else "y") for n in range(9)]
    wanted, seen, after = TaskFilter(words="x"), [], None
    for turn in range(2):
        page = database.read(
            lambda tx, after=after: tx.tasks.search(owner, wanted, after=after, limit=2)
        )
        seen += [one.id for one in page.items]
        add(database, owner, 100 + turn, label="x")
        after = page.next_after
    assert seen == [names[n] for n in (7, 5, 3, 1)]
    assert after is None


def test_tenants_are_listed_without_the_operators_own(database: SqlDatabase) -> None:
    made = [
        tenant(id=new_id("tenant", NOW + n), name=name)
        for n, name in enumerate(("100% Film", "Noir_A", OPERATOR, "noir b"))
    ]
    for one in made:
        database.write(lambda tx, one=one: tx.tenants.insert(one))
    database.write(lambda tx: tx.tenants.suspend(made[1].id, NOW))

    def names(**wanted: Any) -> list[str]:
        return [
            one.name
            for one in database.read(
                lambda tx: tx.tenants.page(after=None, limit=9, **wanted)
            ).items
        ]

    assert names() == ["noir b", "Noir_A", "100% Film"]
    assert names(words="NOIR") == ["noir b", "Noir_A"]
    assert names(words="_") == ["Noir_A"]
    assert names(words="0%") == ["100% Film"]
    assert names(words="\\") == []
    assert names(words=made[0].id) == ["100% Film"]
    assert names(suspended=True) == ["Noir_A"]
    assert names(suspended=False) == ["noir b", "100% Film"]
    page = database.read(lambda tx: tx.tenants.page(after=made[3].id, limit=1))
    assert ([one.name for one in page.items], page.next_after) == (["Noir_A"], made[1].id)


def test_a_tenant_is_renamed(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    assert database.write(lambda tx: tx.tenants.rename(owner, "New")) is True
    assert database.write(lambda tx: tx.tenants.rename("tenant_none", "None")) is False
    renamed = database.read(lambda tx: tx.tenants.by_name("New"))
    assert renamed is not None
    assert renamed.id == owner


def test_balances_come_together(database: SqlDatabase) -> None:
    rich, poor = add_tenant(database, 5), add_tenant(database)
    told = database.read(lambda tx: tx.credits.balances([rich, poor, "tenant_none"]))
    assert told == {rich: Balance(5, 0, 0, 5), poor: Balance(0, 0, 0, 0)}
    assert database.read(lambda tx: tx.credits.balances([])) == {}


@pytest.mark.parametrize(("offset_s", "day"), [(0, "2025-10-09"), (68_400, "2025-10-10")])
def test_days_begin_where_they_are_said_to(database: SqlDatabase, offset_s: int, day: str) -> None:
    owner = add_tenant(database, 9)
    name = add(database, owner, 0, status="succeeded", finished_at=NOW)

    def spend(tx: Any) -> None:
        tx.credits.transfer(owner, "hold", 2, "h", task_id=name, at=NOW)
        tx.credits.transfer(owner, "settle", 2, "s", task_id=name, at=NOW)

    database.write(spend)
    rows = database.read(lambda tx: tx.credits.usage(owner, NOW - 1, NOW + 1, offset_s))
    assert rows == [{"day": day, "kind": "swap_image", "credits": 2, "tasks": 1}]

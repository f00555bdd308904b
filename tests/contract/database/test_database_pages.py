"""Pages neither repeat nor skip what was there when the first one was read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from database_samples import NOW, add_tenant, asset, delivery, face, task
from personae.adapters.database import SqlDatabase
from personae.app.ports import Transaction
from personae.domain.ids import new_id
from personae.domain.pages import Page
from personae.errors import InvalidRequest

Add = Callable[[Transaction, str, int], None]
Read = Callable[[Transaction, str, "str | None", int], Page[object]]


def add_asset(tx: Transaction, owner: str, n: int) -> None:
    tx.assets.insert(asset(owner, id=new_id("asset", NOW + n), filename=str(n)))


def add_face(tx: Transaction, owner: str, n: int) -> None:
    tx.faces.insert(face(owner, id=new_id("face", NOW + n), name=str(n)))


def add_task(tx: Transaction, owner: str, n: int) -> None:
    tx.tasks.insert(task(owner, id=new_id("task", NOW + n), label=str(n)))


def add_delivery(tx: Transaction, owner: str, n: int) -> None:
    tx.hooks.insert_delivery(delivery(owner, id=new_id("dlv", NOW + n), task_id=str(n)))


def add_entry(tx: Transaction, owner: str, n: int) -> None:
    tx.credits.transfer(owner, "grant", 1, str(n), at=NOW + n)


def add_log(tx: Transaction, owner: str, n: int) -> None:
    tx.audit.write(tenant_id=owner, actor="a", action=str(n), subject="s", detail={}, at=NOW + n)


def read_assets(tx: Transaction, owner: str, after: str | None, limit: int) -> Page[object]:
    page = tx.assets.page(owner, role=None, after=after, limit=limit)
    return Page(tuple(one.filename for one in page.items), page.next_after)


def read_faces(tx: Transaction, owner: str, after: str | None, limit: int) -> Page[object]:
    page = tx.faces.page(owner, after=after, limit=limit)
    return Page(tuple(one.name for one in page.items), page.next_after)


def read_tasks(tx: Transaction, owner: str, after: str | None, limit: int) -> Page[object]:
    page = tx.tasks.page(owner, kinds=("swap_image",), after=after, limit=limit)
    return Page(tuple(one.label for one in page.items), page.next_after)


def read_deliveries(tx: Transaction, owner: str, after: str | None, limit: int) -> Page[object]:
    page = tx.hooks.deliveries(owner, endpoint_id=None, after=after, limit=limit)
    return Page(tuple(one.task_id for one in page.items), page.next_after)


def read_entries(tx: Transaction, owner: str, after: str | None, limit: int) -> Page[object]:
    page = tx.credits.entries(owner, after=after, limit=limit * 2)
    return Page(tuple(e.key for e in page.items if e.amount > 0), page.next_after)


def read_log(tx: Transaction, owner: str, after: str | None, limit: int) -> Page[object]:
    page = tx.audit.page(owner, after=after, limit=limit)
    return Page(tuple(entry["action"] for entry in page.items), page.next_after)


LISTINGS = [
    pytest.param(add_asset, read_assets, id="assets"),
    pytest.param(add_face, read_faces, id="faces"),
    pytest.param(add_task, read_tasks, id="tasks"),
    pytest.param(add_delivery, read_deliveries, id="deliveries"),
    pytest.param(add_entry, read_entries, id="entries"),
    pytest.param(add_log, read_log, id="audit"),
]


@pytest.mark.parametrize(("add", "read"), LISTINGS)
def test_pages_stay_put_while_rows_are_added(database: SqlDatabase, add: Add, read: Read) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)

    def fill(tx: Transaction) -> None:
        for n in range(10):
            add(tx, owner, n)
            add(tx, stranger, n)

    database.write(fill)
    seen: list[object] = []
    after: str | None = None
    for turn in range(4):
        page = database.read(lambda tx, after=after: read(tx, owner, after, 3))
        seen += page.items
        database.write(lambda tx, turn=turn: add(tx, owner, 100 + turn))
        after = page.next_after
    assert seen == [str(n) for n in range(9, -1, -1)]
    assert after is None


@pytest.mark.parametrize(("add", "read"), LISTINGS)
def test_a_last_page_that_is_full_is_the_last(database: SqlDatabase, add: Add, read: Read) -> None:
    owner = add_tenant(database)
    assert database.read(lambda tx: read(tx, owner, None, 2)) == Page((), None)
    database.write(lambda tx: (add(tx, owner, 1), add(tx, owner, 2)))
    page = database.read(lambda tx: read(tx, owner, None, 2))
    assert page == Page(("2", "1"), None)


def test_a_page_without_items_is_refused(database: SqlDatabase) -> None:
    with pytest.raises(InvalidRequest):
        database.read(lambda tx: tx.faces.page("tenant_1", after=None, limit=0))

"""Tasks move along their states once, and listings show their owner's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from database_samples import NOW, add_tenant, asset, delivery, task
from personae.adapters.database import SqlDatabase
from personae.app.ports import Transaction
from personae.domain.credits import close_key, hold_key
from personae.domain.hooks import Attempt
from personae.domain.ids import new_id
from personae.domain.media import Asset
from personae.domain.tasks import Task, TaskError, TaskProgress, TaskStatus
from personae.errors import Conflict


def put(database: SqlDatabase, *made: Task) -> None:
    def work(tx: Transaction) -> None:
        for one in made:
            tx.tasks.insert(one)

    database.write(work)


def stored(database: SqlDatabase, name: str) -> Task:
    found = database.read(lambda tx: tx.tasks.get(None, name))
    assert found is not None
    return found


def test_a_task_is_found_whole(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    one = task(
        owner,
        result={"assets": ["asset_1"], "faces": [[0.5, -1.25e-7]]},
        error=TaskError("face_not_found", "No face.", False, "caller", "donor"),
        progress=TaskProgress("swapping", 12.5, 3, 24, 9.75, 2.0),
        started_at=1.5,
        finished_at=2.5,
        expires_at=3.5,
        dialect="crun",
        dialect_id="c-1",
    )
    put(database, one)
    assert stored(database, one.id) == one
    assert database.read(lambda tx: tx.tasks.get(owner, one.id)) == one
    assert database.read(lambda tx: tx.tasks.get(stranger, one.id)) is None
    assert database.read(lambda tx: tx.tasks.by_dialect_id(owner, "crun", "c-1")) == one
    assert database.read(lambda tx: tx.tasks.by_dialect_id(owner, "a2e", "c-1")) is None
    assert database.read(lambda tx: tx.tasks.by_dialect_id(stranger, "crun", "c-1")) is None


def test_a_dialects_name_is_given_once(database: SqlDatabase) -> None:
    owner, other = add_tenant(database), add_tenant(database)
    put(database, task(owner, dialect_id="1"), task(other, dialect_id="1"), task(owner))
    with pytest.raises(Conflict):
        put(database, task(owner, dialect_id="1"))


def test_a_task_starts_again_after_a_crash(database: SqlDatabase) -> None:
    one = task(add_tenant(database))
    put(database, one)
    assert database.write(lambda tx: tx.tasks.start(one.id, 10.0))
    assert database.write(lambda tx: tx.tasks.start(one.id, 20.0))
    again = stored(database, one.id)
    assert (again.status, again.started_at, again.attempt) == ("running", 10.0, 2)
    assert not database.write(lambda tx: tx.tasks.start("task_none", 1.0))


@pytest.mark.parametrize("status", ["succeeded", "failed", "canceled"])
def test_a_final_task_stays_as_it_is(database: SqlDatabase, status: TaskStatus) -> None:
    one = task(add_tenant(database))
    put(database, one)
    assert database.write(lambda tx: tx.tasks.finish(one.id, status, at=30.0))
    final = stored(database, one.id)
    assert (final.status, final.finished_at, final.final) == (status, 30.0, True)
    assert not database.write(lambda tx: tx.tasks.start(one.id, 40.0))
    assert not database.write(lambda tx: tx.tasks.set_progress(one.id, TaskProgress("done")))
    for other in ("succeeded", "failed", "canceled"):
        assert not database.write(
            lambda tx, other=other: tx.tasks.finish(one.id, other, credits_charged=9, at=50.0)
        )
    assert stored(database, one.id) == final


def test_a_task_finishes_with_what_came_of_it(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    good, bad = task(owner), task(owner)
    put(database, good, bad)
    progress = TaskProgress("swapping", 50.0, 12, 24, 9.5, 1.3)

    def work(tx: Transaction) -> None:
        tx.tasks.start(good.id, 1.0)
        tx.tasks.set_progress(good.id, progress)
        tx.tasks.finish(
            good.id, "succeeded", result={"a": [1]}, credits_charged=7, expires_at=99.0, at=2.0
        )
        tx.tasks.finish(bad.id, "failed", error=TaskError("canceled", "Stop."), at=3.0)

    database.write(work)
    done = stored(database, good.id)
    assert (done.result, done.credits_charged, done.expires_at) == ({"a": [1]}, 7, 99.0)
    assert done.progress == TaskProgress("done", 100.0, 24, 24, 9.5, 0.0)
    failed = stored(database, bad.id)
    assert failed.error == TaskError("canceled", "Stop.")
    assert (failed.result, failed.progress) == (None, TaskProgress())
    with pytest.raises(ValueError, match="running"):
        database.write(lambda tx: tx.tasks.finish(bad.id, "running", at=4.0))


def test_progress_is_of_running_tasks(database: SqlDatabase) -> None:
    one = task(add_tenant(database))
    put(database, one)
    progress = TaskProgress("swapping", 50.0, 12, 24, 9.5, 1.3)
    assert not database.write(lambda tx: tx.tasks.set_progress(one.id, progress))
    database.write(lambda tx: tx.tasks.start(one.id, 1.0))
    assert database.write(lambda tx: tx.tasks.set_progress(one.id, progress))
    assert stored(database, one.id).progress == progress


def test_a_listing_is_narrowed(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    image = task(owner, id="task_1")
    video = task(owner, id="task_2", kind="swap_video", dialect="crun")
    found = task(owner, id="task_3", kind="detect_image")
    put(database, image, video, found, task(stranger))
    database.write(lambda tx: tx.tasks.start(video.id, 1.0))

    def names(**narrow: object) -> list[str]:
        chosen = {"kinds": (), "after": None, "limit": 9} | narrow
        page = database.read(lambda tx: tx.tasks.page(owner, **chosen))  # type: ignore[arg-type]
        return [one.id for one in page.items]

    assert names() == ["task_3", "task_2", "task_1"]
    assert names(kinds=("swap_image", "swap_video")) == ["task_2", "task_1"]
    assert names(statuses=("queued",)) == ["task_3", "task_1"]
    assert names(dialect="crun") == ["task_2"]
    assert names(kinds=("swap_image",), dialect="crun") == []
    assert names(after="task_3", limit=1) == ["task_2"]
    count = database.read(lambda tx: tx.tasks.count(owner, statuses=("queued", "running")))
    assert count == 3
    assert database.read(lambda tx: tx.tasks.count(owner, statuses=("running",))) == 1
    assert database.read(lambda tx: tx.tasks.count(owner, statuses=())) == 0
    counts = database.read(lambda tx: tx.tasks.counts_by_status())
    assert counts == {
        ("swap_image", "queued"): 2,
        ("swap_video", "running"): 1,
        ("detect_image", "queued"): 1,
    }
    running = database.read(lambda tx: tx.tasks.counts_by_status(("running",)))
    assert running == {("swap_video", "running"): 1}


def test_numbers_for_dashboards(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    waiting = [
        task(owner, id=new_id("task", NOW + n), kind="swap_image", created_at=NOW + n)
        for n in range(3)
    ]
    put(database, *waiting)
    assert database.read(lambda tx: tx.tasks.oldest_waiting()) == {"swap_image": NOW}
    ends = [(waiting[0].id, "failed", NOW + 10), (waiting[1].id, "succeeded", NOW + 20)]
    for name, status, at in ends:
        database.write(lambda tx, n=name, s=status, t=at: tx.tasks.finish(n, s, at=t))
    assert database.read(lambda tx: tx.tasks.oldest_waiting()) == {"swap_image": NOW + 2}
    both = {("swap_image", "failed"): 1, ("swap_image", "succeeded"): 1}
    assert database.read(lambda tx: tx.tasks.ended_since(NOW + 10)) == both
    late = {("swap_image", "succeeded"): 1}
    assert database.read(lambda tx: tx.tasks.ended_since(NOW + 10.5)) == late


def test_numbered_pages_are_of_one_dialect(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)

    def made(n: int, of: str = owner, **changes: Any) -> Task:
        values = {"dialect": "a2e", "dialect_id": f"{of} {n} {sorted(changes)}", **changes}
        return task(of, id=new_id("task", NOW + n), label=str(n), **values)

    put(
        database,
        *(made(n) for n in range(5)),
        made(9, stranger),
        made(10, dialect="crun"),
        made(11, dialect_id=None),
        made(12, kind="preview"),
        made(13, deleted_at=NOW),
    )

    def read(offset: int, limit: int) -> tuple[list[str | None], int]:
        found, total = database.read(
            lambda tx: tx.tasks.numbered(
                owner,
                kinds=("swap_image", "swap_video"),
                dialect="a2e",
                offset=offset,
                limit=limit,
            )
        )
        return [one.label for one in found], total

    assert read(0, 2) == (["4", "3"], 5)
    assert read(2, 2) == (["2", "1"], 5)
    assert read(4, 2) == (["0"], 5)
    assert read(6, 2) == ([], 5)
    assert read(10**12, 100) == ([], 5)


def test_only_a_final_task_is_deleted_and_by_its_owner(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    one = task(owner, dialect_id="d")
    put(database, one)
    assert not database.write(lambda tx: tx.tasks.delete(owner, one.id, NOW))
    database.write(lambda tx: tx.tasks.finish(one.id, "canceled", expires_at=NOW, at=NOW))
    assert not database.write(lambda tx: tx.tasks.delete(stranger, one.id, NOW))
    assert database.write(lambda tx: tx.tasks.delete(owner, one.id, NOW))
    assert not database.write(lambda tx: tx.tasks.delete(owner, one.id, NOW))
    assert database.read(lambda tx: tx.tasks.get(owner, one.id)) is None
    assert database.read(lambda tx: tx.tasks.get(None, one.id)) is None
    assert database.read(lambda tx: tx.tasks.by_dialect_id(owner, "native", "d")) is None
    page = database.read(lambda tx: tx.tasks.page(owner, kinds=(), after=None, limit=9))
    assert page.items == ()
    assert database.read(lambda tx: tx.tasks.expired(NOW, 9)) == []


def test_the_sweeps_find_their_tasks(database: SqlDatabase) -> None:
    owner, other = add_tenant(database), add_tenant(database)
    young, old, older = (
        task(owner, created_at=NOW),
        task(other, created_at=NOW - 10),
        task(owner, created_at=NOW - 20),
    )
    done, fresh = task(owner, created_at=NOW - 30), task(owner, created_at=NOW - 30)
    put(database, young, old, older, done, fresh)

    def work(tx: Transaction) -> None:
        tx.tasks.start(older.id, NOW)
        tx.tasks.finish(done.id, "succeeded", expires_at=NOW, at=NOW)
        tx.tasks.finish(fresh.id, "succeeded", expires_at=NOW + 1, at=NOW)

    database.write(work)
    unfinished = database.read(lambda tx: tx.tasks.unfinished(NOW, limit=9)).items
    assert sorted(one.id for one in unfinished) == sorted([older.id, old.id])
    assert [t.id for t in database.read(lambda tx: tx.tasks.expired(NOW, 9))] == [done.id]
    assert old in unfinished


def test_unfinished_tasks_come_a_page_at_a_time(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    made = [task(owner, id=new_id("task", NOW - 90 + i), created_at=NOW - 90 + i) for i in range(7)]
    put(database, *made)
    database.write(lambda tx: tx.tasks.finish(made[2].id, "failed", at=NOW))
    pages, after = [], None
    while True:
        page = database.read(lambda tx, after=after: tx.tasks.unfinished(NOW, after=after, limit=2))
        pages.append([one.id for one in page.items])
        after = page.next_after
        if after is None:
            break
    ids = [one.id for one in made]
    assert pages == [[ids[0], ids[1]], [ids[3], ids[4]], [ids[5], ids[6]]]


def test_a_deleted_task_forgets_its_result(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    one = task(owner, kind="detect_image")
    put(database, one)
    faces = {"faces": [{"embedding": [0.5] * 128}]}
    database.write(lambda tx: tx.tasks.finish(one.id, "succeeded", result=faces, at=NOW))
    assert database.write(lambda tx: tx.tasks.delete(owner, one.id, NOW))
    with database.engine.connect() as connection:
        assert "embedding" not in repr(connection.exec_driver_sql("SELECT * FROM tasks").all())


def _ended(database: SqlDatabase, owner: str, status: TaskStatus, at: float) -> Task:
    """A task that ended, with a delivery that was tried once."""
    one = task(owner, created_at=at - 5)
    sent = delivery(owner, task_id=one.id, created_at=at)
    credits = 3 if status == "succeeded" else 0

    def work(tx: Transaction) -> None:
        tx.tasks.insert(one)
        tx.tasks.finish(one.id, status, credits_charged=credits, at=at)
        if credits:
            tx.credits.transfer(owner, "hold", 3, hold_key(one.id), task_id=one.id, at=at)
            tx.credits.transfer(owner, "settle", 3, close_key(one.id), task_id=one.id, at=at)
        tx.hooks.insert_delivery(sent)
        done = replace(sent, status="delivered", attempts=1)
        tx.hooks.note_attempt(Attempt(sent.id, 1, at, 200, None, 0.1), done)

    database.write(work)
    return one


def test_old_tasks_go_with_what_was_sent_but_not_from_the_books(database: SqlDatabase) -> None:
    owner = add_tenant(database, credits=100)
    old = [_ended(database, owner, s, NOW - 50) for s in ("succeeded", "failed", "canceled")]
    young, holding = (
        _ended(database, owner, "succeeded", NOW + 50),
        _ended(database, owner, "succeeded", NOW - 60),
    )
    waiting = task(owner, created_at=NOW - 99)
    put(database, waiting)
    kept, gone = asset(owner, task_id=holding.id), asset(owner, task_id=old[0].id)

    def work(tx: Transaction) -> None:
        tx.assets.insert(kept)
        tx.assets.insert(gone)
        tx.assets.remove(owner, gone.id, NOW)

    database.write(work)
    since, until = NOW - 86400, NOW + 86400
    usage = database.read(lambda tx: tx.credits.usage(owner, since, until))
    assert sum(row["tasks"] for row in usage) == 3
    assert database.write(lambda tx: tx.tasks.purge(NOW, 2)) == 2
    assert database.write(lambda tx: tx.tasks.purge(NOW, 9)) == 1
    assert database.write(lambda tx: tx.tasks.purge(NOW, 9)) == 0

    def left(tx: Transaction) -> tuple[set[str], set[str | None], Asset | None]:
        tasks = tx.tasks.page(owner, kinds=(), after=None, limit=9).items
        sent = tx.hooks.deliveries(owner, endpoint_id=None, after=None, limit=9).items
        return {t.id for t in tasks}, {d.task_id for d in sent}, tx.assets.get(owner, gone.id)

    tasks, sent, row = database.read(left)
    assert tasks == {young.id, holding.id, waiting.id}
    assert sent == {young.id, holding.id}
    assert row is None
    assert database.read(lambda tx: tx.credits.usage(owner, since, until)) == usage
    assert database.read(lambda tx: tx.credits.audit()) == []


def test_old_deliveries_go_unless_they_are_under_way(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    tried, waits, young = (
        delivery(owner, task_id=None, status="failed", created_at=NOW - 9),
        delivery(owner, task_id=None, created_at=NOW - 9),
        delivery(owner, task_id=None, status="delivered", created_at=NOW),
    )

    def work(tx: Transaction) -> None:
        for one in (tried, waits, young):
            tx.hooks.insert_delivery(one)
        tx.hooks.note_attempt(Attempt(tried.id, 1, NOW, 500, "no", 0.1), tried)

    database.write(work)
    assert database.write(lambda tx: tx.hooks.purge(NOW, 9)) == 1
    page = database.read(
        lambda tx: tx.hooks.deliveries(owner, endpoint_id=None, after=None, limit=9)
    )
    assert {one.id for one in page.items} == {waits.id, young.id}
    assert database.read(lambda tx: tx.hooks.attempts(tried.id)) == []


def test_records_of_consent_outlive_the_task_until_its_row_goes(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    record = {"how": "request", "at": NOW, "statement": "Yes: “ja” 是", "subjects": ["a"]}
    made = [
        task(owner, consent=record, created_at=NOW + n, status="failed", finished_at=NOW + n)
        for n in range(3)
    ]
    put(database, *made, task(owner), task(stranger, consent=record))
    assert database.write(lambda tx: tx.tasks.delete(owner, made[1].id, NOW))

    def listed(**more: Any) -> list[str]:
        page = database.read(lambda tx: tx.tasks.consents(owner, after=None, limit=9, **more))
        assert all(one.consent == record for one in page.items)
        return [one.id for one in page.items]

    assert sorted(listed()) == sorted(one.id for one in made)
    assert listed(since=NOW + 2) == [made[2].id]
    first = database.read(lambda tx: tx.tasks.consents(owner, after=None, limit=2))
    rest = database.read(lambda tx: tx.tasks.consents(owner, after=first.next_after, limit=2))
    assert [one.id for one in (*first.items, *rest.items)] == listed()
    assert rest.next_after is None
    database.write(lambda tx: tx.tasks.purge(NOW + 10, 100))
    assert listed() == []

"""The end of a task: one of them, with all that belongs to it or with nothing."""

from __future__ import annotations

import threading

import pytest

from personae.adapters.database import RecordingQueue, SqlDatabase
from personae.app import accounts, closing, tasks
from personae.app.endpoints import create
from personae.app.ports import Transaction
from personae.domain.credits import Balance, hold_key
from personae.domain.media import Asset, MediaFacts
from personae.domain.tasks import Task, TaskError, TaskProgress
from personae.errors import Canceled, Conflict, InsufficientCredits

ERROR = TaskError("task_failed", "It broke.")


def _running(database: SqlDatabase, held: int = 10, credits: int = 100) -> Task:
    """A task under way whose hold has been made; its tenant has an endpoint."""

    def work(tx: Transaction) -> Task:
        tenant = accounts.create_tenant(tx, "tenant", 1.0)
        accounts.grant(tx, tenant.id, credits, key="grant", note=None, now=1.0)
        create(tx, tenant.id, "https://example.com/", [], 1.0)
        task = Task(
            *("task_1", tenant.id, "swap_image", "queued", {}, "normal", held, 0),
            *(TaskProgress(), None, None, "native", None, None, None, None, 0, 1.0),
        )
        tx.credits.transfer(tenant.id, "hold", held, hold_key(task.id), task_id=task.id, at=1.0)
        tx.tasks.insert(task)
        tx.tasks.start(task.id, 2.0)
        return task

    return database.write(work)


def _output(task: Task, name: str = "asset_1") -> Asset:
    facts = MediaFacts("picture", "image/png")
    return Asset(
        *(name, task.tenant_id, "output", "ready", f"outputs/{name}", "image/png", None),
        *(9, "0" * 64, facts, None, task.id, 3.0, None),
    )


def _succeed(database: SqlDatabase, task: Task, charge: int, name: str = "asset_1") -> bool:
    return database.write(
        lambda tx: closing.succeed(
            tx,
            task.id,
            result={"assets": [name]},
            assets=[_output(task, name)],
            charge=charge,
            expires_at=9.0,
            now=3.0,
        )
    )


def _balance(database: SqlDatabase, task: Task) -> Balance:
    assert database.read(lambda tx: tx.credits.audit()) == []
    return database.read(lambda tx: tx.credits.balance(task.tenant_id))


@pytest.mark.parametrize("charge", [0, 4, 10])
def test_success_takes_the_charge_and_gives_the_rest_back(
    database: SqlDatabase, queued: RecordingQueue, charge: int
) -> None:
    task = _running(database)
    assert _succeed(database, task, charge)
    assert _balance(database, task) == Balance(100 - charge, 0, charge, 100)
    done = database.read(lambda tx: tx.tasks.get(None, task.id))
    assert done is not None
    assert (done.status, done.credits_charged, done.expires_at) == ("succeeded", charge, 9.0)
    assert [one.event_type for one, _ in queued.deliveries] == ["task.succeeded"]
    assert len(database.read(lambda tx: tx.assets.of_task(task.id))) == 1


def test_success_comes_once(database: SqlDatabase, queued: RecordingQueue) -> None:
    task = _running(database)
    assert _succeed(database, task, 10)
    assert not _succeed(database, task, 10, "asset_2")
    assert not database.write(lambda tx: closing.fail(tx, task.id, ERROR, 4.0))
    assert _balance(database, task).spent == 10
    assert len(database.read(lambda tx: tx.assets.of_task(task.id))) == 1
    assert len(queued.deliveries) == 1


def test_failure_gives_everything_back(database: SqlDatabase, queued: RecordingQueue) -> None:
    task = _running(database)
    assert database.write(lambda tx: closing.fail(tx, task.id, ERROR, 4.0))
    assert not database.write(lambda tx: closing.fail(tx, task.id, ERROR, 5.0))
    assert _balance(database, task) == Balance(100, 0, 0, 100)
    assert [one.event_type for one, _ in queued.deliveries] == ["task.failed"]
    done = database.read(lambda tx: tx.tasks.get(None, task.id))
    assert done is not None
    assert done.error == ERROR


def test_nothing_of_a_canceled_task_is_written(
    database: SqlDatabase, queued: RecordingQueue
) -> None:
    task = _running(database)
    database.write(lambda tx: tasks.cancel(tx, task.tenant_id, task.id, 3.0))
    assert not _succeed(database, task, 10)
    assert _balance(database, task) == Balance(100, 0, 0, 100)
    assert database.read(lambda tx: tx.assets.of_task(task.id)) == []
    assert [one.event_type for one, _ in queued.deliveries] == ["task.canceled"]


def test_a_hold_grows_to_the_measured_price(database: SqlDatabase) -> None:
    task = _running(database)
    database.write(lambda tx: closing.enlarge_hold(tx, task.id, 25, 3.0))
    database.write(lambda tx: closing.enlarge_hold(tx, task.id, 25, 3.0))  # After a crash.
    assert _balance(database, task) == Balance(75, 25, 0, 100)
    database.write(lambda tx: closing.enlarge_hold(tx, task.id, 30, 3.0))  # The URL changed.
    assert _balance(database, task) == Balance(70, 30, 0, 100)
    assert _succeed(database, task, 30)
    assert _balance(database, task) == Balance(70, 0, 30, 100)


def test_a_hold_grows_no_further_than_the_account(database: SqlDatabase) -> None:
    task = _running(database)
    with pytest.raises(InsufficientCredits) as refused:
        database.write(lambda tx: closing.enlarge_hold(tx, task.id, 200, 3.0))
    assert refused.value.message == (
        "This takes 200 credits, as was measured: 10 held for it and 90 available leave 100 "
        "missing."
    )
    assert _balance(database, task) == Balance(90, 10, 0, 100)


def test_a_hold_of_a_final_task_stays(database: SqlDatabase) -> None:
    task = _running(database)
    database.write(lambda tx: tasks.cancel(tx, task.tenant_id, task.id, 3.0))
    with pytest.raises(Canceled):
        database.write(lambda tx: closing.enlarge_hold(tx, task.id, 25, 3.0))
    assert _balance(database, task) == Balance(100, 0, 0, 100)


def test_of_all_ends_at_once_one_wins(database: SqlDatabase, queued: RecordingQueue) -> None:
    task = _running(database)
    won: list[str] = []
    ready = threading.Barrier(7)

    def end(number: int) -> None:
        ready.wait()
        if number == 0:
            try:
                database.write(lambda tx: tasks.cancel(tx, task.tenant_id, task.id, 3.0))
            except Conflict:
                return
            won.append("canceled")
        elif number < 4:
            if _succeed(database, task, 10, f"asset_{number}"):
                won.append("succeeded")
        elif number == 4:
            try:
                database.write(lambda tx: closing.enlarge_hold(tx, task.id, 12, 3.0))
            except Canceled:
                return
        elif database.write(lambda tx: closing.fail(tx, task.id, ERROR, 3.0)):
            won.append("failed")

    threads = [threading.Thread(target=end, args=(number,)) for number in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(won) == 1
    done = database.read(lambda tx: tx.tasks.get(None, task.id))
    assert done is not None
    assert done.status == won[0]
    spent = 10 if won == ["succeeded"] else 0
    assert _balance(database, task) == Balance(100 - spent, 0, spent, 100)
    assert len(database.read(lambda tx: tx.assets.of_task(task.id))) == len(
        [one for one in won if one == "succeeded"]
    )
    assert [one.event_type for one, _ in queued.deliveries] == [f"task.{won[0]}"]


def test_progress_never_falls(database: SqlDatabase) -> None:
    from personae.app.watching import Watch

    task = _running(database)
    stopping = threading.Event()
    told: list[float] = []
    for share in (40.0, 50.0, 40.0):  # The last is done again after a crash.
        watch = Watch(
            *(database, lambda: 12.0, stopping, task.id),
            phase="swapping",
            share=share,
            frames_total=100,
        )
        watch.progress({"frames_done": 20, "frames_total": 40})
        watch.complete(40)
        now = database.read(lambda tx: tx.tasks.get(None, task.id))
        assert now is not None
        told.append(now.progress.percent)
        assert now.progress.frames_done is not None
        assert now.progress.frames_done <= 100
        assert now.progress.phase == "swapping"
    assert told == sorted(told)
    assert told[-1] == 99
    assert not watch.should_stop()
    stopping.set()
    assert watch.should_stop()


def test_a_watch_sees_that_its_task_is_final(database: SqlDatabase) -> None:
    from personae.app.watching import INTERVAL_S, Watch

    task = _running(database)
    watch = Watch(
        *(database, lambda: 12.0, threading.Event(), task.id),
        phase="swapping",
        share=95.0,
    )
    assert not watch.should_stop()
    database.write(lambda tx: tasks.cancel(tx, task.tenant_id, task.id, 3.0))
    threading.Event().wait(INTERVAL_S + 0.1)
    assert watch.should_stop()

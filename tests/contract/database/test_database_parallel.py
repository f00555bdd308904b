"""Many at once, in threads and in processes, some of them killed: the books balance."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from database_samples import NOW, add_tenant, task
from personae.adapters.database import RecordingQueue, SqlDatabase, database_from_url, is_sqlite
from personae.app.ports import Transaction
from personae.domain.credits import Balance, close_key, hold_key
from personae.domain.ids import new_id
from personae.errors import Conflict, InsufficientCredits

ENOUGH_FOR = 37


def try_to_hold(database: SqlDatabase, owner: str) -> bool:
    """A submit as the service does it."""
    one = task(owner, id=new_id("task"), credits_held=3)

    def work(tx: Transaction) -> None:
        tx.credits.transfer(owner, "hold", 3, hold_key(one.id), task_id=one.id, at=NOW)
        tx.tasks.insert(one)

    try:
        database.write(work)
    except InsufficientCredits:
        return False
    return True


def hold_in_process(url: str, owner: str, tries: int, barrier: object, results: object) -> None:
    database = database_from_url(url, queue_factory=RecordingQueue().factory)
    barrier.wait(60)  # type: ignore[attr-defined]
    with ThreadPoolExecutor(5) as pool:
        held = list(pool.map(lambda _: try_to_hold(database, owner), range(tries)))
    results.put(sum(held))  # type: ignore[attr-defined]
    database.close()


def check(database: SqlDatabase, owner: str, held: int) -> None:
    assert held == ENOUGH_FOR
    balance = database.read(lambda tx: tx.credits.balance(owner))
    assert balance == Balance(1, 3 * ENOUGH_FOR, 0, 3 * ENOUGH_FOR + 1)
    assert database.read(lambda tx: tx.credits.audit()) == []
    assert database.read(lambda tx: tx.tasks.count(owner, statuses=("queued",))) == ENOUGH_FOR


def test_a_hundred_threads_hold_what_is_there_and_no_more(database: SqlDatabase) -> None:
    owner = add_tenant(database, 3 * ENOUGH_FOR + 1)
    with ThreadPoolExecutor(20) as pool:
        held = list(pool.map(lambda _: try_to_hold(database, owner), range(100)))
    check(database, owner, sum(held))


def test_processes_hold_what_is_there_and_no_more(database: SqlDatabase, database_url: str) -> None:
    owner = add_tenant(database, 3 * ENOUGH_FOR + 1)
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(4), spawn.Queue()
    processes = [
        spawn.Process(target=hold_in_process, args=(database_url, owner, 25, barrier, results))
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    held = sum(results.get(timeout=120) for _ in processes)
    for process in processes:
        process.join(60)
    check(database, owner, held)


def together(works: list[Callable[[], object]]) -> list[object]:
    """Run all at the same moment; what each returned or raised."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        barrier.wait(60)
        try:
            return work()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_of_settling_and_releasing_at_once_one_happens(database: SqlDatabase) -> None:
    owner = add_tenant(database, 100)
    for _ in range(10):
        one = task(owner, id=new_id("task"), credits_held=5)

        def submit(tx: Transaction, one: object = one) -> None:
            tx.tasks.insert(one)  # type: ignore[arg-type]
            name = one.id  # type: ignore[attr-defined]
            tx.credits.transfer(owner, "hold", 5, hold_key(name), task_id=name, at=NOW)

        database.write(submit)

        def settle(tx: Transaction, name: str = one.id) -> bool:
            if not tx.tasks.finish(name, "succeeded", credits_charged=5, at=NOW):
                return False
            return tx.credits.transfer(owner, "settle", 5, close_key(name), task_id=name, at=NOW)

        def release(tx: Transaction, name: str = one.id) -> bool:
            if not tx.tasks.finish(name, "canceled", at=NOW):
                return False
            return tx.credits.transfer(owner, "release", 5, close_key(name), task_id=name, at=NOW)

        answers = together(
            [lambda w=w: database.write(w) for w in (settle, release, settle, release)]
        )
        assert sorted(answers, key=str) == [False, False, False, True]
    assert database.read(lambda tx: tx.credits.balance(owner)).held == 0
    assert database.read(lambda tx: tx.credits.audit()) == []


def test_of_the_same_idempotency_key_at_once_one_submits(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    for turn in range(5):
        key = f"key {turn}"

        def submit(tx: Transaction, key: str = key) -> str:
            seen = tx.idempotency.find(owner, key)
            if seen is not None:
                return seen.resource_id
            one = task(owner, id=new_id("task"))
            tx.tasks.insert(one)
            tx.idempotency.remember(owner, key, "hash", one.id, NOW)
            return one.id

        answers = together([lambda: database.write(submit)] * 6)
        assert len(set(answers)) == 1, answers
        assert isinstance(answers[0], str)
    assert database.read(lambda tx: tx.tasks.count(owner, statuses=("queued",))) == 5


def test_a_key_that_stays_taken_is_a_conflict(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        tx.tasks.insert(task(owner, id="task_same"))

    database.write(work)
    with pytest.raises(Conflict):
        database.write(work)
    assert len(runs) == (2 if is_sqlite(database.engine) else 4)


def test_a_deadlock_is_tried_again(database: SqlDatabase) -> None:
    one, other = add_tenant(database, 50), add_tenant(database, 50)
    met = threading.Barrier(2)
    first_run = threading.local()

    def cross(first: str, second: str) -> Callable[[Transaction], None]:
        def work(tx: Transaction) -> None:
            tx.credits.transfer(first, "hold", 1, f"{first}{second}", at=NOW)
            if not is_sqlite(database.engine) and not getattr(first_run, "over", False):
                first_run.over = True
                met.wait(60)
            tx.credits.transfer(second, "hold", 1, f"{first}{second}", at=NOW)

        return work

    answers = together(
        [
            lambda: database.write(cross(one, other)),
            lambda: database.write(cross(other, one)),
        ]
    )
    assert answers == [None, None]
    assert database.read(lambda tx: tx.credits.balance(one)).held == 2
    assert database.read(lambda tx: tx.credits.balance(other)).held == 2


KILLED = """
import sys
from concurrent.futures import ThreadPoolExecutor
from personae.adapters.database import RecordingQueue, database_from_url
from test_database_parallel import accept
url, owner = sys.argv[1:]
database = database_from_url(url, queue_factory=RecordingQueue().factory)
with ThreadPoolExecutor(8) as pool:
    for name in pool.map(lambda _: accept(database, owner), range(100000)):
        print(name, flush=True)
"""


def accept(database: SqlDatabase, owner: str) -> str:
    one = task(owner, id=new_id("task"), credits_held=1)

    def work(tx: Transaction) -> None:
        tx.tasks.insert(one)
        tx.credits.transfer(owner, "hold", 1, hold_key(one.id), task_id=one.id, at=NOW)

    database.write(work)
    return one.id


def test_what_was_accepted_outlives_a_killed_process(
    database: SqlDatabase, database_url: str
) -> None:
    owner = add_tenant(database, 10_000)
    accepted: list[str] = []
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, database_url, owner],
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(),
        )
        assert process.stdout is not None
        accepted += [process.stdout.readline().strip() for _ in range(40)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split("\n")
        accepted += [line for line in rest[:-1] if line]
        process.wait(60)
        process.stdout.close()
    stored = set()
    after: str | None = None
    while True:
        page = database.read(
            lambda tx, after=after: tx.tasks.page(owner, kinds=(), after=after, limit=500)
        )
        stored |= {one.id for one in page.items}
        after = page.next_after
        if after is None:
            break
    assert len(accepted) >= 120
    assert set(accepted) <= stored
    assert database.read(lambda tx: tx.credits.audit()) == []


def _environment() -> dict[str, str]:
    here = Path(__file__).parent
    paths = [str(here), str(here.parent.parent), *sys.path]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}

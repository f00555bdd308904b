"""The audit log: chained without a fork or a hole, and whatever was done to it is named."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from database_samples import NOW, add_tenant
from personae.adapters.database import SqlDatabase, is_sqlite
from personae.adapters.database.tables import audit, audit_head
from personae.app import audit_reading
from personae.app.ports import Transaction
from personae.app.repositories.safety import AuditFilter
from personae.domain.audit_chain import NO_HASH, Entry, Head, chained
from personae.domain.audit_check import Verdict
from personae.errors import Conflict, Unavailable

LINES = 12


def write(tx: Transaction, subject: str, **detail: Any) -> None:
    tx.audit.write(
        tenant_id="tenant_1",
        actor="key_1",
        action="task.submit",
        subject=subject,
        detail=detail,
        at=NOW + 0.123456,
    )


def fill(database: SqlDatabase, lines: int = LINES) -> None:
    """A chain of so many lines, the first of which it makes itself."""
    for n in range(lines - 1):
        database.write(lambda tx, n=n: write(tx, f"task_{n}", n=n))


def verify(database: SqlDatabase, noted: Head | None = None) -> Verdict:
    return database.read(lambda tx: audit_reading.verify(tx, noted))


def head(database: SqlDatabase) -> Head:
    found = database.read(lambda tx: tx.audit.head())
    assert found is not None
    return found


def subjects(database: SqlDatabase) -> list[str]:
    return database.read(lambda tx: [line.subject for line in audit_reading.exported(tx)])


def unguarded(database: SqlDatabase) -> sa.Engine:
    """The engine, for somebody who has taken the guards away."""
    with database.engine.begin() as connection:
        if is_sqlite(database.engine):
            names = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).all()
            for (name,) in names:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER ALL")
            connection.exec_driver_sql("ALTER TABLE audit_head DISABLE TRIGGER ALL")
    return database.engine


def change(database: SqlDatabase, *statements: sa.Executable) -> None:
    with unguarded(database).begin() as connection:
        for statement in statements:
            connection.execute(statement)


def test_lines_follow_each_other(database: SqlDatabase) -> None:
    fill(database)
    verdict = verify(database)
    assert (verdict.faults, verdict.lines, verdict.outside) == ([], LINES, 0)
    assert verdict.head == head(database)
    assert subjects(database) == ["audit", *(f"task_{n}" for n in range(LINES - 1))]


def test_anybody_can_check_an_export_with_sorted_json_and_sha256(database: SqlDatabase) -> None:
    odd = {"text": 'é "\\ \n\x01 😀 \x7f\u2028', "deep": {"b": [1, None, True], "a": -(2**53) + 1}}
    fill(database, 3)
    database.write(lambda tx: write(tx, "task_\u00e9", **odd))
    before = NO_HASH
    lines = database.read(lambda tx: [one.exported() for one in audit_reading.exported(tx)])
    for number, text in enumerate(lines, 1):
        line = json.loads(text)
        own = line.pop("hash")
        plain = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(plain.encode("utf-8")).hexdigest() == own
        assert (line["number"], line["previous_hash"]) == (number, before)
        before = own
    assert json.loads(lines[-1])["detail"] == odd
    assert json.loads(lines[-1])["at"] == "2025-10-09T08:53:20.123456Z"
    assert audit_reading.verify_export(lines).faults == []


def test_text_that_a_database_cannot_hold_is_mended(database: SqlDatabase) -> None:
    database.write(lambda tx: write(tx, "nul \0 and half a pair \ud800", note="\0\udfff"))
    assert verify(database).faults == []
    page = database.read(lambda tx: tx.audit.page(None, after=None, limit=1))
    assert page.items[0]["subject"] == "nul \ufffd and half a pair ?"


@pytest.mark.parametrize("bad", [0.5, 2**53, b"bytes", {"\u00e9": 1}, {1: 2}, float("nan")])
def test_what_has_no_one_spelling_is_refused_before_it_is_written(
    database: SqlDatabase, bad: object
) -> None:
    fill(database, 3)
    with pytest.raises(ValueError, match=r"detail|number|ASCII"):
        database.write(lambda tx: write(tx, "task_x", bad=bad))
    assert verify(database).lines == 3


def test_work_that_fails_leaves_no_line_and_no_hole(database: SqlDatabase) -> None:
    gate = threading.Event()

    def work(n: int) -> None:
        def run(tx: Transaction) -> None:
            gate.wait(10)
            write(tx, f"task_{n}")
            if n % 3 == 0:
                raise Conflict("no")

        database.write(run)

    with ThreadPoolExecutor(9) as pool:
        done = [pool.submit(work, n) for n in range(9)]
        gate.set()
        failed = [one.exception() is not None for one in done]
    assert failed == [n % 3 == 0 for n in range(9)]
    assert sorted(subjects(database)[1:]) == [f"task_{n}" for n in range(9) if n % 3]
    assert verify(database).faults == []
    assert head(database).lines == 7


def test_a_read_cannot_write_a_line(database: SqlDatabase) -> None:
    with pytest.raises(RuntimeError, match="audit"):
        database.read(lambda tx: write(tx, "task_x"))


def test_lines_of_one_work_keep_their_order(database: SqlDatabase) -> None:
    database.write(lambda tx: [write(tx, f"task_{n}") for n in range(300)])
    assert subjects(database)[1:] == [f"task_{n}" for n in range(300)]
    assert verify(database).faults == []


MANY = """
import sys
from concurrent.futures import ThreadPoolExecutor
from personae.adapters.database import RecordingQueue, database_from_url
from test_database_audit import write
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = database_from_url(url, queue_factory=RecordingQueue().factory)

def one(n):
    database.write(lambda tx: write(tx, f"{name}_{n}", n=n))
    return f"{name}_{n}"

with ThreadPoolExecutor(4) as pool:
    for done in pool.map(one, range(count)):
        print(done, flush=True)
database.close()
"""


def start(url: str, name: str, count: int) -> subprocess.Popen[str]:
    here = Path(__file__)
    paths = [str(here.parent), str(here.parents[2]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-c", MANY, url, name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def test_several_processes_share_one_chain(database: SqlDatabase, database_url: str) -> None:
    processes = [start(database_url, name, 40) for name in "abc"]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    verdict = verify(database)
    assert (verdict.faults, verdict.lines) == ([], 121)
    expected = {f"{name}_{n}" for name in "abc" for n in range(40)}
    assert set(subjects(database)[1:]) == expected


def test_a_killed_process_leaves_the_chain_whole(database: SqlDatabase, database_url: str) -> None:
    said: set[str] = set()
    for name in "abc":
        process = start(database_url, name, 100_000)
        assert process.stdout is not None
        said |= {process.stdout.readline().strip() for _ in range(25)}
        process.send_signal(signal.SIGKILL)
        said |= set(process.stdout.read().split("\n")[:-1])
        process.wait(60)
        process.stdout.close()
        assert verify(database).faults == []
    fill(database, 4)
    verdict = verify(database)
    assert verdict.faults == []
    assert verdict.lines == len(subjects(database)) == head(database).lines
    assert said <= set(subjects(database))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("tenant_id", "tenant_2"),
        ("tenant_id", None),
        ("actor", "operator"),
        ("action", "task.delete"),
        ("subject", "task_99"),
        ("detail", {"n": 99}),
        ("detail", {"n": 4, "more": 1}),
        ("detail", {"n": 4.0}),
        ("detail", []),
        ("at", NOW + 1),
        ("at", NOW + 0.1234562),
        ("previous_hash", "0" * 64),
        ("previous_hash", None),
        ("hash", "f" * 64),
        ("hash", None),
    ],
)
def test_a_changed_line_is_named(database: SqlDatabase, column: str, value: object) -> None:
    fill(database)
    change(database, sa.update(audit).where(audit.c.number == 6).values({column: value}))
    verdict = verify(database)
    assert verdict.faults == ["Line 6 was changed."]
    assert verdict.found == 1


def test_a_key_that_is_there_twice_hides_nothing(database: SqlDatabase) -> None:
    fill(database)
    text = '{"n": 99, "n": 4}'
    with unguarded(database).begin() as connection:
        connection.exec_driver_sql(f"UPDATE audit SET detail = '{text}' WHERE number = 6")
    assert verify(database).faults == ["Line 6 was changed."]


def test_an_untouched_line_may_be_spelled_otherwise(database: SqlDatabase) -> None:
    fill(database)
    with unguarded(database).begin() as connection:
        connection.exec_driver_sql("""UPDATE audit SET detail = '{ "n" : 4 }' WHERE number = 6""")
    assert verify(database).faults == []


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        ([6], "Line 6 is missing."),
        ([1], "Line 1 is missing."),
        ([5, 6, 7], "Lines 5 to 7 are missing."),
        ([LINES], f"Line {LINES} is missing."),
        ([LINES - 1, LINES], f"Lines {LINES - 1} to {LINES} are missing."),
        (list(range(1, LINES + 1)), f"Lines 1 to {LINES} are missing."),
    ],
)
def test_a_removed_line_is_named(database: SqlDatabase, numbers: list[int], fault: str) -> None:
    fill(database)
    change(database, sa.delete(audit).where(audit.c.number.in_(numbers)))
    assert verify(database).faults == [fault]


def test_two_lines_that_were_swapped_are_named(database: SqlDatabase) -> None:
    fill(database)
    moves = [(5, -1), (8, 5), (-1, 8)]
    change(
        database,
        *(sa.update(audit).where(audit.c.number == a).values(number=b) for a, b in moves),
    )
    faults = verify(database).faults
    assert "Line 5 was changed." in faults
    assert "Line 8 was changed." in faults


def row(number: int, before: Head) -> dict[str, Any]:
    """A forged line whose hash is right."""
    entry = Entry("tenant_1", "key_1", "task.submit", "forged", {"n": 1}, NOW)
    line = chained(entry, Head(number - 1, before.hash))
    return {
        **{name: getattr(entry, name) for name in ("tenant_id", "actor", "action", "subject")},
        "detail": entry.detail,
        "at": entry.at,
        "number": line.number,
        "previous_hash": line.previous_hash,
        "hash": line.hash,
    }


def test_a_line_that_was_appended_past_the_service_is_named(database: SqlDatabase) -> None:
    fill(database)
    change(database, sa.insert(audit).values(row(LINES + 1, head(database))))
    assert verify(database).faults == [
        f"Line {LINES + 1} stands behind the head: added past the service, or the head is an "
        "older one."
    ]


def test_a_line_outside_the_chain_is_counted(database: SqlDatabase) -> None:
    fill(database)
    outside = row(1, Head()) | {"number": None, "previous_hash": None, "hash": None}
    change(database, sa.insert(audit).values(outside))
    assert verify(database).faults == [
        "1 lines stand outside the chain; there were 0 when it began."
    ]


def test_a_line_that_was_replaced_with_its_hash_does_not_fit_its_neighbour(
    database: SqlDatabase,
) -> None:
    fill(database)
    fifth = database.read(lambda tx: list(tx.audit.lines()))[4]
    forged = row(6, Head(5, fifth.hash))  # type: ignore[union-attr]
    change(database, sa.update(audit).where(audit.c.number == 6).values(forged))
    assert verify(database).faults == [
        "Line 7 does not follow line 6: one of the two was replaced."
    ]


def test_the_last_line_cannot_be_replaced_with_its_hash(database: SqlDatabase) -> None:
    fill(database)
    before = database.read(lambda tx: list(tx.audit.lines()))[LINES - 2]
    forged = row(LINES, Head(LINES - 1, before.hash))  # type: ignore[union-attr]
    change(database, sa.update(audit).where(audit.c.number == LINES).values(forged))
    assert verify(database).faults == [
        f"The head does not fit line {LINES}: one of the two was replaced."
    ]


def test_an_end_that_was_cut_off_with_its_head_shows_against_a_noted_head(
    database: SqlDatabase,
) -> None:
    fill(database)
    noted = head(database)
    ninth = database.read(lambda tx: list(tx.audit.lines()))[8]
    change(
        database,
        sa.delete(audit).where(audit.c.number > 9),
        sa.update(audit_head).values(lines=9, hash=ninth.hash),  # type: ignore[union-attr]
    )
    assert verify(database).faults == []
    assert verify(database, noted).faults == [
        "12 lines were noted, but the last one is line 9: the end was cut off."
    ]


def test_a_log_that_was_written_anew_shows_against_a_noted_head(database: SqlDatabase) -> None:
    fill(database)
    noted, at = head(database), Head()
    rows: list[dict[str, Any]] = []
    for line in database.read(lambda tx: list(audit_reading.exported(tx))):
        subject = "another" if line.number == 6 else line.subject
        forged = chained(
            Entry(line.tenant_id, line.actor, line.action, subject, dict(line.detail), NOW), at
        )
        rows.append({"subject": subject, "at": NOW, "previous_hash": at.hash, "hash": forged.hash})
        at = Head(forged.number, forged.hash)
    change(
        database,
        *(
            sa.update(audit).where(audit.c.number == number).values(values)
            for number, values in enumerate(rows, 1)
        ),
        sa.update(audit_head).values(hash=at.hash),
    )
    assert verify(database).faults == []
    assert verify(database, noted).faults == [f"Line {LINES} is not the one whose hash was noted."]


def test_an_older_head_is_found_and_stops_the_service(database: SqlDatabase) -> None:
    fill(database, 5)
    old = head(database)
    fill(database, 4)
    change(database, sa.update(audit_head).values(lines=old.lines, hash=old.hash))
    assert verify(database).faults == [
        "Lines 6 to 8 stand behind the head: added past the service, or the head is an older one."
    ]
    with pytest.raises(Unavailable, match="audit"):
        database.write(lambda tx: write(tx, "task_x"))


def test_without_a_head_nothing_is_done(database: SqlDatabase) -> None:
    fill(database, 3)
    change(database, sa.delete(audit_head))
    assert verify(database).faults == ["The head of the chain is missing."]
    with pytest.raises(Unavailable, match="audit"):
        database.write(lambda tx: write(tx, "task_x"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'x' WHERE number = 2",
        "DELETE FROM audit WHERE number = 2",
        "UPDATE audit_head SET lines = 1",
        "UPDATE audit_head SET hash = 'x'",
        "DELETE FROM audit_head",
        "TRUNCATE audit",
        "TRUNCATE audit_head",
    ],
)
def test_the_database_itself_refuses_to_change_lines(database: SqlDatabase, statement: str) -> None:
    if is_sqlite(database.engine) and statement.startswith("TRUNCATE"):
        pytest.skip("SQLite has no TRUNCATE")
    fill(database, 4)
    with (
        pytest.raises(exc.DBAPIError, match=r"never changed|forward only"),
        database.engine.begin() as connection,
    ):
        connection.exec_driver_sql(statement)
    assert verify(database).faults == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (AuditFilter(subject="s1"), ["s1"]),
        (AuditFilter(actor="worker"), ["s2"]),
        (AuditFilter(action="key.*"), ["s2", "s1"]),
        (AuditFilter(action="key.issue"), ["s1"]),
        (AuditFilter(action="ke"), []),
        (AuditFilter(since=NOW + 2), ["s3", "s2"]),
        (AuditFilter(until=NOW + 2), ["s1"]),
    ],
)
def test_lines_are_found(database: SqlDatabase, wanted: AuditFilter, expected: list[str]) -> None:
    rows = [
        ("s1", "operator", "key.issue"),
        ("s2", "worker", "key.revoke"),
        ("s3", "operator", "keys.x"),
    ]

    def work(tx: Transaction) -> None:
        for n, (subject, actor, action) in enumerate(rows, 1):
            tx.audit.write(
                tenant_id="t", actor=actor, action=action, subject=subject, detail={}, at=NOW + n
            )

    database.write(work)
    found = database.read(lambda tx: tx.audit.page("t", wanted=wanted, after=None, limit=9))
    assert [one["subject"] for one in found.items] == expected


def test_an_export_may_begin_and_end_anywhere(database: SqlDatabase) -> None:
    for n in range(6):
        database.write(
            lambda tx, n=n: tx.audit.write(
                tenant_id=None, actor="a", action="b", subject=str(n), detail={}, at=NOW + n
            )
        )
    lines = database.read(
        lambda tx: [
            one.exported()
            for one in audit_reading.exported(tx, NOW + 2, "2025-10-09T08:53:24.000000Z")
        ]
    )
    assert [json.loads(one)["subject"] for one in lines] == ["2", "3"]
    verdict = audit_reading.verify_export(lines)
    assert (verdict.faults, verdict.first, verdict.head.lines) == ([], 4, 5)
    noted = Head(4, json.loads(lines[0])["hash"])
    assert audit_reading.verify_export(lines, noted).faults == []
    assert audit_reading.verify_export(lines, Head(4, "0" * 64)).found == 1
    assert audit_reading.verify_export(lines, Head(6, "0" * 64)).found == 1
    assert audit_reading.verify_export(lines, Head(2, "0" * 64)).found == 1


@pytest.mark.parametrize(
    ("meddle", "fault"),
    [
        (
            lambda one: [*one[:3], one[3].replace("task_2", "task_7"), *one[4:]],
            "Line 4 was changed.",
        ),
        (lambda one: [*one[:3], *one[4:]], "Line 4 is missing."),
        (lambda one: [*one[:3], one[4], one[3], *one[5:]], "Line 4 is there twice"),
        (lambda one: [*one[:3], "{}", *one[4:]], "Line 4 was changed."),
        (lambda one: [*one[:3], one[3][:50], *one[4:]], "Line 4 was changed."),
        (lambda one: [*one[:4], *one[3:]], "Line 4 is there twice"),
    ],
)
def test_an_export_that_was_meddled_with_is_named(
    database: SqlDatabase, meddle: Callable[[list[str]], list[str]], fault: str
) -> None:
    fill(database, 7)
    lines = database.read(lambda tx: [one.exported() for one in audit_reading.exported(tx)])
    assert any(fault in one for one in audit_reading.verify_export(meddle(lines)).faults)


def test_a_damaged_log_is_not_given_out(database: SqlDatabase) -> None:
    fill(database, 5)
    change(database, sa.update(audit).where(audit.c.number == 3).values(detail=[1]))
    with pytest.raises(ValueError, match="Line 3"):
        subjects(database)


def test_the_work_of_others_is_not_held_up_by_a_tenant(database: SqlDatabase) -> None:
    owner = add_tenant(database, 50)

    def spend(n: int) -> None:
        def work(tx: Transaction) -> None:
            tx.credits.transfer(owner, "hold", 1, f"h{n}", at=NOW)
            write(tx, f"task_{n}")

        database.write(work)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(spend, range(50)))
    assert verify(database).faults == []
    assert head(database).lines == 51

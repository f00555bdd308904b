"""Accesses: the first is written at once, repeats are counted, none is written twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from database_samples import add_tenant, asset
from personae.adapters.database import RecordingQueue, SqlDatabase, database_from_url
from personae.app import accesses, audit
from personae.app.accesses import Accesses
from personae.errors import Unavailable


class Clock:
    now = 1_760_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqlDatabase]:
    made = database_from_url(
        f"sqlite:///{tmp_path / 'a.db'}", queue_factory=RecordingQueue().factory
    )
    made.migrate()
    yield made
    made.close()


def told(database: SqlDatabase) -> list[tuple[str, str, str, Any]]:
    page = database.read(lambda tx: tx.audit.page(None, after=None, limit=1000))
    return [
        (one["action"], one["actor"], one["subject"], one["detail"].get("times"))
        for one in reversed(page.items)
        if one["action"] != "audit.begin"
    ]


def test_repeats_within_the_hour_are_one_more_line(database: SqlDatabase) -> None:
    clock, asset_id = Clock(), "asset_" + "0" * 26
    noted = Accesses(clock)
    for _ in range(5):
        noted.downloaded(asset_id)
        asyncio.run(noted.flush(database))
        clock.now += 60
    with audit.acting("key_1"):
        noted.linked(asset_id)
    asyncio.run(noted.flush(database))
    first = ("asset.download", "link", asset_id, None)
    link = ("asset.link", "key_1", asset_id, None)
    assert told(database) == [first, link]
    clock.now += 3600
    asyncio.run(noted.flush(database))
    assert told(database) == [first, link, ("asset.download", "link", asset_id, 4)]
    noted.downloaded(asset_id)
    asyncio.run(noted.flush(database))
    assert told(database)[3:] == [first]


def test_bytes_lead_to_their_asset_and_its_owner(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    one = asset(owner, blob_key=f"assets/{owner}/0123abcd.png")
    database.write(lambda tx: tx.assets.insert(one))
    noted = Accesses(Clock())
    noted.downloaded(one.blob_key)
    noted.put(f"uploads/{owner}/{one.id}")
    noted.downloaded("assets/gone/feedbeef.png")
    asyncio.run(noted.flush(database))
    page = database.read(lambda tx: tx.audit.page(None, after=None, limit=9))
    assert {(x["subject"], x["tenant_id"]) for x in page.items if x["actor"] == "link"} == {
        (one.id, owner),
        ("feedbeef.png", None),
    }


class Down:
    """A database that is down for a while."""

    def __init__(self, real: SqlDatabase) -> None:
        self.real = real
        self.down = True

    async def awrite(self, work: Callable[[Any], Any]) -> Any:
        if self.down:
            raise Unavailable
        return await self.real.awrite(work)


def test_what_cannot_be_written_waits(database: SqlDatabase) -> None:
    noted, broken = Accesses(Clock()), Down(database)
    for n in range(450):
        noted.downloaded(f"asset_{n:026}")
    asyncio.run(noted.flush(broken))  # type: ignore[arg-type]
    assert told(database) == []
    broken.down = False
    asyncio.run(noted.flush(broken))  # type: ignore[arg-type]
    assert len(told(database)) == 450
    asyncio.run(noted.flush(broken, last=True))  # type: ignore[arg-type]
    assert len(told(database)) == 450


def test_the_end_of_the_process_writes_the_counts(database: SqlDatabase) -> None:
    noted = Accesses(Clock())

    async def serve() -> None:
        async with noted.flushing(database):
            for _ in range(3):
                noted.downloaded("asset_" + "0" * 26)

    asyncio.run(serve())
    assert [one[3] for one in told(database)] == [None, 2]


def test_more_than_can_be_held_is_said(
    database: SqlDatabase,
) -> None:
    noted = Accesses(Clock(), most=10)
    for n in range(13):
        noted.downloaded(f"asset_{n:026}")
    asyncio.run(noted.flush(database))
    assert len(told(database)) == 11
    assert told(database)[-1] == ("audit.lost", "service", "audit", 3)
    assert accesses.EVERY_S <= 1.0

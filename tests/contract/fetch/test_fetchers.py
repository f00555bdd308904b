"""What the guarded fetcher and its fake must both do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from contract.fetch.loopback import Names, page, redirect, serving
from personae.adapters.fetch import FakeFetcher, GuardedFetcher
from personae.adapters.fetch.fake import FakePage
from personae.app.ports import Fetcher
from personae.errors import (
    AddressRefused,
    InvalidRequest,
    MediaTooLarge,
    MediaUnreachable,
    PersonaeError,
)

HOSTS = {"www.example": "127.0.0.1", "inside.example": "10.0.0.1"}
PAGES = {
    "/a": FakePage(b"picture"),
    "/empty": FakePage(b""),
    "/missing": FakePage(b"not here", 404),
    "/forbidden": FakePage(b"", 403),
    "/gone": FakePage(b"", 410),
    "/slow": FakePage(b"", 408),
    "/busy": FakePage(b"", 429),
    "/broken": FakePage(b"", 503),
    "/moved": FakePage(location="/a"),
    "/away": FakePage(location="http://inside.example/a"),
    "/a?t=hush": FakePage(b"picture"),
    "/missing?t=hush": FakePage(b"", 404),
    "/loop": FakePage(location="/loop"),
}


@dataclass
class World:
    """A fetcher and a site that it may visit."""

    fetcher: Fetcher
    site: str
    posted: Callable[[], list[bytes]]


@asynccontextmanager
async def guarded_world() -> AsyncIterator[World]:
    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        found = PAGES[head.split()[1].decode()]
        if found.location is not None:
            writer.write(redirect(found.location))
        else:
            writer.write(page(found.body, f"{found.status} Status"))

    async with serving(answer) as server:
        names = Names(www_example=[["127.0.0.1"]], inside_example=[["10.0.0.1"]])
        fetcher = GuardedFetcher(["127.0.0.1"], resolve=names)

        def posted() -> list[bytes]:
            return [one.partition(b"\r\n\r\n")[2] for one in server.requests]

        yield World(fetcher, f"http://www.example:{server.port}", posted)


@asynccontextmanager
async def fake_world() -> AsyncIterator[World]:
    site = "http://www.example:8080"
    pages = {f"{site}{path}": found for path, found in PAGES.items()}
    fetcher = FakeFetcher(pages, hosts=HOSTS, allow=["127.0.0.1"])
    yield World(fetcher, site, lambda: [one.body for one in fetcher.posts])


class MakeWorld(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[World]: ...


@pytest.fixture(params=[guarded_world, fake_world])
def world(request: pytest.FixtureRequest) -> MakeWorld:
    return request.param


def fetch(world: MakeWorld, url: str, path: Path, limit_bytes: int = 1000) -> int:
    async def run() -> int:
        async with world() as here:
            return await here.fetcher.fetch_into(
                url if "://" in url else here.site + url,
                path,
                limit_bytes=limit_bytes,
                timeout_s=20.0,
            )

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "body"), [("/a", b"picture"), ("/moved", b"picture"), ("/empty", b"")]
)
def test_files_are_fetched(world: MakeWorld, tmp_path: Path, url: str, body: bytes) -> None:
    assert fetch(world, url, tmp_path / "x") == len(body)
    assert (tmp_path / "x").read_bytes() == body


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("/missing", MediaUnreachable),
        ("/broken", MediaUnreachable),
        ("/loop", MediaUnreachable),
        ("/away", AddressRefused),
        ("http://inside.example/a", AddressRefused),
        ("http://127.0.0.2/a", AddressRefused),
        ("http://[::1]/a", AddressRefused),
        ("http://localhost/a", AddressRefused),
        ("http://u:p@www.example/a", InvalidRequest),
        ("ftp://www.example/a", InvalidRequest),
    ],
)
def test_what_is_not_fetched_leaves_nothing(
    world: MakeWorld, tmp_path: Path, url: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        fetch(world, url, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "retryable"),
    [
        *(("/missing", False), ("/forbidden", False), ("/gone", False), ("/loop", False)),
        *(("/broken", True), ("/busy", True), ("/slow", True)),
    ],
)
def test_another_try_is_advised_where_it_may_help(
    world: MakeWorld, tmp_path: Path, path: str, retryable: bool
) -> None:
    with pytest.raises(MediaUnreachable) as refused:
        fetch(world, path, tmp_path / "x")
    assert refused.value.retryable is retryable


@pytest.mark.parametrize("url", ["/missing?t=hush", "/a?t=hush", "http://inside.example/?t=hush"])
def test_errors_do_not_repeat_a_query(world: MakeWorld, tmp_path: Path, url: str) -> None:
    """Signed URLs have their secrets there."""
    with pytest.raises(PersonaeError) as caught:
        fetch(world, url, tmp_path / "x", limit_bytes=3)
    assert "hush" not in caught.value.message


def test_the_limit_is_kept(world: MakeWorld, tmp_path: Path) -> None:
    assert fetch(world, "/a", tmp_path / "x", limit_bytes=7) == 7
    with pytest.raises(MediaTooLarge):
        fetch(world, "/a", tmp_path / "y", limit_bytes=6)
    assert not (tmp_path / "y").exists()


def test_nothing_is_overwritten(world: MakeWorld, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        fetch(world, "/a", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("path", "status"), [("/a", 200), ("/missing", 404), ("/broken", 503), ("/moved", 302)]
)
def test_posts_are_delivered_once_and_not_redirected(
    world: MakeWorld, path: str, status: int
) -> None:
    async def run() -> tuple[int, list[bytes]]:
        async with world() as here:
            answer = await here.fetcher.post(
                here.site + path, b"event", {"X-A": "b"}, timeout_s=20.0
            )
            return answer.status, here.posted()

    assert asyncio.run(run()) == (status, [b"event"])


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://inside.example/a", AddressRefused),
        ("http://10.0.0.1/", AddressRefused),
        ("ws://www.example/", InvalidRequest),
    ],
)
def test_posts_go_nowhere_else(world: MakeWorld, url: str, error: type[Exception]) -> None:
    async def run() -> None:
        async with world() as here:
            await here.fetcher.post(url, b"", {}, timeout_s=20.0)

    with pytest.raises(error):
        asyncio.run(run())

"""Every field of every call that takes a URL, given addresses that the service must not visit.

What the fetcher itself does with names, redirects and rebinding is in `tests/contract/fetch`; here
it is the calls that are attacked, and after them the worker's side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from attacks.routes import Call, Way, calls_of
from attacks.test_scopes import NAMES
from contract.fetch.loopback import Names, Server, page, redirect, serving
from contract.fetch.test_urls import DISGUISED, FORBIDDEN
from personae.adapters.fetch import GuardedFetcher
from personae.errors import AddressRefused, InvalidRequest, MediaUnreachable, PersonaeError
from wire.service import Service

BAD = [
    *FORBIDDEN,
    *DISGUISED,
    "http://user:pass@example.com/a.png",
    "http://example.com@127.0.0.1/a.png",
    "http://127.0.0.1:80\\@example.com/",
    "http://[fe80::1%25eth0]/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "http://example.com:22/",
    "http://example.com:6379/\r\nSET a b",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://127.0.0.1/a.png",
]


ASKED_ONLY = ("/crun/api/v1/client/job/EstimateTask", "callback_url")
"""What an estimate says about where it would be told is read, and neither kept nor visited."""


def url_fields(call: Call) -> list[Way]:
    """Where a call's example has a URL, and therefore takes one."""

    def at(way: Way) -> Any:
        value = call.example
        for step in way:
            value = value[step]
        return value

    return [
        way
        for way in call.leaves()
        if str(at(way)).startswith(("http://", "https://")) and (call.path, way[-1]) != ASKED_ONLY
    ]


def test_no_field_of_any_call_takes_an_address_inside(service: Service) -> None:
    service.tenant("ours", credits=1_000_000)
    tried, taken = 0, list[str]()
    fields: set[str] = set()
    for call in calls_of(service):
        for way in url_fields(call) if call.scope is not None else ():
            fields.add(f"{call.path} {way}")
            for url in BAD:
                queued, posts = len(service.queued.tasks), len(service.fetcher.posts)
                answer = service.client.request(
                    call.method,
                    call.url(NAMES),
                    json=call.with_leaf(way, url),
                    headers=service.headers(),
                )
                tried += 1
                code = answer.json().get("code") if answer.content else None
                refused = answer.status_code >= 400 or (
                    isinstance(code, int) and code not in (0, 200)
                )
                if not refused or answer.status_code >= 500:
                    taken.append(f"{call.name} {way} {url}: {answer.text[:200]}")
                assert len(service.queued.tasks) == queued, (call.name, way, url)
                assert len(service.fetcher.posts) == posts
    assert taken == []
    assert len(fields) >= 20, sorted(fields)
    assert tried > 1000, tried


# --- And over a real network: a site on loopback that must never hear of us


def outside_in() -> Iterator[tuple[str, Callable[[int], Names], bytes | str]]:
    """Names, by how they lie; each at last leads to the second loopback address."""
    yield "private name", lambda _: Names(evil_example=[["127.0.0.2"]]), ""
    yield "mixed answers", lambda _: Names(evil_example=[["127.0.0.1", "127.0.0.2"]]), ""
    yield "mapped", lambda _: Names(evil_example=[["::ffff:127.0.0.2"]]), ""
    yield "NAT64", lambda _: Names(evil_example=[["64:ff9b::7f00:2"]]), ""
    yield "6to4", lambda _: Names(evil_example=[["2002:7f00:2::"]]), ""
    yield "zone", lambda _: Names(evil_example=[["fe80::1%lo"]]), ""
    yield "rebinding", lambda _: Names(evil_example=[["127.0.0.1"], ["127.0.0.2"]]), "again"
    for number, location in enumerate(
        (
            "http://127.0.0.2:{port}/",
            "//127.0.0.2:{port}/",
            "http://2130706434:{port}/",
            "http://0x7f000002:{port}/",
            "http://0177.0.0.2:{port}/",
            "http://127.2:{port}/",
            "http://[::ffff:127.0.0.2]:{port}/",
            "http://[::ffff:7f00:2]:{port}/",
            "http://a@127.0.0.2:{port}/",
            "http://127.0.0.1:80@127.0.0.2:{port}/",
            "http://evil.example\\@127.0.0.2:{port}/",
            "http://inside.example:{port}/",
            "http://\u2460\u2461\u2466.0.0.2:{port}/",
            "gopher://127.0.0.2:{port}/_",
            "file:///etc/passwd",
            "ftp://127.0.0.2:{port}/",
        )
    ):
        names = {"evil_example": [["127.0.0.1"]], "inside_example": [["127.0.0.2"]]}
        yield f"redirect {number}", lambda _, given=names: Names(**given), location


CASES = list(outside_in())


@pytest.mark.parametrize("way", ["media", "webhook"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_nothing_inside_is_ever_asked(tmp_path: Path, way: str, case: Any) -> None:
    _, names_of, location = case

    async def run() -> None:
        async with serving(page(b"public"), host="127.0.0.1") as site:
            names = names_of(site.port)
            async with serving(page(b"secret"), host="127.0.0.2", port=site.port) as inside:
                await attack(site, inside, names)

    async def attack(site: Server, inside: Server, names: Names) -> None:
        fetcher = GuardedFetcher(["127.0.0.1"], resolve=names)
        url = f"http://evil.example:{site.port}/a"
        if location:
            target = str(location).replace("{port}", str(site.port))
            target = "/again" if location == "again" else target
            async with serving(redirect(target)) as hop:
                url = f"http://evil.example:{hop.port}/a"
                if location == "again":  # To itself, under the name that now leads inside.
                    async with serving(page(b"secret"), host="127.0.0.2", port=hop.port) as trap:
                        await refused(visit(fetcher, url), way)
                        assert trap.requests == []
                        return
                await refused(visit(fetcher, url), way)
        else:
            await refused(visit(fetcher, url), "media")
        assert inside.requests == []

    def visit(fetcher: GuardedFetcher, url: str) -> Awaitable[object]:
        if way == "media":
            return fetcher.fetch_into(url, tmp_path / "x", limit_bytes=1000, timeout_s=20.0)
        return fetcher.post(url, b"{}", {})

    asyncio.run(run())


async def refused(doing: Awaitable[object], way: str) -> None:
    """It must not work; of a webhook it may, because redirects are answers there, not orders."""
    try:
        answer = await doing
    except (AddressRefused, InvalidRequest, MediaUnreachable):
        return
    except PersonaeError as error:  # pragma: no cover
        raise AssertionError(f"refused, but not as an address: {error!r}") from error
    assert way == "webhook", answer

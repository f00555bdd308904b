"""A network in memory: what a fetcher would find, for tests and experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from personae.adapters.fetch.allowing import AllowList
from personae.adapters.fetch.bodies import no_file
from personae.adapters.fetch.gate import Gate
from personae.adapters.fetch.urls import read_url
from personae.app.ports import Answer
from personae.errors import AddressRefused, MediaTooLarge, MediaUnreachable

_MAX_REDIRECTS = 5
_PUBLIC = "93.184.215.14"


@dataclass(frozen=True, slots=True)
class FakePage:
    """What a URL answers with."""

    body: bytes = b""
    status: int = 200
    location: str | None = None


@dataclass(frozen=True, slots=True)
class FakePost:
    """What was sent to a URL."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class FakeFetcher:
    """`personae.app.ports.Fetcher` without a network.

    URLs are read and addresses judged as `GuardedFetcher` does; every name is public unless
    `hosts` says otherwise.

    Attributes
    ----------
    pages : dict of URL to FakePage
        Change it at will; anything else cannot be reached.
    hosts : dict of name to address
    posts : list of FakePost
        What was delivered, in order; also what a page answered with an error status.
    """

    def __init__(
        self,
        pages: Mapping[str, FakePage] | None = None,
        *,
        hosts: Mapping[str, str] | None = None,
        allow: Sequence[str] = (),
    ) -> None:
        self.pages = dict(pages or {})
        self.hosts = dict(hosts or {})
        self.posts: list[FakePost] = []
        self._gate = Gate(AllowList.of(allow), self._resolve)

    async def _resolve(self, host: str) -> Sequence[str]:
        return [self.hosts.get(host, _PUBLIC)]

    def check(self, url: str) -> None:
        self._gate.look(read_url(url))

    async def fetch_into(self, url: str, path: Path, *, limit_bytes: int, timeout_s: float) -> int:
        if path.exists():
            raise FileExistsError(path)
        scheme = ""
        for _ in range(_MAX_REDIRECTS + 1):
            parsed = read_url(url)
            if scheme == "https" and parsed.scheme == "http":
                raise AddressRefused("The URL redirects from https to http.")
            scheme = parsed.scheme
            page = await self._page(url)
            if page.location is None:
                break
            following = parsed.joined(page.location)
            url = f"{following.scheme}://{following.authority}{following.path}"
        else:
            raise MediaUnreachable(
                f"The URL redirects more than {_MAX_REDIRECTS} times.", retryable=False
            )
        if page.status != 200:
            raise no_file(parsed.shown, page.status)
        if len(page.body) > limit_bytes:
            raise MediaTooLarge(f"{parsed.shown} is larger than {limit_bytes} bytes.")
        path.write_bytes(page.body)
        return len(page.body)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float = 10.0
    ) -> Answer:
        page = await self._page(url)
        self.posts.append(FakePost(url, body, dict(headers)))
        return Answer(302 if page.location else page.status, 0.0)

    async def _page(self, url: str) -> FakePage:
        parsed = read_url(url)
        await self._gate.addresses(parsed)
        if url not in self.pages:
            raise MediaUnreachable(f"{parsed.shown} cannot be reached.")
        return self.pages[url]

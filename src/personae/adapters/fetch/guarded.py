"""Fetching media and delivering webhooks without becoming somebody's tool inside the network.

Every hop goes the same way: the URL is read strictly, the host resolved by us, every address
checked, and the connection made to one of the checked addresses by number. Name and certificate
are those of the URL (Host header, SNI), but nobody resolves the name a second time, so an answer
that changes in between changes nothing. Redirects are followed here, hop by hop, for the same
reason. Proxies, cookies and credentials of the environment are not used.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path

import httpx

from personae.adapters.fetch.addresses import Address
from personae.adapters.fetch.allowing import AllowList
from personae.adapters.fetch.bodies import Limit, no_file, unpacked
from personae.adapters.fetch.gate import Gate, Resolver, SystemResolver
from personae.adapters.fetch.saving import Download
from personae.adapters.fetch.urls import ParsedUrl, read_url
from personae.app.ports import Answer
from personae.errors import AddressRefused, MediaUnreachable

_MAX_REDIRECTS = 5
_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT_S = 10.0
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "te"})


class GuardedFetcher:
    """`personae.app.ports.Fetcher` over the network.

    Parameters
    ----------
    allow : sequence of str
        ``PERSONAE_FETCH_ALLOW``: names, addresses and CIDR blocks that may be private.
    resolve : Resolver, optional
        The system's if omitted.
    trust : ssl.SSLContext, optional
        Whose certificates are believed; the usual public authorities if omitted.
    idle_s : float, seconds
        How long a server may say nothing.
    """

    def __init__(
        self,
        allow: Sequence[str] = (),
        *,
        resolve: Resolver | None = None,
        trust: ssl.SSLContext | None = None,
        idle_s: float = 15.0,
    ) -> None:
        self._gate = Gate(AllowList.of(allow), resolve or SystemResolver())
        self._given_trust = trust
        self._idle_s = idle_s

    def check(self, url: str) -> None:
        """Refuse what can be refused by looking at the URL alone.

        Raises
        ------
        InvalidRequest, AddressRefused
        """
        self._gate.look(read_url(url))

    async def fetch_into(self, url: str, path: Path, *, limit_bytes: int, timeout_s: float) -> int:
        """Download into a new file, which appears only when it is whole; its size in bytes.

        Up to five redirects are followed, never from https to http.

        Raises
        ------
        InvalidRequest, AddressRefused
            If the URL, or one that it redirects to, must not be visited.
        MediaUnreachable
            If the host does not answer with a file, or not within `timeout_s` in total.
        MediaTooLarge
            If it says that it sends more than `limit_bytes`, or does.
        Unavailable
            If the disk does not take it.
        """
        parsed = read_url(url)
        if path.exists():
            raise FileExistsError(path)
        try:
            async with asyncio.timeout(timeout_s):
                for _ in range(_MAX_REDIRECTS + 1):
                    async with self._exchange("GET", parsed, _GET_HEADERS, b"") as response:
                        if response.status_code not in _REDIRECTS:
                            return await self._save(response, parsed, path, limit_bytes)
                        parsed = _next(parsed, response)
        except TimeoutError as error:
            raise MediaUnreachable(
                f"{parsed.shown} was not downloaded within {timeout_s:.0f} s; try again."
            ) from error
        raise MediaUnreachable(
            f"The URL redirects more than {_MAX_REDIRECTS} times.", retryable=False
        )

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float = 10.0
    ) -> Answer:
        """POST, following no redirect and reading nothing of the answer's body.

        Raises
        ------
        InvalidRequest, AddressRefused, MediaUnreachable
        """
        parsed = read_url(url)
        started = time.monotonic()
        sent = {name: value for name, value in headers.items() if name.lower() not in _OWN_HEADERS}
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._exchange("POST", parsed, {**_HEADERS, **sent}, body) as response,
            ):
                return Answer(response.status_code, time.monotonic() - started)
        except TimeoutError as error:
            raise MediaUnreachable(
                f"{parsed.shown} did not answer within {timeout_s:.0f} s."
            ) from error

    @asynccontextmanager
    async def _exchange(
        self, method: str, parsed: ParsedUrl, headers: Mapping[str, str], body: bytes
    ) -> AsyncGenerator[httpx.Response]:
        """One request and the beginning of its answer; whatever breaks is `MediaUnreachable`."""
        addresses = await self._gate.addresses(parsed)
        # A transport of its own for every hop: no cookies, no proxies, and no connection that
        # was made for one name and is used for another.
        async with httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False) as transport:
            try:
                response = await self._first(transport, addresses, method, parsed, headers, body)
                try:
                    yield response
                finally:
                    await response.aclose()
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                if isinstance(error, TimeoutError):
                    raise
                raise MediaUnreachable(
                    f"{parsed.shown} cannot be reached: {_why(error)}."
                ) from error

    async def _first(
        self,
        transport: httpx.AsyncHTTPTransport,
        addresses: Sequence[Address],
        method: str,
        parsed: ParsedUrl,
        headers: Mapping[str, str],
        body: bytes,
    ) -> httpx.Response:
        """The answer of the first address that lets us connect."""
        for address in addresses[:-1]:
            try:
                return await transport.handle_async_request(
                    self._request(address, method, parsed, headers, body)
                )
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await transport.handle_async_request(
            self._request(addresses[-1], method, parsed, headers, body)
        )

    def _request(
        self,
        address: Address,
        method: str,
        parsed: ParsedUrl,
        headers: Mapping[str, str],
        body: bytes,
    ) -> httpx.Request:
        """A request to a number, under the name that stands in the URL."""
        timeout = httpx.Timeout(self._idle_s, connect=_CONNECT_S)
        return httpx.Request(
            method,
            httpx.URL(
                scheme=parsed.scheme,
                host=str(address),
                port=parsed.port,
                raw_path=parsed.path.encode("ascii"),
            ),
            headers={"Host": parsed.authority, **headers},
            content=body if method == "POST" else None,
            extensions={"timeout": timeout.as_dict(), "sni_hostname": parsed.host},
        )

    async def _save(
        self, response: httpx.Response, parsed: ParsedUrl, path: Path, limit_bytes: int
    ) -> int:
        """Write the body aside, then give it its name."""
        if response.status_code != _OK:
            raise no_file(parsed.shown, response.status_code)
        limit = Limit(parsed.shown, limit_bytes)
        limit.announce(response.headers.get("content-length"))
        download = Download(path)
        try:
            async for piece in unpacked(response, limit):
                await download.write(piece)
            return await download.finish()
        except BaseException:
            download.discard()
            raise

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return self._given_trust or httpx.create_ssl_context(trust_env=False)


_HEADERS = {"User-Agent": "Personae", "Accept": "*/*", "Connection": "close"}
_GET_HEADERS = {**_HEADERS, "Accept-Encoding": "identity"}


def _next(parsed: ParsedUrl, response: httpx.Response) -> ParsedUrl:
    """Where a redirect leads."""
    location = response.headers.get("location")
    if not location:
        raise MediaUnreachable(f"{parsed.shown} redirects, but does not say where to.")
    following = parsed.joined(location)
    if parsed.scheme == "https" and following.scheme == "http":
        raise AddressRefused(
            f"{parsed.shown} redirects from https to http, where anybody on the way can read and "
            "change the file."
        )
    return following


def _why(error: Exception) -> str:
    """What went wrong, without addresses."""
    text = str(error).lower()
    if "certificate" in text:
        return "its certificate is not valid"
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    if isinstance(error, httpx.ProtocolError):
        return "its answer breaks the rules of HTTP or was cut off"
    if isinstance(error, httpx.ConnectError):
        return "it does not accept connections"
    return "the connection broke"

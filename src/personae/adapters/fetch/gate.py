"""Deciding where a request may go, before and after its host's name is resolved."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Protocol

import structlog

from personae.adapters.fetch.addresses import Address
from personae.adapters.fetch.allowing import AllowList
from personae.adapters.fetch.urls import ParsedUrl, is_local_name
from personae.errors import AddressRefused, MediaUnreachable

_RESOLVE_S = 5.0
_RESOLVERS = 8
_MAX_ADDRESSES = 4
_log = structlog.get_logger("personae.fetch")


class Resolver(Protocol):
    """From a host's name to all its addresses, as text."""

    async def __call__(self, host: str) -> Sequence[str]:
        """Raises `OSError` if there are none."""
        ...


class SystemResolver:
    """The system's own, in threads of its own: a slow one blocks neither the loop nor others."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="personae-resolve")

    async def __call__(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_RESOLVE_S):
            found = await loop.run_in_executor(self._threads, _look_up, host)
        return list(dict.fromkeys(found))


def _look_up(host: str) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class Gate:
    """Lets through what is public or on the operator's list.

    Parameters
    ----------
    allow : AllowList
    resolve : Resolver
    """

    def __init__(self, allow: AllowList, resolve: Resolver) -> None:
        self._allow = allow
        self._resolve = resolve

    def look(self, parsed: ParsedUrl) -> None:
        """Refuse what needs no resolving.

        Raises
        ------
        AddressRefused
        """
        if parsed.address is not None:
            self._check(parsed, parsed.address)
        elif is_local_name(parsed.host) and parsed.host not in self._allow.hosts:
            raise _refused(parsed, "a name of this machine")

    async def addresses(self, parsed: ParsedUrl) -> list[Address]:
        """Where to connect to: every one of them has been checked.

        If any address of a host is refused, the host is: an honest one does not mix public and
        private addresses.

        Raises
        ------
        AddressRefused
        MediaUnreachable
            If the name does not resolve within 5 s.
        """
        self.look(parsed)
        if parsed.address is not None:
            return [parsed.address]
        try:
            found = [ip_address(text) for text in await self._resolve(parsed.host)]
        except (OSError, TimeoutError, UnicodeError, ValueError) as error:
            raise MediaUnreachable(
                f"The host {parsed.host} cannot be found; check the URL."
            ) from error
        if not found:
            raise MediaUnreachable(f"The host {parsed.host} has no address; check the URL.")
        for address in found:
            self._check(parsed, address)
        return found[:_MAX_ADDRESSES]

    def _check(self, parsed: ParsedUrl, address: Address) -> None:
        reason = self._allow.refusal(parsed.host, address)
        if reason is not None:
            raise _refused(parsed, reason)


def _refused(parsed: ParsedUrl, reason: str) -> AddressRefused:
    # What a name resolved to is for the operator's eyes: outside it would map the network.
    _log.warning("address_refused", url=parsed.shown, reason=reason)
    return AddressRefused(
        f"{parsed.host} is not an address that this service visits; use a public one."
    )

"""What the operator lets the service reach although it is private."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from personae.adapters.fetch.addresses import Address, Network, family
from personae.adapters.fetch.urls import ascii_host
from personae.errors import InvalidRequest

_ALLOWED_BY_NAME = frozenset(
    {"private", "shared (carrier NAT)", "loopback", "unique local", "site-local", "benchmarking"}
)


@dataclass(frozen=True, slots=True)
class AllowList:
    """What the operator lets the service reach although it is private.

    Attributes
    ----------
    hosts : names, lower case
        May resolve to private, shared, loopback, unique local, site-local and benchmarking
        addresses; never to a metadata service, or to an address wrapped in another.
    networks : addresses and CIDR blocks
        Allowed whatever they are, under any name that resolves into them.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Sequence[str]) -> AllowList:
        """From ``PERSONAE_FETCH_ALLOW``'s entries, such as ``media.lan``, ``10.0.0.0/8``, ``::1``.

        Raises
        ------
        InvalidRequest
            If an entry is a block with bits beyond its length, or neither a name nor an address.
        """
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in (one.strip() for one in entries):
            if not entry:
                continue
            try:
                networks.append(ip_network(re.sub(r"[\[\]]", "", entry)))
            except ValueError:
                if "/" in entry:
                    raise InvalidRequest(
                        f"{entry} in the list of allowed addresses is no network; write it as "
                        "10.1.0.0/16, with zeros after the length."
                    ) from None
                hosts.add(ascii_host(entry))
        return cls(frozenset(hosts), tuple(networks))

    def refusal(self, host: str, address: Address) -> str | None:
        """Why `address`, which `host` resolved to, is not visited; None if it may be."""
        reason = family(address)
        if reason is None or any(
            address.version == network.version and address in network for network in self.networks
        ):
            return None
        if host in self.hosts and reason in _ALLOWED_BY_NAME:
            return None
        return reason

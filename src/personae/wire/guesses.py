"""Wrong keys, counted by where they come from: whoever guesses is soon refused unheard."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import structlog

_MOST_ADDRESSES = 10_000
"""Addresses that are counted at once; those heard of longest ago are forgotten."""
_MOST_GOOD = 10_000
_V6_NETWORK_BITS = 64
_log = structlog.get_logger("personae.wire")


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    barred: bool = False


class Guesses:
    """How many wrong keys an address may still send, in one process.

    Each has a bucket of `burst` guesses that fills at `per_s`. Once it is empty, keys from there
    that were never right before are refused without being looked at, so the answer tells nothing.
    Keys that were right go on working: nobody can lock out a tenant whose address they share.

    Parameters
    ----------
    burst : int
    per_s : float
    """

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst, self._per_s = float(burst), per_s
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._good: OrderedDict[str, None] = OrderedDict()

    def was_right(self, name: str) -> None:
        """Remember a digest of a key that was right."""
        self._good[name] = None
        self._good.move_to_end(name)
        while len(self._good) > _MOST_GOOD:
            self._good.popitem(last=False)

    def wait_s(self, address: str, name: str, now: float) -> float:
        """0 if the key of this digest may be looked at; else for how many seconds not."""
        if name in self._good:
            return 0.0
        bucket = self._buckets.get(network_of(address))
        if bucket is None:
            return 0.0
        self._fill(bucket, now)
        return 0.0 if bucket.left >= 1.0 else (1.0 - bucket.left) / self._per_s

    def was_wrong(self, address: str, name: str, now: float) -> None:
        """Take one guess off what an address has left; a key that was right has been revoked."""
        self._good.pop(name, None)
        network = network_of(address)
        bucket = self._buckets.get(network)
        if bucket is None:
            bucket = self._buckets[network] = _Bucket(self._burst, now)
            while len(self._buckets) > _MOST_ADDRESSES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(network)
        self._fill(bucket, now)
        bucket.left = max(0.0, bucket.left - 1.0)
        if bucket.left < 1.0 and not bucket.barred:
            bucket.barred = True
            _log.warning("too many wrong keys", action="auth.guessing", address=network)

    def _fill(self, bucket: _Bucket, now: float) -> None:
        # Clocks can be set back; a bucket never loses by that.
        bucket.left = min(self._burst, bucket.left + max(0.0, now - bucket.at) * self._per_s)
        bucket.at = now
        if bucket.left >= self._burst:
            bucket.barred = False


def network_of(address: str) -> str:
    """What is counted as one: an IPv4 address, or the IPv6 network that one customer has."""
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(read, IPv6Address):
        if read.ipv4_mapped is not None:
            return str(read.ipv4_mapped)
        shift = 128 - _V6_NETWORK_BITS
        return f"{IPv6Address(int(read) >> shift << shift)}/{_V6_NETWORK_BITS}"
    return str(read)

"""The first key, for the studio to offer once to whoever started the service.

It is held in memory alone, for an hour. Who holds the code of the link that ``personae serve``
prints gets it from anywhere. Without the code it is given to programs of the same user of the same
machine only: the connection comes straight from the loopback, it asks for the loopback by name
(else another site could have brought a browser here by its DNS), no proxy says that it passes on
what others asked for, and the system says that the other end of it belongs to this process's user.
Where the system tells nothing of that (all but Linux), the code is needed.

A forwarder that this user runs and that says nothing of whom it forwards for (a tunnel, socat) is
this user to us: whoever reaches it within the hour, before anybody took the key, can take it.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from personae.app.ports import Clock

LIFETIME_S = 3600.0
_MOST_WRONG = 20
_PROXIES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

Client = tuple[str, int]
Server = tuple[str, int | None]


class FirstKey:
    """One key, given out once.

    Parameters
    ----------
    key : str
    clock : Clock
        Tells when the hour is over.

    Attributes
    ----------
    code : str
        Of the link; 128 random bits.
    """

    def __init__(self, key: str, clock: Clock) -> None:
        self._key: str | None = key
        self._clock, self._until = clock, clock() + LIFETIME_S
        self._wrong = 0
        self._lock = threading.Lock()
        self.code = secrets.token_urlsafe(16)

    def open_to(self, ends: tuple[Client, Server], headers: Mapping[str, str]) -> bool:
        """Whether a connection gets the key without the code.

        Parameters
        ----------
        ends : ((client's host, port), (server's host, port))
        headers : mapping
            Of the request; names in small letters.
        """
        there = self._key is not None and self._clock() < self._until
        return there and _is_local(ends, headers) and _is_same_user(*ends)

    def take(
        self, ends: tuple[Client, Server], headers: Mapping[str, str], code: str | None
    ) -> str | None:
        """The key, for the first that may have it; None for everybody else."""
        if code is None and not self.open_to(ends, headers):
            return None
        with self._lock:
            if self._key is None or self._clock() >= self._until or self._wrong >= _MOST_WRONG:
                return None
            if code is not None and not secrets.compare_digest(code.encode(), self.code.encode()):
                self._wrong += 1
                return None
            key, self._key = self._key, None
            return key


def _is_local(ends: tuple[Client, Server], headers: Mapping[str, str]) -> bool:
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    return (
        _is_loopback(ends[0][0])
        and (host == "localhost" or _is_loopback(host))
        and not any(name in headers for name in _PROXIES)
        and headers.get("origin", f"http://{headers.get('host')}")
        == f"http://{headers.get('host')}"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_same_user(client: Client, server: Server) -> bool:
    """Whether the client's end of a connection is a socket of this process's user."""
    wanted = {(_plain(client[0]), client[1]), (_plain(server[0]), server[1])}
    for table in _TABLES:
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            local, remote = _end(fields[1]), _end(fields[2])
            # Both ends of a connection to oneself are in the table: the client's is meant.
            if local == (_plain(client[0]), client[1]) and {local, remote} == wanted:
                return int(fields[7]) == os.getuid()
    return False


def _end(told: str) -> tuple[str, int]:
    """An address and port as the table writes them: 32-bit words in the machine's byte order."""
    words, _, port = told.partition(":")
    raw = bytes.fromhex(words)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return _plain(str(ipaddress.ip_address(raw))), int(port, 16)


def _plain(host: str) -> str:
    """An address without its scope, and in IPv4 where it is one in IPv6's clothes."""
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return host
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)

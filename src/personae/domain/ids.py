"""Names of things: sortable by time, unguessable, told apart by their prefix."""

from __future__ import annotations

import os
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u
_TIME_CHARS = 10
_RANDOM_CHARS = 16
_RANDOM_BYTES = 10
_STOCK_BYTES = 4096


class _Stock:
    """Random bytes of the system, fetched many at a time.

    Each fetch lets go of the interpreter's lock, and getting it back costs a busy process more
    than all the rest of a name: 0.4 ms of a submit.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = b""
        self._pid = 0

    def take(self, count: int) -> bytes:
        """Bytes that nobody else gets; a forked child does not go on with its parent's."""
        with self._lock:
            if len(self._bytes) < count or self._pid != os.getpid():
                self._bytes, self._pid = os.urandom(_STOCK_BYTES), os.getpid()
            taken, self._bytes = self._bytes[:count], self._bytes[count:]
            return taken


_stock = _Stock()


def new_id(prefix: str, now_s: float | None = None) -> str:
    """A fresh name such as ``task_01hx…``: 48 bits of milliseconds, then 80 random bits.

    Names made later sort later (within a millisecond their order is random), so a listing by name
    is a listing by age. The layout is that of a ULID, in lower case.
    """
    millis = int((time.time() if now_s is None else now_s) * 1000)
    return packed(prefix, (millis << 80) | int.from_bytes(_stock.take(_RANDOM_BYTES), "big"))


def packed(prefix: str, value: int) -> str:
    """The name of a number of 128 bits."""
    chars = [_ALPHABET[(value >> (5 * i)) & 31] for i in range(_TIME_CHARS + _RANDOM_CHARS)]
    return f"{prefix}_{''.join(reversed(chars))}"


def unpacked(name: str) -> int:
    """The number that a name was made of; `packed` makes the same name of it."""
    value = 0
    for char in name.rpartition("_")[2]:
        value = value << 5 | _ALPHABET.index(char)
    return value


def hex_id(chars: int, now_s: float | None = None) -> str:
    """A fresh name of `chars` lower-case hex digits, the first eight of them the time in seconds.

    With 24 of them the layout is that of MongoDB's ObjectId. Without `now_s` all are random.
    """
    if now_s is None:
        return _stock.take((chars + 1) // 2).hex()[:chars]
    return f"{int(now_s) & 0xFFFFFFFF:08x}{_stock.take((chars - 7) // 2).hex()[: chars - 8]}"


def int_id() -> int:
    """A fresh positive number that fits 31 bits, as wide as clients' integers may be.

    Too short to be unguessable or to be always fresh: whoever takes one looks it up first, and
    whose it is gets checked at every use.
    """
    return 100_000_000 + int.from_bytes(_stock.take(4), "big") % 2_000_000_000

"""Names of things: sortable by time, unguessable, told apart by their prefix."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u
_TIME_CHARS = 10
_RANDOM_CHARS = 16


def new_id(prefix: str, now_s: float | None = None) -> str:
    """A fresh name such as ``task_01hx…``: 48 bits of milliseconds, then 80 random bits.

    Names made later sort later (within a millisecond their order is random), so a listing by name
    is a listing by age. The layout is that of a ULID, in lower case.
    """
    millis = int((time.time() if now_s is None else now_s) * 1000)
    value = (millis << 80) | secrets.randbits(80)
    chars = [_ALPHABET[(value >> (5 * i)) & 31] for i in range(_TIME_CHARS + _RANDOM_CHARS)]
    return f"{prefix}_{''.join(reversed(chars))}"

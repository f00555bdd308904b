"""The number that outputs carry invisibly, and that leads back to the task that made them."""

from __future__ import annotations

import secrets

MARK_BITS = 40
"""How long a mark is: short enough for a small face, long enough not to be met by chance."""
LOCAL_MARK = 0
"""The mark of files that no service made."""


def new_mark() -> int:
    """A fresh mark, 1 to 2**MARK_BITS - 1; two tasks share one about never, but may."""
    return 1 + secrets.randbelow(2**MARK_BITS - 1)

"""Names of blobs. They are ours alone: no client ever chooses one."""

from __future__ import annotations

import re

from personae.errors import InvalidRequest

_MAX_CHARS = 512
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}"
_KEY = re.compile(rf"{_PART}(?:/{_PART})*")


def check_key(key: str) -> str:
    """The key itself, once it is sure that it stays inside the storage.

    Parts between slashes begin with an ASCII letter or digit, so that none is empty, hidden,
    ``.`` or ``..``, and a key is never absolute.

    Raises
    ------
    InvalidRequest
    """
    if len(key) > _MAX_CHARS or _KEY.fullmatch(key) is None:
        raise InvalidRequest(f"{key[:80]!r} is not the name of a stored file.")
    return key


def check_prefix(prefix: str) -> str:
    """A folder of keys without its last slash; empty for all of them.

    Raises
    ------
    InvalidRequest
    """
    bare = prefix.removesuffix("/")
    return check_key(bare) if bare else ""

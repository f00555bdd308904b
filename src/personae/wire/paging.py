"""Listings in pages: opaque cursors, and the link to the next page."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

from personae.errors import InvalidRequest

_AFTER = re.compile(r"[a-z]{1,10}_[0-9a-z]{26}|[0-9]{1,18}", re.ASCII)

Limit = Annotated[int, Query(ge=1, le=100, description="How many items a page has at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=200, description="The `next_cursor` of the page before; the first without."),
]


def to_cursor(listing: str, after: str | None) -> str | None:
    """The cursor of the page that starts after a name; None after the last page."""
    if after is None:
        return None
    return base64.urlsafe_b64encode(f"{listing}:{after}".encode()).decode("ascii").rstrip("=")


def from_cursor(listing: str, cursor: str | None) -> str | None:
    """The name that a cursor of this listing stands for.

    Raises
    ------
    InvalidRequest
        For anything that `to_cursor` did not make for this listing.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        told = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        told = ""
    name, _, after = told.partition(":")
    if name != listing or not _AFTER.fullmatch(after):
        raise InvalidRequest("The cursor is not one of this listing; start without it.")
    return after


def next_link(
    url: str, query: Sequence[tuple[str, str | int]], cursor: str | None
) -> dict[str, str]:
    """The ``Link`` header (RFC 8288) to the next page; empty on the last."""
    if cursor is None:
        return {}
    return {"Link": f'<{url}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'}

"""URLs that open one blob, for one purpose, for a while, to whoever holds them.

A signed URL is ``{base_url}/blobs/{key}?op=…&exp=…[&max=…][&type=…][&name=…]&sig=…``. The
signature is an HMAC-SHA256 (RFC 2104) over everything the URL allows, so that none of it can be
changed. Object stores sign their own URLs; these are for the stores that cannot.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode

from personae.adapters.blobs.keys import check_key
from personae.app.ports import Clock
from personae.errors import Expired, Forbidden, InvalidRequest

Op = Literal["get", "put"]
MIN_SECRET_BYTES = 16
_PURPOSE = "personae blobs 1"  # Keeps these apart from all else that the secret may sign.


@dataclass(frozen=True, slots=True)
class Permit:
    """What a signed URL allows.

    Attributes
    ----------
    op : "get" or "put"
    key : str
    expires_at : int, seconds since 1970, UTC
    size_limit : int, bytes
        Of a "put"; 0 of a "get".
    content_type : str
        Which a "put" must declare, and which a "get" is answered with.
    filename : str
        Under which a browser saves a "get"; may be empty.
    """

    op: Op
    key: str
    expires_at: int
    size_limit: int = 0
    content_type: str = ""
    filename: str = ""


def sign(secret: bytes, permit: Permit) -> str:
    """The query string that carries a permit and its signature."""
    query = {"op": permit.op, "exp": str(permit.expires_at)}
    if permit.size_limit:
        query["max"] = str(permit.size_limit)
    if permit.content_type:
        query["type"] = permit.content_type
    if permit.filename:
        query["name"] = permit.filename
    return urlencode({**query, "sig": _signature(secret, permit)}, quote_via=quote)


def verify(secret: bytes, key: str, query: Mapping[str, str], *, op: Op, now: float) -> Permit:
    """What the query of a signed URL allows, once it is sure that we signed it.

    Parameters
    ----------
    secret : bytes
    key : str
        The path after ``/blobs/``, decoded.
    query : mapping
        The decoded query; names that mean nothing here are ignored.
    op : "get" or "put"
        What the client is about to do.
    now : float, seconds since 1970, UTC

    Raises
    ------
    Forbidden
        If anything was changed, left out or made up, or if the URL is for something else.
    Expired
        If it was right, but its time is over.
    """
    try:
        permit = Permit(
            op=op,
            key=check_key(key),
            expires_at=_number(query.get("exp", "")),
            size_limit=_number(query.get("max", "0")),
            content_type=query.get("type", ""),
            filename=query.get("name", ""),
        )
    except (InvalidRequest, ValueError) as error:
        raise Forbidden("The link to this file is damaged; ask for a new one.") from error
    given = query.get("sig", "").encode("utf-8", "replace")
    expected = _signature(secret, permit).encode("ascii")
    # Both are always compared, in constant time; `op` is signed, so a GET link is no PUT link.
    if not hmac.compare_digest(given, expected) or query.get("op") != op:
        raise Forbidden("The link to this file is not valid; ask for a new one.")
    if now >= permit.expires_at:
        raise Expired("The link to this file has expired; ask for a new one.")
    return permit


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError(text)
    return int(text)


def _signature(secret: bytes, permit: Permit) -> str:
    """43 url-safe characters. JSON keeps the fields apart, whatever is in them."""
    fields = [
        _PURPOSE,
        permit.op,
        permit.key,
        permit.expires_at,
        permit.size_limit,
        permit.content_type,
        permit.filename,
    ]
    digest = hmac.digest(secret, json.dumps(fields).encode("ascii"), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class SignedLinks:
    """Makes the signed URLs of one server.

    Parameters
    ----------
    base_url : str
        Where clients reach the API, without a slash at the end.
    secret : bytes, at least `MIN_SECRET_BYTES`
        The same in every process of the server.
    now : callable
        Seconds since 1970, UTC.
    """

    def __init__(self, base_url: str, secret: bytes, now: Clock) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise InvalidRequest(
                f"The secret for signed links has {len(secret)} bytes; give it at least "
                f"{MIN_SECRET_BYTES} random ones."
            )
        self._base_url = base_url.rstrip("/")
        self._secret = secret
        self._now = now

    def __repr__(self) -> str:
        return f"SignedLinks({self._base_url}, secret hidden)"

    def upload(self, key: str, *, content_type: str, size_limit: int, ttl_s: int) -> str:
        """Where a client may PUT one file of at most `size_limit` bytes."""
        expires_at = int(self._now()) + ttl_s
        return self._url(Permit("put", check_key(key), expires_at, size_limit, content_type))

    def download(self, key: str, *, filename: str, content_type: str, ttl_s: int) -> str:
        """Where anybody may GET a file."""
        expires_at = int(self._now()) + ttl_s
        return self._url(Permit("get", check_key(key), expires_at, 0, content_type, filename))

    def _url(self, permit: Permit) -> str:
        return f"{self._base_url}/blobs/{quote(permit.key)}?{sign(self._secret, permit)}"

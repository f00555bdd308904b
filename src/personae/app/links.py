"""Links to stored files that stay the same for days and that the service knows again.

A signed URL of the storage leads to bytes; it says nothing to us when a client sends it back as a
scene or a donor, and there is none before the bytes have arrived. A link leads to an *asset*:
``{base_url}/media/{asset}/{name}?exp=…&sig=…``. Clients of the dialects get these for uploads,
crops and outputs, and whatever they send back of them is taken from the storage, without a request
to ourselves.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

from personae.app.ports import Clock
from personae.errors import Expired, Forbidden

FOLDER = "/media/"
_PATH = re.compile(rf"{FOLDER}(asset_[0-9a-z]{{26}})/[^/]*")
_PURPOSE = "personae links 1"  # Keeps these apart from all else that the secret may sign.


class Links:
    """Makes and reads the links of one service.

    Parameters
    ----------
    base_url : str
        Where clients reach the API, without a slash at the end.
    secret : bytes
        The same in every process of the service.
    now : callable
        Seconds since 1970, UTC.
    told : (asset name) -> None, optional
        Told of every link that is made.
    """

    def __init__(
        self,
        base_url: str,
        secret: bytes,
        now: Clock,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._secret = secret
        self._now = now
        self._told = told

    def telling(self, told: Callable[[str], None] | None) -> Links:
        """The same links, of which somebody else, or nobody, is told."""
        return Links(self._base_url, self._secret, self._now, told)

    def __repr__(self) -> str:
        return f"Links({self._base_url}, secret hidden)"

    def url(self, asset_id: str, filename: str, ttl_s: float) -> str:
        """Where anybody who holds the link may fetch the asset for `ttl_s` seconds.

        Parameters
        ----------
        filename : str
            Only for people: it is not signed.
        """
        expires_at = int(self._now() + ttl_s)
        name = quote(filename.replace("/", "_") or "file", safe="")
        signature = self._signature(asset_id, expires_at)
        if self._told is not None:
            self._told(asset_id)
        return f"{self._base_url}{FOLDER}{asset_id}/{name}?exp={expires_at}&sig={signature}"

    def asset_of(self, url: str) -> str | None:
        """The asset that a link of ours leads to, expired or not; None for any other URL.

        The host is not compared: behind a proxy or on a second name the service has several.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        found = _PATH.fullmatch(parts.path)
        if found is None or parts.scheme not in ("http", "https"):
            return None
        query = parse_qs(parts.query)
        try:
            self._check(found[1], query.get("exp", [""])[0], query.get("sig", [""])[0])
        except Forbidden:
            return None
        return found[1]

    def asset_at(self, path: str) -> str | None:
        """As `asset_of`, of a link that was given without scheme and host."""
        return self.asset_of(f"{self._base_url}/{path.removeprefix('/')}")

    def check(self, asset_id: str, expires_at: str, signature: str) -> None:
        """Let the holder of a link in.

        Raises
        ------
        Forbidden
            If we did not sign it.
        Expired
        """
        if self._now() >= self._check(asset_id, expires_at, signature):
            raise Expired("The link to this file has expired; ask for a new one.")

    def _check(self, asset_id: str, expires_at: str, signature: str) -> int:
        if not (expires_at.isascii() and expires_at.isdigit() and len(expires_at) <= 15):
            raise Forbidden("The link to this file is not valid; ask for a new one.")
        expected = self._signature(asset_id, int(expires_at)).encode("ascii")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), expected):
            raise Forbidden("The link to this file is not valid; ask for a new one.")
        return int(expires_at)

    def _signature(self, asset_id: str, expires_at: int) -> str:
        """HMAC-SHA256 (RFC 2104): 43 url-safe characters."""
        told = f"{_PURPOSE}\n{asset_id}\n{expires_at}".encode()
        digest = hmac.digest(self._secret, told, "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

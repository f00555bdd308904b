"""Media as clients of dialects hand them over: by address, by name of an upload, or in line.

Whatever they come as, a task gets a `MediaRef`. An address that we gave out ourselves (see
`personae.app.links`) is the asset behind it, which is taken from the storage; an upload past the
API is taken over when it is first used, because these clients never say that it is complete.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import AsyncIterator, Iterator

from personae.app.assets import AssetService
from personae.app.links import Links
from personae.app.ports import Fetcher
from personae.domain.media import Asset
from personae.domain.swap import MediaRef
from personae.errors import InvalidRequest

_DATA_URL = re.compile(r"data:[\w.+/-]*(?:;[\w.+=-]+)*;base64,", re.ASCII)
_WHITE = b" \t\n\r\v\f"
_LETTERS = bytes.maketrans(b"-_", b"+/")
_PIECE_CHARS = 1 << 18
_LONGEST_LINK = 2048


class GivenMedia:
    """Turns what a client gave into what a task can use."""

    def __init__(self, assets: AssetService, fetcher: Fetcher, links: Links) -> None:
        self._assets = assets
        self._fetcher = fetcher
        self._links = links

    async def address(self, tenant_id: str, url: str) -> MediaRef:
        """Media behind an http(s) URL.

        Raises
        ------
        InvalidRequest, AddressRefused
            If a worker would not be allowed to fetch it.
        NotFound, Expired, Conflict, MediaError
            As `stored`, if it is a link of ours.
        """
        asset = await self.ours(tenant_id, url)
        if asset is not None:
            return MediaRef(asset_id=asset.id)
        self._fetcher.check(url)
        return MediaRef(url=url)

    async def ours(self, tenant_id: str, url: str) -> Asset | None:
        """What a link of ours leads to; None for any other URL.

        Raises
        ------
        As `stored`.
        """
        asset_id = self._links.asset_of(url)
        return None if asset_id is None else await self.stored(tenant_id, asset_id)

    async def copy(self, tenant_id: str, url: str) -> Asset:
        """What is behind a URL, fetched now and kept here; of a link of ours, what it leads to.

        Raises
        ------
        As `ours` and `AssetService.import_url`.
        """
        asset = await self.ours(tenant_id, url)
        return asset or await self._assets.import_url(tenant_id, url)

    async def stored(self, tenant_id: str, asset_id: str) -> Asset:
        """A ready asset of the tenant's; an upload that has arrived is taken over now.

        Raises
        ------
        NotFound, Expired
        Conflict
            If nothing has been uploaded yet.
        MediaError
            Why the file was refused.
        """
        return await self._assets.complete(tenant_id, asset_id)

    async def file(
        self, tenant_id: str, chunks: AsyncIterator[bytes], filename: str | None
    ) -> MediaRef:
        """A file that came with the request.

        Raises
        ------
        MediaError, Unavailable
        """
        asset = await self._assets.upload(tenant_id, chunks, filename=filename, content_type=None)
        return MediaRef(asset_id=asset.id)

    async def inline(self, tenant_id: str, text: str) -> MediaRef:
        """A file as base64, with or without ``data:…;base64,`` before it.

        Raises
        ------
        InvalidRequest
            If it is no base64.
        MediaError, Unavailable
        """

        async def pieces() -> AsyncIterator[bytes]:
            for piece in decoded(text):
                yield piece

        return await self.file(tenant_id, pieces(), None)

    async def text(self, tenant_id: str, text: str) -> MediaRef:
        """A string that is an address or base64, whichever it looks like.

        An address without scheme and host can only be one of our own links.

        Raises
        ------
        As `address` and `inline`.
        """
        stripped = text.strip()
        if stripped[:8].lower().startswith(("http://", "https://")):
            return await self.address(tenant_id, stripped)
        asset_id = self._links.asset_at(stripped) if len(stripped) <= _LONGEST_LINK else None
        if asset_id is not None:
            return MediaRef(asset_id=(await self.stored(tenant_id, asset_id)).id)
        return await self.inline(tenant_id, stripped)

    def link(self, ref: MediaRef, ttl_s: float) -> str:
        """An asset as the text that `text` understands; a file of a form becomes a field so."""
        return self._links.url(ref.asset_id or "", "file", ttl_s)


def decoded(text: str) -> Iterator[bytes]:
    """The bytes of base64 text; line breaks, url-safe letters and a data URL's head are fine.

    They come piece by piece, so that a large file is not held a second time.

    Raises
    ------
    InvalidRequest
    """
    head = _DATA_URL.match(text)
    at, rest, empty = head.end() if head else 0, b"", True
    while at < len(text):
        try:
            bare = rest + text[at : at + _PIECE_CHARS].encode("ascii").translate(_LETTERS, _WHITE)
            at += _PIECE_CHARS
            # Four letters are three bytes; only the end may lack its padding.
            whole = len(bare) // 4 * 4 if at < len(text) else len(bare)
            bare, rest = bare[:whole], bare[whole:]
            data = binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)
        except ValueError as error:
            raise InvalidRequest("This is neither an http(s) URL nor a file in base64.") from error
        if data:
            empty = False
            yield data
    if empty:
        raise InvalidRequest("The file is empty.")

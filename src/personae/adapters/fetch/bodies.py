"""Answers' bodies, no larger than was agreed, whatever they claim or are packed in."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import httpx

from personae.errors import MediaTooLarge, MediaUnreachable

_STEP_BYTES = 1 << 18
_GZIP = 31  # zlib's number for 32 KiB windows in gzip's frame


def no_file(name: str, status: int) -> MediaUnreachable:
    """The error for an answer that is no file; worth another try where the status says so.

    408, 425 and 429 ask for one (RFC 9110, RFC 8470, RFC 6585); of 5xx it may be hoped.
    """
    return MediaUnreachable(
        f"{name} answered with status {status} instead of a file.",
        retryable=status >= 500 or status in (408, 425, 429),
    )


class Limit:
    """How much one answer may bring.

    Parameters
    ----------
    name : str
        How messages call it.
    limit_bytes : int
    """

    def __init__(self, name: str, limit_bytes: int) -> None:
        self.name = name
        self._limit_bytes = limit_bytes

    def announce(self, content_length: str | None) -> None:
        """Look at what the server says that it will send.

        Raises
        ------
        MediaTooLarge
        """
        if content_length and content_length.isdigit():
            self.check(int(content_length))

    def check(self, size_bytes: int) -> None:
        """Refuse more than was agreed.

        Raises
        ------
        MediaTooLarge
        """
        if size_bytes > self._limit_bytes:
            raise MediaTooLarge(
                f"{self.name} is larger than the {self._limit_bytes} bytes that are allowed here."
            )


async def unpacked(response: httpx.Response, limit: Limit) -> AsyncIterator[bytes]:
    """The body's bytes, counted before and after unpacking, a bounded piece at a time.

    We ask for no packing; some servers gzip all the same.

    Raises
    ------
    MediaTooLarge
    MediaUnreachable
        If it is packed in another way, or does not unpack.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        pieces = _counted(response, limit)
    elif encoding in ("gzip", "x-gzip"):
        pieces = _gunzipped(_counted(response, limit), limit)
    else:
        raise MediaUnreachable(
            f"{limit.name} is packed ({encoding[:20]!r}) although we asked not to."
        )
    async for piece in pieces:
        yield piece


async def _counted(response: httpx.Response, limit: Limit) -> AsyncIterator[bytes]:
    size = 0
    async for piece in response.aiter_raw():
        size += len(piece)
        limit.check(size)
        yield piece


async def _gunzipped(packed: AsyncIterator[bytes], limit: Limit) -> AsyncIterator[bytes]:
    size = 0
    engine = zlib.decompressobj(_GZIP)
    try:
        async for data in packed:
            full = False
            while data or full:
                if engine.eof:  # Several members may follow each other (RFC 1952, 2.2).
                    engine = zlib.decompressobj(_GZIP)
                piece = engine.decompress(data, _STEP_BYTES)
                full = len(piece) == _STEP_BYTES and not engine.eof
                data = engine.unused_data if engine.eof else engine.unconsumed_tail
                size += len(piece)
                limit.check(size)
                yield piece
    except zlib.error as error:
        raise MediaUnreachable(f"{limit.name} is said to be gzip, but is not.") from error
    if not engine.eof:
        raise MediaUnreachable(f"{limit.name} was cut off.")

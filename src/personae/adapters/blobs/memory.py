"""Blobs in memory: a faithful twin of the real stores, for tests and experiments."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from personae.adapters.blobs.counting import Counter, new_file
from personae.adapters.blobs.keys import check_key, check_prefix
from personae.adapters.blobs.signing import SignedLinks
from personae.app.ports import Clock, StoredBlob
from personae.errors import NotFound

_STEP_BYTES = 1 << 20


class MemoryBlobs:
    """`personae.app.ports.Blobs` without a disk; nothing outlives the process.

    Parameters
    ----------
    base_url, secret
        For its signed URLs, which are those of the local store.
    now : callable
        Seconds since 1970, UTC; dates the blobs and the URLs.
    """

    def __init__(
        self,
        base_url: str = "http://blobs.invalid",
        secret: bytes = b"known to everybody: for tests only",
        now: Clock = time.time,
    ) -> None:
        self._blobs: dict[str, tuple[bytes, float]] = {}
        self._now = now
        self._links = SignedLinks(base_url, secret, now)

    def __repr__(self) -> str:
        return f"MemoryBlobs({len(self._blobs)} blobs)"

    async def put_stream(
        self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int, content_type: str
    ) -> StoredBlob:
        check_key(key)
        counter, data = Counter(limit_bytes), bytearray()
        async for chunk in chunks:
            counter.add(chunk)
            data += chunk
        self._blobs[key] = (bytes(data), self._now())
        return counter.result()

    def put_file(self, key: str, path: Path, content_type: str) -> StoredBlob:
        return self.put_bytes(key, path.read_bytes(), content_type)

    def put_bytes(self, key: str, data: bytes, content_type: str) -> StoredBlob:
        counter = Counter()
        counter.add(data)
        self._blobs[check_key(key)] = (bytes(data), self._now())
        return counter.result()

    def get_file(self, key: str, path: Path) -> StoredBlob:
        data = self.get_bytes(key)
        with new_file(path) as file:
            file.write(data)
        counter = Counter()
        counter.add(data)
        return counter.result()

    def get_bytes(self, key: str) -> bytes:
        try:
            return self._blobs[check_key(key)][0]
        except KeyError:
            raise NotFound(f"There is no stored file {key}.") from None

    async def stream(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        return _pieces(self.get_bytes(key)[start:end])

    def size(self, key: str) -> int | None:
        found = self._blobs.get(check_key(key))
        return None if found is None else len(found[0])

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._blobs.pop(check_key(key), None)

    def list_keys(self, prefix: str, older_than: float) -> list[str]:
        folder = check_prefix(prefix)
        return sorted(
            key
            for key, (_, at) in self._blobs.items()
            if at < older_than and (not folder or key.startswith(f"{folder}/"))
        )

    def upload_url(self, key: str, *, content_type: str, size_limit: int, ttl_s: int) -> str:
        return self._links.upload(
            key, content_type=content_type, size_limit=size_limit, ttl_s=ttl_s
        )

    def upload_headers(self, content_type: str) -> dict[str, str]:
        return {"Content-Type": content_type} if content_type else {}

    def download_url(self, key: str, *, filename: str, content_type: str, ttl_s: int) -> str:
        return self._links.download(key, filename=filename, content_type=content_type, ttl_s=ttl_s)


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), _STEP_BYTES):
        yield data[at : at + _STEP_BYTES]

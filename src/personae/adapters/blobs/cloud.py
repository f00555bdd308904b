"""Blobs in S3, Google Cloud Storage or Azure, through obstore."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from personae.adapters.blobs import s3_links
from personae.adapters.blobs.counting import Counter, new_file
from personae.adapters.blobs.keys import check_key, check_prefix
from personae.adapters.blobs.s3_links import S3Keys
from personae.app.ports import StoredBlob
from personae.app.threads import finish_in_thread, stop_in_thread
from personae.errors import Canceled, NotFound, Unavailable

_PART_BYTES = 8 << 20  # At S3's 10,000 parts, blobs of up to 78 GiB.
_PARTS_AT_ONCE = 3
_log = structlog.get_logger("personae.blobs")


class CloudBlobs:
    """`personae.app.ports.Blobs` in an object store.

    An object appears whole or not at all. Memory is bounded by a few parts of 8 MiB: what arrives
    as a stream and is longer than one part waits in a temporary file until its end is known, so
    that an upload which breaks off never reaches the store.

    Parameters
    ----------
    store : obstore's S3Store, GCSStore or AzureStore
        Its prefix is where all keys begin.
    s3_keys : S3Keys or None
        See `personae.adapters.blobs.s3_links`.
    spool_folder : Path, optional
        For those temporary files; the system's if omitted.
    """

    def __init__(
        self,
        store: S3Store | GCSStore | AzureStore,
        s3_keys: S3Keys | None = None,
        spool_folder: Path | None = None,
    ) -> None:
        self._store = store
        self._s3_keys = s3_keys
        self._spool_folder = spool_folder

    def __repr__(self) -> str:
        return f"CloudBlobs({type(self._store).__name__}, prefix {self._store.prefix or ''!r})"

    async def put_stream(
        self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int, content_type: str
    ) -> StoredBlob:
        check_key(key)
        counter, head = Counter(limit_bytes), bytearray()
        with ExitStack() as stack:
            with _storage_errors("spool an upload"):
                spool = stack.enter_context(
                    tempfile.TemporaryFile(dir=self._spool_folder, buffering=0)
                )
            async for chunk in chunks:
                counter.add(chunk)
                head += chunk
                if len(head) >= _PART_BYTES:
                    with _storage_errors("spool an upload"):
                        await finish_in_thread(_write_all, spool, bytes(head))
                    head.clear()
            if counter.size_bytes == len(head):
                await self._finish(key, [bytes(head)], content_type)
            else:
                with _storage_errors("spool an upload"):
                    await finish_in_thread(_write_all, spool, bytes(head))
                spool.seek(0)
                await self._finish(key, _parts(spool, Counter()), content_type)
        return counter.result()

    def put_file(self, key: str, path: Path, content_type: str) -> StoredBlob:
        counter = Counter()
        with path.open("rb") as file:
            self._put(check_key(key), _parts(file, counter), content_type)
        return counter.result()

    def put_bytes(self, key: str, data: bytes, content_type: str) -> StoredBlob:
        counter = Counter()
        counter.add(data)
        self._put(check_key(key), [data], content_type)
        return counter.result()

    def get_file(self, key: str, path: Path) -> StoredBlob:
        counter = Counter()
        size = self._size_of(key)
        with new_file(path) as file:
            for start in range(0, size, _PART_BYTES):
                piece = self._range(key, start, min(start + _PART_BYTES, size))
                counter.add(piece)
                file.write(piece)
        return counter.result()

    def get_bytes(self, key: str) -> bytes:
        check_key(key)
        with _storage_errors(f"read {key}", key):
            return bytes(obstore.get(self._store, key).bytes())

    async def stream(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        size = await finish_in_thread(self._size_of, key)
        return self._pieces(key, start, size if end is None else min(end, size))

    def size(self, key: str) -> int | None:
        try:
            return self._size_of(key)
        except NotFound:
            return None

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            check_key(key)
        if not keys:
            return
        with _storage_errors("delete files"), suppress(FileNotFoundError):
            obstore.delete(self._store, list(keys))

    def list_keys(self, prefix: str, older_than: float) -> list[str]:
        with _storage_errors("list files"):
            # pyarrow, which one overload returns, need not be installed.
            found = obstore.list(  # pyright: ignore[reportUnknownMemberType]
                self._store, check_prefix(prefix) or None
            )
            return sorted(
                one["path"]
                for batch in found
                for one in batch
                if one["last_modified"].timestamp() < older_than
            )

    def upload_url(self, key: str, *, content_type: str, size_limit: int, ttl_s: int) -> str:
        """Where a client may PUT the bytes.

        No object store holds a presigned PUT to a size limit: who reserved it checks the size
        when it is there.
        """
        url = self._sign("PUT", key, ttl_s)
        if not content_type:
            return url
        return s3_links.for_upload(url, self._s3_keys, content_type=content_type)

    def upload_headers(self, content_type: str) -> dict[str, str]:
        """Azure's Put Blob also has to be told which of its three kinds of blob it makes."""
        headers = {"Content-Type": content_type} if content_type else {}
        if isinstance(self._store, AzureStore):
            headers["x-ms-blob-type"] = "BlockBlob"
        return headers

    def download_url(self, key: str, *, filename: str, content_type: str, ttl_s: int) -> str:
        url = self._sign("GET", key, ttl_s)
        return s3_links.for_download(
            url, self._s3_keys, filename=filename, content_type=content_type
        )

    def _sign(self, method: obstore.HTTP_METHOD, key: str, ttl_s: int) -> str:
        with _storage_errors("sign a URL"):
            return obstore.sign(self._store, method, check_key(key), timedelta(seconds=ttl_s))

    async def _finish(self, key: str, parts: Iterable[bytes], content_type: str) -> None:
        """Upload in a thread; when canceled, stop at the next part and leave nothing."""
        done = threading.Event()

        def upload(should_stop: Callable[[], bool]) -> None:
            self._put(key, _until(should_stop, parts), content_type)
            done.set()

        try:
            await stop_in_thread(upload)
        except asyncio.CancelledError:
            if done.is_set():
                await finish_in_thread(self.delete, [key])
            raise

    def _put(self, key: str, parts: Iterable[bytes], content_type: str) -> None:
        """Write an object: in one request if it is one part, else in several."""
        pieces = iter(parts)
        first, second = next(pieces, b""), next(pieces, None)
        with _storage_errors(f"write {key}"):
            if second is None:
                obstore.put(
                    self._store,
                    key,
                    first,
                    attributes={"Content-Type": content_type},
                    use_multipart=False,
                )
            else:
                obstore.put(
                    self._store,
                    key,
                    _chain(first, second, pieces),
                    attributes={"Content-Type": content_type},
                    chunk_size=_PART_BYTES,
                    max_concurrency=_PARTS_AT_ONCE,
                )

    async def _pieces(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        for at in range(start, end, _PART_BYTES):
            yield await finish_in_thread(self._range, key, at, min(at + _PART_BYTES, end))

    def _range(self, key: str, start: int, end: int) -> bytes:
        """Part of an object; each part is a request of its own, so that none takes too long."""
        with _storage_errors(f"read {key}", key):
            return bytes(obstore.get_range(self._store, key, start=start, end=end))

    def _size_of(self, key: str) -> int:
        check_key(key)
        with _storage_errors(f"look up {key}", key):
            return obstore.head(self._store, key)["size"]


def _parts(file: BinaryIO, counter: Counter) -> Iterator[bytes]:
    while piece := file.read(_PART_BYTES):
        counter.add(piece)
        yield piece


def _until(should_stop: Callable[[], bool], parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts, until somebody asks to stop; obstore then aborts the upload."""
    for part in parts:
        yield part
        if should_stop():
            raise Canceled


def _chain(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest


def _write_all(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def _storage_errors(action: str, key: str | None = None) -> Generator[None]:
    """Turn the store's errors into ours; `key` names what may be missing."""
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError) and key is not None:
            raise NotFound(f"There is no stored file {key}.") from error
        # Without obstore's "Debug source", which repeats it at length.
        _log.error("storage_failed", action=action, error=str(error).split("\n\n")[0][:500])
        raise Unavailable("The storage cannot be used now; try again later.") from error

"""Blobs in a folder of this machine.

Plain files rather than obstore's local store, which neither syncs what it wrote to the disk nor
takes the content types that the other stores are given.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import AsyncIterator, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import structlog

from personae.adapters.blobs.counting import Counter, new_file
from personae.adapters.blobs.keys import check_key, check_prefix
from personae.adapters.blobs.signing import SignedLinks
from personae.app.ports import Clock, StoredBlob
from personae.app.threads import finish_in_thread
from personae.errors import NotFound, Unavailable

_PARTS = ".parts"  # No key starts with a dot.
_STEP_BYTES = 1 << 20
_FORGOTTEN_PART_S = 24 * 3600.0
_log = structlog.get_logger("personae.blobs")


class LocalBlobs:
    """`personae.app.ports.Blobs` in a folder.

    A blob is written aside, synced to the disk and then renamed, so that no reader ever sees half
    of one, and one that was acknowledged survives a power cut.

    Parameters
    ----------
    root : Path
        Made if it is missing.
    base_url, secret
        For the signed URLs that the API serves; see `personae.adapters.blobs.signing`.
    now : callable
        Seconds since 1970, UTC; dates the URLs.

    Raises
    ------
    Unavailable
        If the folder cannot be made.
    """

    def __init__(self, root: Path, base_url: str, secret: bytes, now: Clock = time.time) -> None:
        self.root = root.absolute()
        self._links = SignedLinks(base_url, secret, now)
        with _disk_errors("make the storage's folder"):
            (self.root / _PARTS).mkdir(parents=True, exist_ok=True)
            self._sweep_parts()

    def __repr__(self) -> str:
        return f"LocalBlobs({self.root})"

    async def put_stream(
        self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int, content_type: str
    ) -> StoredBlob:
        final, part = self._path(key), _Part(self.root / _PARTS, limit_bytes)
        kept: list[bytes] = []
        held = 0
        try:
            async for chunk in chunks:
                kept.append(chunk)
                held += len(chunk)
                if held >= _STEP_BYTES:  # One trip to a thread for many small pieces.
                    await finish_in_thread(part.write, kept)
                    kept, held = [], 0
            return await finish_in_thread(part.write_and_publish, kept, final)
        except BaseException:
            part.discard()
            raise

    def put_file(self, key: str, path: Path, content_type: str) -> StoredBlob:
        final = self._path(key)
        with path.open("rb") as file:
            return self._put(final, iter(lambda: file.read(_STEP_BYTES), b""))

    def put_bytes(self, key: str, data: bytes, content_type: str) -> StoredBlob:
        return self._put(self._path(key), [data])

    def get_file(self, key: str, path: Path) -> StoredBlob:
        counter = Counter()
        with self._open(key) as blob, new_file(path) as file, _disk_errors(f"copy {key}"):
            while piece := blob.read(_STEP_BYTES):
                counter.add(piece)
                file.write(piece)
        return counter.result()

    def get_bytes(self, key: str) -> bytes:
        with self._open(key) as blob, _disk_errors(f"read {key}"):
            return blob.read()

    async def stream(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        if self.size(key) is None:  # Told now, not after a first byte has been promised.
            raise NotFound(f"There is no stored file {key}.")
        return self._pieces(key, start, end)

    def size(self, key: str) -> int | None:
        try:
            return self._path(key).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            path = self._path(key)
            with _disk_errors(f"delete {key}"), suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
            for folder in path.parents:
                if folder == self.root:
                    break
                try:
                    folder.rmdir()
                except OSError:  # Not empty, or gone already.
                    break

    def list_keys(self, prefix: str, older_than: float) -> list[str]:
        folder = self.root / check_prefix(prefix)
        keys: list[str] = []
        for where, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if name != _PARTS]
            for name in files:
                path = Path(where, name)
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < older_than:
                        keys.append(path.relative_to(self.root).as_posix())
        return sorted(keys)

    def upload_url(self, key: str, *, content_type: str, size_limit: int, ttl_s: int) -> str:
        return self._links.upload(
            key, content_type=content_type, size_limit=size_limit, ttl_s=ttl_s
        )

    def upload_headers(self, content_type: str) -> dict[str, str]:
        return {"Content-Type": content_type} if content_type else {}

    def download_url(self, key: str, *, filename: str, content_type: str, ttl_s: int) -> str:
        return self._links.download(key, filename=filename, content_type=content_type, ttl_s=ttl_s)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound(f"There is no stored file {key}.") from None
        except OSError as error:
            raise _unavailable(f"open {key}", error) from error

    async def _pieces(self, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        with self._open(key) as blob:
            blob.seek(start)
            left = None if end is None else end - start
            while left is None or left > 0:
                step = _STEP_BYTES if left is None else min(_STEP_BYTES, left)
                with _disk_errors(f"read {key}"):
                    piece = await finish_in_thread(blob.read, step)
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece

    def _put(self, final: Path, pieces: Iterable[bytes]) -> StoredBlob:
        part = _Part(self.root / _PARTS)
        try:
            return part.write_and_publish(pieces, final)
        except BaseException:
            part.discard()
            raise

    def _sweep_parts(self) -> None:
        """Remove what processes that were killed left half written a day ago or earlier."""
        for path in (self.root / _PARTS).iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _FORGOTTEN_PART_S:
                    path.unlink()


class _Part:
    """A blob that is still being written, under a name that nobody looks for."""

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self._path = folder / secrets.token_hex(16)
        self._counter = Counter(limit_bytes)
        self._published: Path | None = None
        with _disk_errors("write a file"):
            self._file = self._path.open("xb", buffering=0)

    def write(self, pieces: Iterable[bytes]) -> None:
        with _disk_errors("write a file"):
            for piece in pieces:
                self._counter.add(piece)
                rest = memoryview(piece)
                while rest:
                    rest = rest[self._file.write(rest) :]

    def write_and_publish(self, pieces: Iterable[bytes], final: Path) -> StoredBlob:
        self.write(pieces)
        with _disk_errors("write a file"):
            os.fsync(self._file.fileno())
            self._file.close()
            _rename(self._path, final)
        self._published = final
        return self._counter.result()

    def discard(self) -> None:
        """Remove all traces, also of what was published for a caller who has gone."""
        self._file.close()
        self._path.unlink(missing_ok=True)
        if self._published is not None:
            self._published.unlink(missing_ok=True)


def _rename(path: Path, final: Path) -> None:
    """Give a synced file its name, and sync the name as well."""
    for _ in range(20):  # Another process may prune a folder that it just found empty.
        new = [folder for folder in final.parents if not folder.exists()]
        try:
            # Raises `FileExistsError` for a folder that is pruned just after it was found there.
            final.parent.mkdir(parents=True, exist_ok=True)
            path.replace(final)
        except (FileNotFoundError, FileExistsError):
            continue
        for folder in {final.parent, *(one.parent for one in new)}:
            _sync_folder(folder)
        return
    raise FileNotFoundError(final.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders, and journals its names.
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk_errors(action: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise _unavailable(action, error) from error


def _unavailable(action: str, error: OSError) -> Unavailable:
    _log.error("storage_failed", action=action, error=str(error))
    return Unavailable("The storage cannot be used now; try again later.")

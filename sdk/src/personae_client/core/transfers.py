"""Files to the service and back: straight to and from its storage, in pieces that can be lost."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

from personae_client.core.calling import Request, fresh_key, json_of, repeated, send
from personae_client.core.config import Config
from personae_client.core.effects import (
    Answer,
    Blocking,
    Call,
    OpenStream,
    ReadStream,
    Sleep,
    Steps,
)
from personae_client.core.sources import File, OnUpload, Opened, Source, open_source
from personae_client.errors import (
    ConnectionFailed,
    ServiceProblem,
    TransferFailed,
    UnexpectedAnswer,
)
from personae_client.models import Asset, Upload

OnDownload: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes that are here, and how many there will be if that is known."""
_NOT_OFFERED = ("not_found", "method_not_allowed", "feature_disabled")
_PLAIN = {"Accept-Encoding": "identity"}


def upload(
    config: Config,
    file: File,
    filename: str | None,
    on_upload: OnUpload | None,
    *,
    direct: bool = True,
    once: str | None = None,
) -> Steps[Asset]:
    """Store a file: past the service where it offers that and storage can be reached, or by it.

    Parameters
    ----------
    direct : bool
        Whether to try the way past the service. Only by the service itself, bytes that are there
        already are the same asset again.
    once : str, optional
        A name for this upload, if it is not direct: repeated, it gives the same asset for sure.

    Raises
    ------
    ConfigurationError, ServiceProblem, ConnectionFailed, TransferFailed
    """
    opened: Opened = yield Blocking(lambda: open_source(file, filename, on_upload))
    try:
        source = opened.source
        asset = (yield from _straight(config, source)) if direct else None
        return asset or (yield from _in_one_piece(config, source, once))
    finally:
        opened.close()


def _straight(config: Config, source: Source) -> Steps[Asset | None]:
    """By a signed URL; None where that is not offered or does not lead anywhere from here."""
    told = {
        "content_type": source.content_type,
        "size_bytes": source.size_bytes,
        "filename": source.filename,
    }
    try:
        reserved = Upload.from_json(
            json_of(
                (
                    yield from send(
                        config, Request("POST", "/assets/uploads", body=told, once=fresh_key())
                    )
                )
            )
        )
    except ServiceProblem as problem:
        if problem.code in _NOT_OFFERED:
            return None
        raise
    # No key goes along: the URL is the permission, and storage may be somebody else's.
    put = Call(reserved.method, reserved.url, {**reserved.headers}, (), source)
    try:
        yield from repeated(config, put, may_repeat=True, method="PUT", unreached=1)
    except ConnectionFailed as failed:
        if failed.sent:
            raise TransferFailed(
                f"{source.filename} could not be uploaded: the connection to storage breaks off. "
                "Try again."
            ) from failed
        return None  # Storage that only the service can reach.
    except ServiceProblem as problem:
        raise _refused_by_storage(source, problem) from problem
    done = Request("POST", f"/assets/{reserved.asset.id}/complete", repeatable=True)
    return Asset.from_json(json_of((yield from send(config, done))))


def _refused_by_storage(source: Source, problem: ServiceProblem) -> Exception:
    if problem.request_id is not None:
        return problem  # The service's own storage, in its own words.
    return TransferFailed(
        f"{source.filename} could not be uploaded: storage answered {problem.status}. Try again."
    )


def _in_one_piece(config: Config, source: Source, once: str | None) -> Steps[Asset]:
    asked = Request(
        "POST",
        "/assets",
        params={"filename": source.filename},
        upload=source,
        content_type=source.content_type,
        once=once or fresh_key(),
    )
    return Asset.from_json(json_of((yield from send(config, asked))))


@dataclass(frozen=True)
class Wanted:
    """A file to be fetched.

    Attributes
    ----------
    calls : tuple of Call
        Where it is: the first that can be reached is taken.
    size_bytes, sha256 : optional
        What it must be; not checked where the service does not say.
    """

    calls: tuple[Call, ...]
    size_bytes: int | None
    sha256: str | None


class _Part:
    """What has arrived, in a file beside the one that it will become."""

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise TransferFailed(f"There is no folder {path.parent}; make it first.")
        self._path = path
        self._temporary = path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex}.part")
        self._file: IO[bytes] = self._temporary.open("xb")
        self._digest = hashlib.sha256()
        self.bytes = 0

    def add(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._digest.update(chunk)
        self.bytes += len(chunk)

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.bytes = 0

    def finish(self, sha256: str | None) -> Path:
        """Put the file in its place, whole, if it is what was promised."""
        if sha256 is not None and self._digest.hexdigest() != sha256:
            raise TransferFailed(f"{self._path.name} arrived altered: its SHA-256 is another one.")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.replace(self._path)
        return self._path

    def drop(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)


def download(
    config: Config, wanted: Wanted, path: Path, on_download: OnDownload | None
) -> Steps[Path]:
    """Fetch a file, going on where a broken connection left off; it appears whole or not at all.

    Raises
    ------
    TransferFailed, ServiceProblem, ConnectionFailed
    """
    part: _Part = yield Blocking(lambda: _Part(path))
    try:
        for call in wanted.calls[:-1]:
            try:
                return (yield from _fetch(config, call, wanted, part, on_download, unreached=1))
            except ConnectionFailed:
                part.restart()
        return (yield from _fetch(config, wanted.calls[-1], wanted, part, on_download))
    finally:
        part.drop()


def _fetch(
    config: Config,
    call: Call,
    wanted: Wanted,
    part: _Part,
    on_download: OnDownload | None,
    unreached: int | None = None,
) -> Steps[Path]:
    tries, most, etag = 0, 0, None
    while True:
        asked = Call(call.method, call.url, {**call.headers, **_PLAIN, **_rest(part, etag)})
        # Redirects are only followed without a key.
        follow = "Authorization" not in asked.headers
        answer: Answer = yield from repeated(
            config, OpenStream(asked, follow=follow), may_repeat=True, unreached=unreached
        )
        if answer.status != 206:
            part.restart()
        etag = answer.headers.get("etag")
        total = wanted.size_bytes or _length(answer.headers, part.bytes)
        complete = yield from _read_into(part, total, on_download)
        if complete:
            return (yield Blocking(lambda: part.finish(wanted.sha256)))
        # A connection that brings something new is worth going on with, however often it breaks.
        tries = 1 if part.bytes > most else tries + 1
        most = max(most, part.bytes)
        pause_s = config.retries.pause_s(tries, None)
        if pause_s is None:
            raise TransferFailed("The download breaks off again and again; try later.")
        yield Sleep(pause_s)


def _rest(part: _Part, etag: str | None) -> Mapping[str, str]:
    """Headers that ask for what is not here yet, if the file is still the same."""
    if part.bytes == 0 or etag is None or etag.startswith("W/"):
        return {}
    return {"Range": f"bytes={part.bytes}-", "If-Range": etag}


def _length(headers: Mapping[str, str], here: int) -> int | None:
    try:
        return here + int(headers["content-length"])
    except (KeyError, ValueError):
        return None


def _read_into(part: _Part, total: int | None, on_download: OnDownload | None) -> Steps[bool]:
    """Read the open stream to its end; whether everything is here."""
    while True:
        try:
            chunk: bytes = yield ReadStream()
        except ConnectionFailed:
            return False
        if not chunk:
            return total is None or part.bytes == total
        if total is not None and part.bytes + len(chunk) > total:
            raise UnexpectedAnswer("The download is longer than the file; something is between.")
        yield Blocking(lambda chunk=chunk: part.add(chunk))
        if on_download is not None:
            on_download(part.bytes, total)

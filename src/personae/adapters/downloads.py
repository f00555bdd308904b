"""Fetch a file from a URL to disk, from where the last try stopped.

What has come lies in ``NAME.part``, and beside it in ``NAME.json`` by what the server knows this
very file again (its ETag or its date). The next try asks for the rest on the condition that it is
still that file (RFC 9110, If-Range), and begins anew if it is not.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast

from personae.adapters.distributions import Progress
from personae.errors import ModelError

LARGEST_BYTES: Final = 4 << 30
"""How large a file may be whose size nobody told."""
_BLOCK_BYTES: Final = 1 << 18
_TIMEOUT_S: Final = 30.0  # Without a single byte; not for the whole file.
_TRIES: Final = 5
_SPARE_BYTES: Final = 16 << 20
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")
_PARTIAL, _UNSATISFIABLE = 206, 416


class Stopped(Exception):
    """Whoever waits for the download wants it no longer."""


class CutOff(ModelError):
    """The connection ended before the file did."""


class _Anew(Exception):
    """What is there is of no use; begin with the first byte."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the file of which a part is there."""

    validator: str
    total: int


class _Response(Protocol):
    status: int
    headers: Any

    def read1(self, amount: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch.

    Attributes
    ----------
    url : str
    size_bytes : int
        0 if it is not known.
    name : str
        What it is called in progress reports.
    keep : bool
        Whether a part that is left by an earlier run may be continued.
    """

    url: str
    size_bytes: int
    name: str
    keep: bool = True


def download(
    wanted: Wanted,
    path: Path,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Write what is at a URL to `path`, which must end in ``.part``.

    What is in the file is for the caller to check, and to `forget` if it is wrong. After an error
    that a later try may mend, what has come so far stays for that.

    Raises
    ------
    ModelError
        If the server cannot be reached, refuses, or sends more or less than expected.
    Stopped
        If `stop` is set meanwhile.
    OSError
        If `path` cannot be written, or there is no room for it; nothing is left then.
    """
    if not wanted.keep:
        forget(path)
    reached = -1
    for _ in range(_TRIES):
        try:
            return _once(wanted, path, progress, stop)
        except _Anew:
            forget(path)
        except CutOff:
            # Go on as long as each try brings something more.
            if _known(path) is None:  # The next try could not go on with it.
                forget(path)
                raise
            there = _size(path)
            if there <= reached:
                raise
            reached = there
        except OSError:
            forget(path)
            raise
    raise CutOff(_cut_off(wanted, reached, wanted.size_bytes))


def forget(path: Path) -> None:
    """Remove a part and what is known of it."""
    path.unlink(missing_ok=True)
    path.with_suffix(".json").unlink(missing_ok=True)


def _once(
    wanted: Wanted, path: Path, progress: Progress | None, stop: threading.Event | None
) -> None:
    known, there = _known(path), _size(path)
    if known is None:
        there = 0
    headers = {"User-Agent": "personae", "Accept-Encoding": "identity"}
    if known and there:
        headers |= {"Range": f"bytes={there}-", "If-Range": known.validator}
    with _answer(wanted.url, headers) as response:
        if response.status == _UNSATISFIABLE:
            if known and there == known.total == _total(response, there):
                return  # Nothing was missing.
            raise _Anew
        start = _start(response) if response.status == _PARTIAL else 0
        total = _total(response, start)
        if start and (known is None or start != there or total != known.total):
            raise _Anew
        limit = wanted.size_bytes or LARGEST_BYTES
        if total > limit:
            forget(path)
            raise ModelError(_too_large(wanted, limit))
        _require_room(path, total - start)
        if not start:
            _remember(path, response, total)
        received = _receive(wanted, response, path, start, total, progress, stop)
    if total and received < total:
        raise CutOff(_cut_off(wanted, received, wanted.size_bytes or total))
    if wanted.size_bytes and received < wanted.size_bytes:
        forget(path)
        raise ModelError(_cut_off(wanted, received, wanted.size_bytes))


def _receive(
    wanted: Wanted,
    response: _Response,
    path: Path,
    start: int,
    total: int,
    progress: Progress | None,
    stop: threading.Event | None,
) -> int:
    """Append the body from byte `start` on; returns how many bytes are there then."""
    received = start
    limit = wanted.size_bytes or LARGEST_BYTES
    with path.open("r+b" if start else "wb") as file:
        file.seek(start)
        file.truncate()
        for block in _blocks(wanted.url, response):
            if stop and stop.is_set():
                raise Stopped
            received += len(block)
            if received > limit:
                forget(path)
                raise ModelError(_too_large(wanted, limit))
            file.write(block)
            file.flush()  # What came is the system's then, whatever happens to this process.
            if progress:
                progress(wanted.name, received, total or wanted.size_bytes)
    return received


def _blocks(url: str, response: _Response) -> Generator[bytes]:
    import http.client

    while True:
        try:
            block = response.read1(_BLOCK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise CutOff(f"{url} was cut off ({error}); try again.") from error
        if not block:
            return
        yield block


@contextmanager
def _answer(url: str, headers: dict[str, str]) -> Generator[_Response]:
    """The server's answer, with the network's errors as ModelErrors."""
    import http.client  # Not free to import, and rarely needed.
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code != _UNSATISFIABLE:
            raise ModelError(f"The server refuses {url} with status {error.code}.") from error
        response = error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelError(
            f"{url} cannot be downloaded ({reason}); look at the connection and try again."
        ) from error
    with response:
        yield cast("_Response", response)


def fetch_text(url: str, limit_bytes: int) -> str:
    """A short text from a URL, at most `limit_bytes` of it.

    Raises
    ------
    ModelError
        If it cannot be had.
    """
    with _answer(url, {"User-Agent": "personae"}) as response:
        text = b""
        for block in _blocks(url, response):
            text += block
            if len(text) >= limit_bytes:
                break
        return text[:limit_bytes].decode("ascii", "replace")


def _start(response: _Response) -> int:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found[1]) if found and found[1] else -1


def _total(response: _Response, start: int) -> int:
    """How large the whole file is by the answer; 0 if it does not say."""
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found:
        return int(found[2])
    length = response.headers.get("Content-Length", "")
    return start + int(length) if length.isdigit() else 0


def _require_room(path: Path, missing: int) -> None:
    """Raise before the first byte what would be raised after many."""
    free = shutil.disk_usage(path.parent).free
    if missing + _SPARE_BYTES > free:
        told = f"{missing >> 20} MB are to come and {free >> 20} MB are free"
        raise OSError(errno.ENOSPC, told)


def _remember(path: Path, response: _Response, total: int) -> None:
    """Keep by what the server knows the file again; without that a part is of no use."""
    validator = response.headers.get("ETag", "")
    if validator.startswith("W/"):  # Says that files are alike, not that they are the same.
        validator = ""
    validator = validator or response.headers.get("Last-Modified", "")
    note = path.with_suffix(".json")
    if validator and total:
        note.write_text(json.dumps(asdict(_Known(validator, total))), "utf-8")
    else:
        note.unlink(missing_ok=True)


def _known(path: Path) -> _Known | None:
    try:
        return _Known(**json.loads(path.with_suffix(".json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _too_large(wanted: Wanted, limit: int) -> str:
    return f"{wanted.url} is larger than the {limit} bytes that were expected."


def _cut_off(wanted: Wanted, received: int, total: int) -> str:
    of = f" of {total}" if total else ""
    return f"{wanted.url} was cut off after {received}{of} bytes; try again."

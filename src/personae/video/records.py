"""Working files between the steps of a chunked job: plain values and arrays, one after the other.

    magic, version | header | record … record | footer

Each part is one value: None, numbers, text, bytes, arrays, and lists and dicts of them. It is
stored as JSON, in which arrays and bytes are places in the raw bytes that follow. Reading a file
can only make such values, whoever wrote it; every part has a checksum, and a file that was cut off
has no footer.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from personae.errors import TaskFailed
from personae.video.files import FileAside, output_errors

VERSION = 1
_MAGIC = b"PERSONAE"
_START = struct.Struct("<8sHH")  # magic, version, length of the kind's name
_PART = struct.Struct("<cIQI")  # tag, bytes of JSON, raw bytes, CRC-32 of both
_HEADER, _RECORD, _FOOTER = b"H", b"R", b"F"
_ARRAY, _BYTES = "$a", "$b"
_DTYPES = ("uint8", "uint16", "int32", "int64", "float32", "float64", "bool")
_MOST_BYTES = 1 << 30
"""Of one part: far more than any we write, far less than what a damaged length may say."""


class RecordWriter:
    """Writes a working file, which gets its name only when it is complete.

    A context manager; leaving it by an exception leaves nothing.

    Parameters
    ----------
    path : Path
    kind : str
        Which sort of working file it is; a reader must ask for the same.
    header : mapping
    """

    def __init__(self, path: Path, kind: str, header: Mapping[str, Any]) -> None:
        self._aside = FileAside(path)
        self._path = path
        self._kind = kind.encode()
        self._header = dict(header)
        self.footer: dict[str, Any] = {}
        """Written at the end; filled by whoever knows."""

    def __enter__(self) -> RecordWriter:
        self._aside.__enter__()
        try:
            with output_errors(self._path):
                file = self._aside.file
                file.write(_START.pack(_MAGIC, VERSION, len(self._kind)) + self._kind)
            self._put(_HEADER, self._header)
        except BaseException as error:
            self._aside.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            try:
                self._put(_FOOTER, self.footer)
            except BaseException as failure:
                self._aside.__exit__(type(failure), failure, failure.__traceback__)
                raise
        self._aside.__exit__(kind, error, trace)

    def write(self, value: Mapping[str, Any]) -> None:
        """Append a record."""
        self._put(_RECORD, value)

    def _put(self, tag: bytes, value: Mapping[str, Any]) -> None:
        raw: list[bytes] = []
        text = json.dumps(_plain(value, raw, [0]), separators=(",", ":")).encode()
        body = b"".join(raw)
        crc = zlib.crc32(body, zlib.crc32(text))
        with output_errors(self._path):
            self._aside.file.write(_PART.pack(tag, len(text), len(body), crc) + text)
            self._aside.file.write(body)


class RecordReader:
    """Reads a working file; use as a context manager, and iterate once.

    Attributes
    ----------
    header : dict
    footer : dict
        Once iteration has ended.

    Raises
    ------
    TaskFailed
        If the file is missing, damaged, cut off, or of another kind or version: the step that made
        it must be done again.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self._path = path
        self.footer: dict[str, Any] = {}
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise TaskFailed(f"The working file {path.name} cannot be opened.") from error
        try:
            with reading(path):
                self._left = path.stat().st_size
                self._check_start(kind.encode())
                self.header = self._take(_HEADER)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __iter__(self) -> Generator[dict[str, Any]]:
        while True:
            with reading(self._path):
                tag, value = self._part()
                if tag == _FOOTER:
                    if self._left:
                        raise ValueError("something follows its end")
                    self.footer = value
                    return
                if tag != _RECORD:
                    raise ValueError("its parts are out of order")
            yield value

    def _check_start(self, kind: bytes) -> None:
        magic, version, length = _START.unpack(self._bytes(_START.size))
        if magic != _MAGIC:
            raise ValueError("it is something else")
        if version != VERSION:
            raise ValueError(f"it is of version {version}, not {VERSION}")
        if self._bytes(length) != kind:
            raise ValueError(f"it is no file of {kind.decode()}")

    def _take(self, wanted: bytes) -> dict[str, Any]:
        tag, value = self._part()
        if tag != wanted:
            raise ValueError("its parts are out of order")
        return value

    def _part(self) -> tuple[bytes, dict[str, Any]]:
        tag, text_size, raw_size, crc = _PART.unpack(self._bytes(_PART.size))
        text, raw = self._bytes(text_size), self._bytes(raw_size)
        if zlib.crc32(raw, zlib.crc32(text)) != crc:
            raise ValueError("its checksum is wrong")
        return tag, cast("dict[str, Any]", _value(json.loads(text), memoryview(raw)))

    def _bytes(self, count: int) -> bytes:
        if count > min(self._left, _MOST_BYTES):
            raise ValueError("it is cut off")
        self._left -= count
        return self._file.read(count)


@contextmanager
def reading(path: Path) -> Generator[None]:
    """Turn whatever goes wrong over the values of a working file into `TaskFailed`."""
    try:
        yield
    except (OSError, ValueError, TypeError, LookupError, AttributeError, struct.error) as error:
        raise TaskFailed(
            f"The working file {path.name} cannot be used: {_short(error)}. The step that made it "
            "must be done again."
        ) from error


def _short(error: Exception) -> str:
    return f"{error} is missing in it" if isinstance(error, KeyError) else str(error)


def _plain(value: Any, raw: list[bytes], size: list[int]) -> Any:
    """`value` as JSON takes it; bytes of arrays are appended to `raw`."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        array = cast("NDArray[Any]", value)
        if array.dtype.name not in _DTYPES:
            raise TypeError(f"arrays of {array.dtype} are not stored")
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        return {_ARRAY: [array.dtype.name, list(array.shape), _append(data, raw, size)]}
    if isinstance(value, bytes):
        return {_BYTES: [_append(value, raw, size), len(value)]}
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {str(key): _plain(one, raw, size) for key, one in items}
    if isinstance(value, list | tuple):
        return [_plain(one, raw, size) for one in cast("list[Any]", value)]
    raise TypeError(f"{type(value).__name__} is not stored")


def _append(data: bytes, raw: list[bytes], size: list[int]) -> int:
    """Where in the raw bytes `data` comes to lie."""
    at = size[0]
    raw.append(data)
    size[0] += len(data)
    return at


def _value(plain: Any, raw: memoryview) -> Any:
    """The value that `_plain` took apart; arrays are the reader's own."""
    if isinstance(plain, list):
        return [_value(one, raw) for one in cast("list[Any]", plain)]
    if not isinstance(plain, dict):
        return plain
    told = cast("dict[str, Any]", plain)
    if _BYTES in told:
        at, size = told[_BYTES]
        return bytes(_cut(raw, at, size))
    if _ARRAY in told:
        name, shape, at = told[_ARRAY]
        if name not in _DTYPES:
            raise ValueError(f"arrays of {name} are not read")
        dtype = np.dtype(name).newbyteorder("<")
        count = int(np.prod([int(side) for side in shape], dtype=np.int64))
        found = np.frombuffer(_cut(raw, at, count * dtype.itemsize), dtype)
        return found.reshape(shape).astype(np.dtype(name))
    return {key: _value(one, raw) for key, one in told.items()}


def _cut(raw: memoryview, at: int, size: int) -> memoryview:
    if not 0 <= at <= at + size <= len(raw):
        raise ValueError("an array lies outside of it")
    return raw[at : at + size]

"""Working files give back what was put in, or nothing."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personae.errors import TaskFailed
from personae.video.records import RecordReader, RecordWriter

VALUE: dict[str, Any] = {
    "nothing": None,
    "yes": True,
    "number": -7,
    "exact": 0.1 + 0.2,
    "tiny": 5e-324,
    "text": "Gesicht ✓",
    "bytes": b"\0\xff$a",
    "arrays": [
        np.arange(6, dtype=np.float64).reshape(2, 3) / 3,
        np.float32([1e-30, np.inf, -0.0]),
        np.zeros((0, 4), np.uint8),
        np.array([True, False]),
        np.arange(12, dtype=np.int32).reshape(3, 4).T,
    ],
    "nested": {"list": [[1, [2, None]], []]},
}


def written(path: Path, records: int = 3) -> Path:
    with RecordWriter(path, "state", {"index": 4}) as file:
        for number in range(records):
            file.write({"serial": number, **VALUE})
        file.footer = {"end": np.float64([1.5])}
    return path


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    with RecordReader(path, "state") as file:
        records = list(file)
        return file.header, records, file.footer


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == (other.tobytes())
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def test_values_come_back_bit_for_bit(tmp_path: Path) -> None:
    header, records, footer = read(written(tmp_path / "a"))
    assert header == {"index": 4}
    assert [one.pop("serial") for one in records] == [0, 1, 2]
    assert all(same(VALUE, one) for one in records)
    assert footer["end"] == 1.5
    records[0]["arrays"][0][:] = 0  # the reader's own


def test_every_damaged_byte_is_noticed(tmp_path: Path) -> None:
    whole = written(tmp_path / "a", records=1).read_bytes()
    broken = tmp_path / "b"
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 0x10
        broken.write_bytes(data)
        with pytest.raises(TaskFailed, match="working file b"):
            read(broken)


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    whole = written(tmp_path / "a", records=1).read_bytes()
    broken = tmp_path / "b"
    for size in range(len(whole)):
        broken.write_bytes(whole[:size])
        with pytest.raises(TaskFailed):
            read(broken)
    broken.write_bytes(whole + b"\0")
    with pytest.raises(TaskFailed, match="follows its end"):
        read(broken)


def test_other_kinds_versions_and_files_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a")
    with pytest.raises(TaskFailed, match="no file of plans"):
        RecordReader(path, "plans")
    data = bytearray(path.read_bytes())
    data[8] += 1
    path.write_bytes(data)
    with pytest.raises(TaskFailed, match="version"):
        RecordReader(path, "state")
    path.write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(TaskFailed):
        RecordReader(path, "state")
    with pytest.raises(TaskFailed, match="cannot be opened"):
        RecordReader(tmp_path / "missing", "state")


@pytest.mark.parametrize("value", [object(), np.array([object()]), {1, 2}, np.float32(1), 1j])
def test_nothing_but_plain_values_is_stored(tmp_path: Path, value: Any) -> None:
    with (
        pytest.raises(TypeError, match="not stored"),
        RecordWriter(tmp_path / "a", "state", {}) as file,
    ):
        file.write({"value": value})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "plain",
    [
        {"$a": ["object", [1], 0]},
        {"$a": ["float64", [1 << 40], 0]},
        {"$a": ["float64", [-1], 0]},
        {"$a": ["float64", [1], 8]},
        {"$a": ["float64", [1], -8]},
        {"$b": [0, 99]},
        {"$b": []},
    ],
)
def test_arrays_that_are_not_there_are_not_made(tmp_path: Path, plain: Any) -> None:
    """Even with right checksums, as somebody might forge them."""
    import zlib

    path = tmp_path / "a"
    text, raw = json.dumps({"value": plain}).encode(), bytes(8)
    crc = zlib.crc32(raw, zlib.crc32(text))
    start = struct.pack("<8sHH", b"PERSONAE", 1, 5) + b"state"
    path.write_bytes(start + struct.pack("<cIQI", b"H", len(text), len(raw), crc) + text + raw)
    with pytest.raises(TaskFailed):
        RecordReader(path, "state")

"""The register as a file: a snapshot that any number of processes map into memory.

Beside a snapshot ``NAME`` the first who opens it keeps ``NAME.narrowed``, what the search computes
from it. Both appear whole or not at all, and never change.
"""

from __future__ import annotations

import os
import struct
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import numpy as np

from personae.domain.register import (
    DISTANCE,
    EMBEDDING,
    SNAPSHOT_HEADER,
    SNAPSHOT_MAGIC,
    SNAPSHOT_PERSON,
)
from personae.engine.register import FaceIndex, Narrowed, People, Register, Screen, narrow
from personae.engine.types import Float32
from personae.errors import InvalidRequest

_SIZE = EMBEDDING.size // 4
_PERSON = np.dtype([("id", "S48"), ("tenant", "S48"), ("roles", "u1"), ("left", "V7")])
_NARROWED = struct.Struct("<8sIIQ")
_NARROWED_MAGIC = b"PSNREGN1"
_KEPT = 2
_kept: OrderedDict[tuple[str, int, int], tuple[Register, int]] = OrderedDict()
_lock = threading.Lock()


def open_screen(path: Path, distance: float = DISTANCE, tenant_id: str = "") -> Screen:
    """What refuses the people of a snapshot, for one task.

    Parameters
    ----------
    distance : float, range [0, 2]
    tenant_id : str
        Whose own entries hold beside everybody's.

    Raises
    ------
    InvalidRequest
        If the file is no snapshot of a register.
    """
    register, version = open_register(path)
    return Screen(register, distance, tenant_id, version)


def open_register(path: Path) -> tuple[Register, int]:
    """The people of a snapshot, and its version; the same object while the file is the same.

    Raises
    ------
    InvalidRequest
        If the file is no snapshot of a register.
    """
    try:
        told = path.stat()
    except OSError as error:
        raise InvalidRequest("The register's file cannot be opened.") from error
    key = (os.fspath(path), told.st_ino, told.st_mtime_ns)
    with _lock:
        if key not in _kept:
            _kept[key] = _load(path)
            while len(_kept) > _KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]


def _load(path: Path) -> tuple[Register, int]:
    with path.open("rb") as file:
        head = file.read(SNAPSHOT_HEADER.size)
    if len(head) < SNAPSHOT_HEADER.size:
        raise InvalidRequest("The register's file is no snapshot of one.")
    magic, faces, people, version = SNAPSHOT_HEADER.unpack(head)
    parts = (EMBEDDING.size * faces, 4 * faces, SNAPSHOT_PERSON.size * people)
    whole = SNAPSHOT_HEADER.size + sum(parts)
    if magic != SNAPSHOT_MAGIC or path.stat().st_size != whole:
        raise InvalidRequest("The register's file is no snapshot of one, or not a whole one.")
    data = np.memmap(path, np.uint8, "r")
    at = np.cumsum([SNAPSHOT_HEADER.size, *parts])
    embeddings = data[at[0] : at[1]].view("<f4").reshape(faces, _SIZE)
    owners = data[at[1] : at[2]].view("<u4")
    records = data[at[2] : at[3]].view(_PERSON)
    if faces and int(owners.max()) >= people:
        raise InvalidRequest("The register's file is damaged.")
    whose = People(owners, records["id"], records["tenant"], records["roles"])
    narrowed = _narrowed(path, np.asarray(embeddings))
    return Register(FaceIndex(np.asarray(embeddings), narrowed), whose), int(version)


def _narrowed(path: Path, embeddings: Float32) -> Narrowed:
    """What the search needs beside the embeddings: read, or computed and kept for others."""
    beside = path.with_name(f"{path.name}.narrowed")
    found = _read_narrowed(beside, len(embeddings))
    if found is not None:
        return found
    made = narrow(embeddings)
    aside = beside.with_name(f".{beside.name}.{os.getpid()}.{threading.get_ident()}")
    # Whoever cannot keep it has it nevertheless, in memory of their own.
    with suppress(OSError):
        try:
            with aside.open("wb") as file:
                count, leading = len(made.rows), len(made.basis)
                file.write(_NARROWED.pack(_NARROWED_MAGIC, count, leading, 0))
                for array in (made.mean, made.basis, made.rows):
                    file.write(np.ascontiguousarray(array).data)
            aside.replace(beside)
        finally:
            aside.unlink(missing_ok=True)
        return _read_narrowed(beside, len(embeddings)) or made
    return made


def _read_narrowed(path: Path, faces: int) -> Narrowed | None:
    try:
        with path.open("rb") as file:
            magic, count, leading, _ = _NARROWED.unpack(file.read(_NARROWED.size))
        parts = (8 * _SIZE, 8 * _SIZE * leading, 4 * (leading + 2) * count)
        if magic != _NARROWED_MAGIC or count != faces:
            return None
        if path.stat().st_size != _NARROWED.size + sum(parts):
            return None
        data = np.memmap(path, np.uint8, "r")
    except (OSError, struct.error, ValueError):
        return None
    at = np.cumsum([_NARROWED.size, *parts])
    return Narrowed(
        np.asarray(data[at[0] : at[1]].view("<f8")),
        np.asarray(data[at[1] : at[2]].view("<f8").reshape(leading, _SIZE)),
        np.asarray(data[at[2] : at[3]].view("<f4").reshape(count, leading + 2)),
    )

"""Copies of the register on this machine, for media jobs: one file for each state of it.

A snapshot is made when a task begins and the register has changed since, so that a new entry holds
from the next task on. It is a plain file (see `personae.domain.register`) that all children map;
while a job uses one it stays. Nothing is made, and nothing is looked at, while nobody is protected.
"""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from personae.app.ports import Clock, Database
from personae.domain.register import (
    DISTANCE,
    EMBEDDING,
    ROLE_BITS,
    SNAPSHOT_HEADER,
    SNAPSHOT_MAGIC,
    SNAPSHOT_PERSON,
    ProtectedFace,
)
from personae.errors import Unavailable

_PAGE = 5000
"""Faces read in one go."""
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Made:
    """A snapshot: the version it shows, its file (None: nobody), and until when it is right.

    ``last``, ``total``: the highest of its faces' numbers, and the sum of them.
    """

    version: int
    path: Path | None
    until: float | None
    last: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class _Base:
    """An older snapshot, open behind its header, to which others are added."""

    file: BinaryIO
    faces: int
    people: int
    last: int
    total: int

    def copy_into(self, file: BinaryIO) -> tuple[array[int], bytearray]:
        """Copy the embeddings; the owners and the records that follow them."""
        left = self.faces * EMBEDDING.size
        while left:
            block = self.file.read(min(left, _BLOCK_BYTES))
            if not block:
                raise OSError("the last snapshot is not whole")
            file.write(block)
            left -= len(block)
        owners = array("I")
        owners.frombytes(self.file.read(self.faces * owners.itemsize))
        return owners, bytearray(self.file.read())


class RegisterSnapshots:
    """Snapshots in a folder of this process's own; safe for several threads.

    Parameters
    ----------
    folder : Path
        Made when it is first needed.
    distance : float, range [0, 2]
        How near a face has to be to an entry, as 1 - cosine.
    """

    def __init__(
        self, database: Database, clock: Clock, folder: Path, distance: float = DISTANCE
    ) -> None:
        self._database = database
        self._clock = clock
        self._folder = folder
        self.distance = distance
        self._lock = threading.Lock()
        self._made: _Made | None = None
        self._users: Counter[Path] = Counter()

    @contextmanager
    def lent(self, tenant_id: str) -> Generator[dict[str, Any] | None]:
        """What a media job's ``register`` is for a tenant; None while nobody is protected.

        Raises
        ------
        Unavailable
            If the register cannot be read or written down: then nobody is swapped.
        """
        with self._lock:
            path = self._current().path
            if path is not None:
                self._users[path] += 1
        if path is None:
            yield None
            return
        try:
            yield {"path": str(path), "distance": self.distance, "tenant_id": tenant_id}
        finally:
            with self._lock:
                self._users[path] -= 1
                self._drop_old()

    def _current(self) -> _Made:
        now, made = self._clock(), self._made
        version = self._database.read(lambda tx: tx.register.version())
        if (
            made is None
            or made.version != version
            or (made.until is not None and made.until <= now)
        ):
            made = self._made = self._make(now)
            self._drop_old()
        return made

    def _make(self, now: float) -> _Made:
        """Write down who is protected now."""
        # Changes that come while it is read show in the next version, and are read again then.
        version, until = self._database.read(
            lambda tx: (tx.register.version(), tx.register.next_expiry(now))
        )
        if not version or not self._read(now, 0, 1):
            return _Made(version, None, until)
        path = self._folder / f"register-{version}-{int(now * 1000)}"
        aside = path.with_name(f".{path.name}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file, self._base(now) as base:
                last, total = self._write(file, version, now, base)
            aside.replace(path)
        except OSError as error:
            raise Unavailable("The service cannot take work now; try again later.") from error
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
        return _Made(version, path, until, last, total)

    @contextmanager
    def _base(self, now: float) -> Generator[_Base | None]:
        """The last snapshot, if everybody in it is still protected: then it is only added to."""
        made = self._made
        if made is None or made.path is None:
            yield None
            return
        with made.path.open("rb") as file:
            _, faces, people, _ = SNAPSHOT_HEADER.unpack(file.read(SNAPSHOT_HEADER.size))
            tally = self._database.read(lambda tx: tx.register.tally(now, made.last))
            same = tally == (faces, made.total)
            yield _Base(file, faces, people, made.last, made.total) if same else None

    def _write(
        self, file: BinaryIO, version: int, now: float, base: _Base | None
    ) -> tuple[int, int]:
        """Write everybody down; the highest number of a face, and the sum of the numbers."""
        file.write(bytes(SNAPSHOT_HEADER.size))
        numbers: dict[str, int] = {}
        owners, records = array("I"), bytearray()
        last = total = known = 0
        if base is not None:
            owners, records = base.copy_into(file)
            last, total, known = base.last, base.total, base.people
        while page := self._read(now, last, _PAGE):
            for face in page:
                if face.person_id not in numbers:
                    numbers[face.person_id] = known + len(numbers)
                    records += _record(face)
                owners.append(numbers[face.person_id])
                total += face.number
            file.write(b"".join(face.embedding for face in page))
            last = page[-1].number
        file.write(owners.tobytes())
        file.write(records)
        people = known + len(numbers)
        file.seek(0)
        file.write(SNAPSHOT_HEADER.pack(SNAPSHOT_MAGIC, len(owners), people, version))
        return last, total

    def _read(self, now: float, after: int, limit: int) -> list[ProtectedFace]:
        return self._database.read(lambda tx: tx.register.faces(now, after=after, limit=limit))

    def _drop_old(self) -> None:
        """Remove the snapshots that nobody uses any more."""
        current = None if self._made is None else self._made.path
        for path in self._folder.glob("register-*"):
            owner = path.with_name(path.name.partition(".")[0])
            if owner != current and not self._users[owner]:
                path.unlink(missing_ok=True)


def _record(face: ProtectedFace) -> bytes:
    return SNAPSHOT_PERSON.pack(
        face.person_id.encode("ascii"),
        (face.tenant_id or "").encode("ascii"),
        ROLE_BITS[face.applies_to],
    )

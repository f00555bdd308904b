"""Blobs kept at hand while the pieces of one task use them again and again."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from pathlib import Path

from personae.app.ports import Blobs


class Copies:
    """Local copies of blobs, grouped by task, at most `limit_bytes` of those not in use.

    Blobs never change under one key, so that a copy never grows stale. Safe for several threads; a
    process has a folder of its own.
    """

    def __init__(self, blobs: Blobs, folder: Path, limit_bytes: int) -> None:
        self._blobs = blobs
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._fetching: dict[Path, threading.Lock] = {}
        self._used: dict[str, float] = {}
        self._users: dict[str, int] = {}

    def enter(self, task_id: str) -> None:
        """From here on, until `leave`, copies of this task stay."""
        with self._lock:
            self._users[task_id] = self._users.get(task_id, 0) + 1
            self._used[task_id] = time.monotonic()

    def leave(self, task_id: str) -> None:
        """One user less; the least recently used tasks' copies go when there are too many."""
        with self._lock:
            self._users[task_id] -= 1
            if not self._users[task_id]:
                del self._users[task_id]
            self._used[task_id] = time.monotonic()
        self._shrink()

    def get(self, task_id: str, key: str) -> Path:
        """A local file with the blob's bytes, not to be changed.

        Raises
        ------
        NotFound, Unavailable
        """
        path = self._path(task_id, key)
        with self._lock:
            fetching = self._fetching.setdefault(path, threading.Lock())
        with fetching:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                aside = path.with_name(f".{path.name}")
                aside.unlink(missing_ok=True)
                self._blobs.get_file(key, aside)
                aside.replace(path)
        return path

    def adopt(self, task_id: str, key: str, path: Path) -> None:
        """Take over a file that has the blob's bytes already."""
        target = self._path(task_id, key)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)

    def drop(self, task_id: str) -> None:
        """Remove a task's copies."""
        with self._lock:
            self._used.pop(task_id, None)
        shutil.rmtree(self._folder / task_id, ignore_errors=True)

    def idle(self) -> list[str]:
        """Tasks of which there are copies that nobody uses at this moment."""
        with self._lock:
            return [one for one in self._used if one not in self._users]

    def drop_idle(self, task_id: str) -> bool:
        """Remove a task's copies unless somebody uses them; whether they were removed."""
        with self._lock:
            if task_id in self._users:
                return False
            self._used.pop(task_id, None)
            # Under the lock, so that nobody begins to use what is just going.
            shutil.rmtree(self._folder / task_id, ignore_errors=True)
        return True

    def _path(self, task_id: str, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()[:24] + Path(key).suffix
        return self._folder / task_id / name

    def _shrink(self) -> None:
        with self._lock:
            idle = sorted((at, one) for one, at in self._used.items() if one not in self._users)
            sizes = {one: _size(self._folder / one) for _, one in idle}
            excess = sum(sizes.values()) - self._limit_bytes
            for _, one in idle:
                if excess <= 0:
                    break
                excess -= sizes[one]
                del self._used[one]
                shutil.rmtree(self._folder / one, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*") if path.is_file())

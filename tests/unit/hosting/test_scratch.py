"""Scratch folders: whose they are, and what becomes of those whose owner was killed."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import threading
from pathlib import Path

from personae.hosting.scratch import ScratchFolder

_KILLED = """
import os, signal, sys
from pathlib import Path
from personae.hosting.scratch import ScratchFolder
made = ScratchFolder(Path(sys.argv[1]), "worker")
(made.path / "work").mkdir()
(made.path / "work" / "scene.mp4").write_bytes(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_folder_is_removed_by_the_next_of_its_role(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    other = ScratchFolder(tmp_path, "api")
    assert left.exists()
    own = ScratchFolder(tmp_path, "worker")
    assert sorted(tmp_path.iterdir()) == sorted([other.path, own.path])
    own.remove()
    other.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    first = ScratchFolder(tmp_path, "worker")
    (first.path / "kept").touch()
    second = ScratchFolder(tmp_path, "worker")
    assert (first.path / "kept").exists()
    assert first.path != second.path


def test_one_whose_owner_died_before_it_had_its_lock_is_removed(tmp_path: Path) -> None:
    (tmp_path / "worker-early").mkdir()
    own = ScratchFolder(tmp_path, "worker")
    assert list(tmp_path.iterdir()) == [own.path]


def test_one_that_is_half_removed_keeps_its_lock_for_the_next_to_try(tmp_path: Path) -> None:
    """A folder that cannot be emptied must not be taken for one that is just being made."""
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    stuck = left / "stuck"
    stuck.mkdir()
    for number in range(1500):  # It takes a while to remove, and more comes meanwhile.
        (stuck / f"old-{number}").touch()
    stop, began = threading.Event(), threading.Event()

    def fill() -> None:
        """As a media child does that takes a moment to die."""
        for number in itertools.count():
            with contextlib.suppress(FileNotFoundError):
                stuck.mkdir(exist_ok=True)
                (stuck / str(number)).touch()
            began.set()
            if stop.is_set():
                return

    writer = threading.Thread(target=fill)
    writer.start()
    began.wait(10)
    ScratchFolder(tmp_path, "worker").remove()
    stop.set()
    writer.join(10)
    ScratchFolder(tmp_path, "worker").remove()
    assert list(tmp_path.iterdir()) == []


def test_many_that_start_at_once_get_a_folder_each(tmp_path: Path) -> None:
    made: list[ScratchFolder] = []
    threads = [
        threading.Thread(
            target=lambda: made.extend(ScratchFolder(tmp_path, "worker") for _ in range(40))
        )
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(made) == 8 * 40
    assert all((one.path / ".lock").exists() for one in made)

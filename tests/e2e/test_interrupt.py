"""Being stopped in the middle: no output, or none that looks like one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from clips import Track, write_clip
from e2e.shell import listing, personae_command, run
from faces import Name, nodding

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
LIMIT_S = 60.0


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More frames than any machine swaps before it is told to stop."""
    pictures = list(nodding("collins", 40, (240, 180))) * 60
    path = tmp_path_factory.mktemp("long") / "scene.mp4"
    options = {"crf": "28", "preset": "ultrafast"}
    return write_clip(
        path, pictures=pictures, frames=2400, size_wh=(240, 180), options=options, audio=(Track(),)
    )


@pytest.fixture
def folder(tmp_path: Path, long_clip: Path, photos: Mapping[Name, Path]) -> Path:
    os.link(long_clip, tmp_path / "scene.mp4")
    os.link(photos["collins"], tmp_path / "donor.png")
    return tmp_path


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Begin a swap, and wait until its output grows beside the final name."""
    before = listing(folder)
    process = subprocess.Popen(
        personae_command("swap", "donor.png", "scene.mp4", "-o", "out.mp4", *arguments),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + LIMIT_S
    while not _grows(folder, before):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the output never began to grow"
        time.sleep(0.02)
    return process


def _grows(folder: Path, before: dict[str, int]) -> bool:
    try:
        return any(size > 0 for name, size in listing(folder).items() if name not in before)
    except FileNotFoundError:  # renamed or removed while it was looked at
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_asked_to_stop(number: signal.Signals, folder: Path) -> None:
    before = listing(folder)
    process = start(folder, "--json")
    process.send_signal(number)
    out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert json.loads(out)["exit_code"] == 130
    assert json.loads(out)["error"]["code"] == "canceled"
    assert "Traceback" not in err
    assert listing(folder) == before


def test_an_older_output_survives_being_stopped(folder: Path) -> None:
    (folder / "out.mp4").write_bytes(b"what was there before")
    before = listing(folder)
    process = start(folder)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert listing(folder) == before
    assert (folder / "out.mp4").read_bytes() == b"what was there before"


def test_being_interrupted_twice(folder: Path) -> None:
    """The second time ends it at once; still nothing carries the output's name."""
    process = start(folder)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode in (130, -signal.SIGINT)
    assert not (folder / "out.mp4").exists()
    assert "Traceback" not in err


def test_being_killed(folder: Path) -> None:
    """Nothing can tidy up then; what is left passes for no output, and goes next time."""
    process = start(folder)
    process.kill()
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "out.mp4").exists()
    left = set(listing(folder)) - {"scene.mp4", "donor.png"}
    assert left
    assert all(name.startswith(".") and ".part" in name for name in left)
    ended = run(folder, "swap", "donor.png", "scene.mp4", "--end", "0.2", "-o", "out.mp4")
    assert ended.code == 0, ended.err
    assert set(listing(folder)) == {"scene.mp4", "donor.png", "out.mp4"}

"""What a killed process leaves is swept by the next one; what a living one writes is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from personae.video.files import FileAside
from personae.video.parts import sweep

pytestmark = pytest.mark.skipif(os.name != "posix", reason="parts are locked only there")

WRITER = """
import sys
from pathlib import Path
from personae.video.files import FileAside
with FileAside(Path(sys.argv[1])) as aside:
    aside.file.write(b"half of it")
    aside.file.flush()
    print("growing", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def writing(output: Path) -> Generator[subprocess.Popen[str]]:
    """Another process that is in the middle of writing `output`."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "growing\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def killed(output: Path) -> Path:
    """What a killed writer of `output` leaves."""
    before = set(output.parent.iterdir())
    with writing(output) as process:
        process.kill()
        process.wait()
    (part,) = set(output.parent.iterdir()) - before
    return part


def write(output: Path, data: bytes = b"whole") -> None:
    with FileAside(output) as aside:
        aside.file.write(data)


def test_the_next_run_to_the_same_output_sweeps(tmp_path: Path) -> None:
    output = tmp_path / "out [1].mp4"
    parts = {killed(output), killed(output)}
    assert len(parts) == 2
    write(output)
    assert list(tmp_path.iterdir()) == [output]
    assert output.read_bytes() == b"whole"


def test_a_run_that_fails_sweeps_as_well(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    killed(output)
    with pytest.raises(ZeroDivisionError), FileAside(output):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    with writing(output) as process:
        (part,) = tmp_path.iterdir()
        write(output)
        assert set(tmp_path.iterdir()) == {output, part}
        process.communicate("go on\n")
        assert process.returncode == 0
    assert list(tmp_path.iterdir()) == [output]
    assert output.read_bytes() == b"half of it"


def test_what_this_process_writes_is_left_alone(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    with FileAside(output) as first:
        first.file.write(b"first")
        write(output, b"second")
        assert output.read_bytes() == b"second"
    assert output.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [output]


def test_other_outputs_and_other_files_are_left_alone(tmp_path: Path) -> None:
    others = {killed(tmp_path / name) for name in ("out.mkv", "out2.mp4", "out.b.mp4")}
    for name in (".out.part.mp4", ".out.0123abcd.part", ".out.0123abcX.part.mp4", "out.mp4.part"):
        (tmp_path / name).touch()
        others.add(tmp_path / name)
    write(tmp_path / "out.mp4")
    assert set(tmp_path.iterdir()) == others | {tmp_path / "out.mp4"}


def test_only_plain_files_are_swept(tmp_path: Path) -> None:
    """A link, a pipe or a folder with a part's name is not ours, and a pipe must not block us."""
    precious = tmp_path / "precious.mp4"
    precious.write_bytes(b"mine")
    (tmp_path / ".out.00000000.part.mp4").symlink_to(precious)
    os.mkfifo(tmp_path / ".out.00000001.part.mp4")
    (tmp_path / ".out.00000002.part.mp4").mkdir()
    before = set(tmp_path.iterdir())
    sweep(tmp_path / "out.mp4")
    assert set(tmp_path.iterdir()) == before
    assert precious.read_bytes() == b"mine"


def test_a_folder_that_cannot_be_listed_is_no_error(tmp_path: Path) -> None:
    sweep(tmp_path / "nowhere" / "out.mp4")

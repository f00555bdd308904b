"""What people expect of any command: colours, pipes, versions, quiet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from personae.version import __version__

PERSONAE = [sys.executable, "-m", "personae"]
ESCAPE = b"\x1b["


def run(
    folder: Path, *arguments: str, given: bytes | None = None, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    plain = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS")
    }
    return subprocess.run(
        [*PERSONAE, *arguments],
        cwd=folder,
        env={**plain, **variables},
        input=given,
        capture_output=True,
        timeout=100,
        check=False,
    )


def test_the_version_is_told_in_three_ways(tmp_path: Path) -> None:
    for arguments in (["--version"], ["-V"], ["version"]):
        assert run(tmp_path, *arguments).stdout.decode() == f"personae {__version__}\n"


@pytest.mark.parametrize(
    ("variables", "bold", "coloured"),
    [
        ({}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_help_has_colours_where_they_are_wanted(
    tmp_path: Path, variables: dict[str, str], bold: bool, coloured: bool
) -> None:
    shown = run(tmp_path, "version", "--help", **{"TERM": "xterm-256color", **variables}).stdout
    assert (ESCAPE in shown, b"36m" in shown) == (bold, coloured)


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("term", "escapes"), [("xterm-256color", True), ("dumb", False)])
def test_help_on_a_terminal_heeds_what_it_can_do(tmp_path: Path, term: str, escapes: bool) -> None:
    import pty

    master, slave = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [*PERSONAE, "version", "--help"],
        stdout=slave,
        stderr=slave,
        env={**environment, "TERM": term},
    )
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 4096):
            shown += part
    except OSError:  # The other end is closed.
        pass
    process.wait(60)
    assert (ESCAPE in shown) == escapes


def test_a_reader_that_has_gone_is_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*PERSONAE, "models", "list", "--json"], stdout=writer, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writer)
    assert done.stderr == b""


def test_a_dash_is_standard_input_and_output(tmp_path: Path) -> None:
    Image.new("RGB", (32, 24), (9, 99, 9)).save(tmp_path / "a.png")
    picture = (tmp_path / "a.png").read_bytes()
    probed = run(tmp_path, "probe", "-", given=picture).stdout.decode()
    assert "32 x 24" in probed
    assert "standard-input: no face" in run(tmp_path, "detect", "-", given=picture).stdout.decode()
    both = run(tmp_path, "swap", "-", "-", "-o", "b.png", given=picture)
    assert (both.returncode, b"give - once" in both.stderr) == (2, True)
    mixed = run(tmp_path, "swap", "a.png", "-", "-o", "-", "--json", given=picture)
    assert (mixed.returncode, b"--json or -o -" in mixed.stderr) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_output_goes_through_a_pipe_as_it_is(tmp_path: Path) -> None:
    import matplotlib.cbook
    import skimage.data

    hopper = str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    Image.fromarray(skimage.data.astronaut()).save(tmp_path / "scene.png")
    scene = (tmp_path / "scene.png").read_bytes()
    done = run(tmp_path, "swap", hopper, "-", "-o", "-", "--quiet", given=scene)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"\x89PNG")
    (tmp_path / "out.png").write_bytes(done.stdout)
    assert Image.open(tmp_path / "out.png").size == (512, 512)

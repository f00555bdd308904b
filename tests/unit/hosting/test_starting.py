"""A service that cannot start says why in one sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from personae.errors import InvalidRequest
from personae.hosting.folders import make_usable
from personae.hosting.running import forget, listen, write_aside
from personae.hosting.settings import load_settings


def test_a_data_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    make_usable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below", "x" * 300, "nul\0"])
def test_an_impossible_data_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidRequest, match=r"The data folder .* cannot be used: .*--data"):
        make_usable(tmp_path / name)


@pytest.mark.parametrize(
    "host", ["nobody.invalid", "192.0.2.1", "::2", "a..b", "x" * 300, "\udc80"]
)
def test_a_host_that_is_not_here_is_named(tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        listen(load_settings(data_dir=tmp_path, host=host, port=0))
    assert refused.value.message.startswith("The service cannot listen on ")
    assert refused.value.message.endswith("Choose another --host.")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidRequest, match=rf"127\.0\.0\.1:{port}: .*another --port"):
            listen(load_settings(data_dir=tmp_path, port=port))


@pytest.mark.parametrize(
    "command",
    [
        ("serve", "--port", "0"),
        ("api", "--port", "0"),
        ("worker",),
        ("keys", "create", "--tenant", "a"),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("what", ["data", "work", "database", "secret"])
def test_nothing_starts_without_its_folders(
    tmp_path: Path, command: tuple[str, ...], what: str
) -> None:
    data, environment = tmp_path / "data", {"PERSONAE_MODELS_DIR": str(tmp_path)}
    if what == "data":
        data.touch()
    elif what == "database":
        environment["PERSONAE_DATABASE_URL"] = f"sqlite:///{tmp_path}/none/x.db"
        (tmp_path / "none").touch()
    elif what == "work":
        data.mkdir()
        (data / "work").touch()
    else:
        if command[0] in ("worker", "keys"):
            pytest.skip("signs no URL")
        (data / "secret").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-m", "personae", *command, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 2, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "inside Personae" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "pk_" not in done.stdout + done.stderr


def test_only_its_own_user_can_read_what_a_service_keeps(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    command = [sys.executable, "-m", "personae", "keys", "create", "--tenant", "a"]
    done = subprocess.run(
        [*command, "--data", "data"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = list((tmp_path / "data").rglob("*"))
    assert [path.name for path in made if path.name == "personae.db"]
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_a_file_that_another_process_wrote_is_left(tmp_path: Path) -> None:
    file = tmp_path / "url"
    write_aside(file, "http://127.0.0.1:1")
    forget(file, "http://127.0.0.1:2")
    assert file.exists()
    forget(file, "http://127.0.0.1:1")
    assert not file.exists()
    forget(file, "http://127.0.0.1:1")

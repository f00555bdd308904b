"""`personae models` with models of an operator's own, over a real server, as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_models import Server, serving
from small_networks import small_swapper, swapper_text

from warm import run_warm

NETWORK = small_swapper()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


class Shell:
    """A machine with a models folder and a card of its own."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        (folder / "models" / "cards").mkdir(parents=True)
        url = server.offer("/small.onnx", NETWORK)
        text = swapper_text("small", url, f'crc32_url = "{server.url}/small.hash"')
        text = text.replace('embedder = "arcface_w600k_r50"', 'embedder = "dlib_resnet"')
        (folder / "models" / "cards" / "small.toml").write_text(text)
        self.more: dict[str, str] = {}

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PERSONAE_")}
        more = {"PERSONAE_MODELS_DIR": str(self.folder / "models")} | self.more
        return run_warm(["models", *arguments], env=kept | more, timeout=60)

    def data(self, *arguments: str) -> dict[str, Any]:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def fails(self, code: int, *arguments: str) -> str:
        done = self(*arguments)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture
def shell(tmp_path: Path, server: Server) -> Shell:
    return Shell(tmp_path, server)


def test_a_licence_is_shown_and_accepted_by_name(shell: Shell, server: Server) -> None:
    told = shell.fails(6, "pull", "small", "--only")
    assert "small is under Small non-commercial: For research only." in told
    assert "has not been accepted; run `personae models accept small`." in told
    assert server.asked == []
    told = shell.fails(6, "accept", "small")
    assert "run `personae models accept small --yes`" in told
    accepted = shell.data("accept", "small", "--yes")
    assert accepted["models"]["small"]["state"] == "accepted"
    assert shell.data("pull", "small", "--only")["fetched"] == ["small"]
    shown = shell.data("show", "small")
    assert (shown["state"], shown["own"], shown["needs"]) == ("ready", True, ["dlib_resnet"])
    assert shown["contract"]["picture"]["size_px"] == 16
    assert len(shown["pinned_sha256"]) == 64
    assert shell.data("verify", "small")["intact"] == ["small"]


def test_pull_and_accept_in_one(shell: Shell) -> None:
    assert "'other' is none of the models" in shell.fails(
        2, "pull", "small", "--only", "--accept-licence", "other"
    )
    assert shell.data("pull", "small", "--only", "--accept-licence", "small")["fetched"]


def test_only_permissive_ones(shell: Shell, server: Server) -> None:
    arguments = ("pull", "small", "--only", "--accept-licence", "small")
    assert "only permissive ones are allowed" in shell.fails(6, *arguments, "--permissive-only")
    names = {each["name"] for each in shell.data("list", "--permissive-only")["models"]}
    assert "ghost_1_256" in names
    assert not names & {"small", "inswapper_128"}
    shell.more["PERSONAE_PERMISSIVE_ONLY"] = "true"
    assert "only permissive ones are allowed" in shell.fails(6, *arguments)
    assert "only permissive ones" in shell.fails(6, "accept", "small", "--yes")
    assert server.asked == []
    shell.more["PERSONAE_PERMISSIVE_ONLY"] = "perhaps"
    assert "set it to true or false" in shell.fails(2, "list")


def test_what_a_model_needs_comes_too(shell: Shell) -> None:
    shell.more |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
    told = shell.fails(6, "pull", "small", "--accept-licence", "small")
    assert "dlib_resnet comes too: it is needed." in told
    assert "pip finds no face_recognition_models" in told


def test_search(shell: Shell) -> None:
    def names(*arguments: str) -> list[str]:
        return [each["name"] for each in shell.data("search", *arguments)["models"]]

    assert names("GHOST", "swapper") == ["ghost_1_256", "ghost_2_256", "ghost_3_256"]
    assert names("face", "--role", "parser") == ["bisenet_resnet_18", "bisenet_resnet_34"]
    assert names("small", "--licence", "research") == []
    assert names("small", "--licence", "non-comm", "--role", "swapper") == ["small"]
    assert names("small", "--installed") == []
    assert "There is no role 'wizard'" in shell.fails(2, "search", "x", "--role", "wizard")


def test_show_is_for_people_too(shell: Shell) -> None:
    told = shell("show", "codeformer").stdout
    for words in ("S-Lab-1.0", "CRC-32 1456f3ab", "weight: float64 1, 0 to 1", "(any name)"):
        assert words in told
    assert "did you mean codeformer?" in shell.fails(2, "show", "codeforner")


def test_a_broken_card_is_told_and_harms_nothing(shell: Shell) -> None:
    (shell.folder / "models" / "cards" / "bad.toml").write_text('name = "bad"\n')
    done = shell("list")
    assert done.returncode == 0
    assert done.stderr == "Warning: The model card bad.toml has no value for 'role'.\n"
    assert shell.data("list")["problems"]
    assert "bad.toml" in shell.fails(6, "show", "bad")


def test_cards_from_another_folder(shell: Shell, tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "x.toml").write_text(swapper_text("elsewhere", "http://127.0.0.1:9/x.onnx"))
    shell.more["PERSONAE_CARDS_DIR"] = str(cards)
    assert shell.data("show", "elsewhere")["own"]


def test_a_mirror_by_setting(shell: Shell, server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "offline"
    folder.mkdir()
    (folder / "small.onnx").write_bytes(NETWORK)
    (folder / "small.hash").write_bytes(server.answers["/small.hash"].body)
    server.answers.clear()
    shell.more["PERSONAE_MODEL_MIRRORS"] = str(folder)
    shell.data("pull", "small", "--only", "--accept-licence", "small")
    assert server.asked == []


def test_export_import_and_remove(shell: Shell, tmp_path: Path, server: Server) -> None:
    bundle = str(tmp_path / "models.tar")
    assert "Say with -o" in shell.fails(2, "export", "small")
    assert "not been accepted" in shell.fails(6, "export", "small", "-o", bundle)
    shell.data("pull", "small", "--only", "--accept-licence", "small")
    assert shell.data("export", "--all", "-o", bundle)["models"] == ["small"]
    assert "cannot be written" in shell.fails(3, "export", "small", "-o", "/nowhere/x.tar")
    other = Shell(tmp_path / "other", server)
    (other.folder / "models" / "cards" / "small.toml").unlink()
    assert "accept small" in other.fails(6, "import", bundle)
    taken = other.data("import", bundle, "--accept-licence", "small")
    assert taken["installed"] == ["small"]
    assert other.data("verify", "small")["intact"] == ["small"]
    assert other.data("remove", "small")["removed"] == ["small"]
    assert other.data("remove", "small")["removed"] == []
    assert other.data("show", "small")["state"] == "missing"


def test_a_file_of_ones_own(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    file.write_bytes(b"no network")
    arguments = ("import", str(file), "--as", "small", "--accept-licence", "small")
    assert "not a whole ONNX network" in shell.fails(6, *arguments)
    file.write_bytes(NETWORK)
    assert shell.data(*arguments)["installed"] == ["small"]
    file.write_bytes(small_swapper(seed=2))
    assert "--repin" in shell.fails(6, *arguments)
    assert shell.data(*arguments, "--repin")["installed"] == ["small"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 6), (b"\n", 6)])
def test_at_a_terminal_it_is_asked(answer: bytes, code: int, shell: Shell) -> None:
    import pty

    ours, theirs = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PERSONAE_")}
    running = subprocess.Popen(
        [sys.executable, "-m", "personae", "models", "pull", "small", "--only"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=kept | {"PERSONAE_MODELS_DIR": str(shell.folder / "models")},
    )
    os.close(theirs)
    seen = b""
    while b"licence of small? [y/N]" not in seen:
        seen += os.read(ours, 1024)
    os.write(ours, answer)
    while True:
        try:
            more = os.read(ours, 1024)
        except OSError:  # Linux says that the other side is gone.
            break
        if not more:
            break
        seen += more
    assert running.wait(timeout=60) == code, seen
    os.close(ours)
    assert b"For research only." in seen
    assert shell.data("show", "small")["state"] == ("ready" if code == 0 else "missing")


def test_doctor_tells_of_cards_and_models_of_ones_own(shell: Shell) -> None:
    (shell.folder / "models" / "cards" / "bad.toml").write_text("x")
    shell.data("pull", "small", "--only", "--accept-licence", "small")
    (shell.folder / "models" / ".licences" / "small.json").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "personae", "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=os.environ | {"PERSONAE_MODELS_DIR": str(shell.folder / "models")},
    )
    findings = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    assert findings["small"]["ok"] is False
    assert "ready, Small non-commercial (needed)" in findings["small"]["detail"]
    assert "bad.toml" in findings["cards"]["detail"]
    assert not findings["small"]["needed"]

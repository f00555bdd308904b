"""`personae models`, run as a program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from personae.adapters.model_store import ModelStore
from personae.cli.models import models_app
from warm import run_warm

run = CliRunner()


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for models, and a pip that finds nothing."""
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(tmp_path / "models"))
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "models"


def test_where_prints_the_folder_and_nothing_else(nothing: Path) -> None:
    assert run.invoke(models_app, ["where"]).stdout == f"{nothing}\n"
    assert run.invoke(models_app, ["where", "dlib_resnet"]).stdout == f"{nothing}/dlib_resnet\n"
    assert not nothing.exists(), "Asking makes nothing."


def test_where_without_a_choice_is_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PERSONAE_MODELS_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = Path(run.invoke(models_app, ["where"]).stdout.strip())
    assert (folder.parent.name, folder.name) == ("personae", "models")


def test_list_shows_every_model_with_its_licence(nothing: Path) -> None:
    shown = run.invoke(models_app, ["list"])
    assert shown.exit_code == 0
    for word in ("blazeface_short", "attention_mesh", "Apache-2.0", "CC0-1.0", "missing"):
        assert word in shown.stdout
    models = json.loads(run.invoke(models_app, ["list", "--json"]).stdout)["models"]
    assert {each["state"] for each in models} == {"missing"}
    assert all(each["licence"]["url"] for each in models)
    assert all(len(each["sha256"]) == 64 for each in models if each["default"])


def test_list_says_what_is_ready(store: ModelStore) -> None:
    models = json.loads(run.invoke(models_app, ["list", "--json"]).stdout)["models"]
    states = {each["name"]: each["state"] for each in models if each["default"]}
    assert set(states.values()) == {"ready"}


def test_verify_and_pull_leave_intact_models_alone(store: ModelStore) -> None:
    intact = run.invoke(models_app, ["verify", "--json"])
    assert json.loads(intact.stdout)["intact"] == sorted(json.loads(intact.stdout)["intact"])
    assert len(json.loads(intact.stdout)["intact"]) == 5
    pulled = json.loads(run.invoke(models_app, ["pull", "--json"]).stdout)
    assert (pulled["fetched"], len(pulled["already_there"])) == ([], 5)


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["verify"], 6, "No model is installed in "),
        (["verify"], 6, "models; run `personae models pull`."),
        (["verify", "dlib_resnet"], 6, "run `personae models pull dlib_resnet`"),
        (["verify", "nope"], 2, "There is no model 'nope'"),
        (["pull", "blazeface_short"], 6, "pip finds no mediapipe==0.10.21"),
        (["pull", "nope"], 2, "There is no model 'nope'"),
        (["where", "nope"], 2, "There is no model 'nope'"),
    ],
)
def test_errors_are_one_sentence_and_a_code(
    arguments: list[str], exit_code: int, message: str
) -> None:
    command = [sys.executable, "-c", "from personae.cli.models import models_app; models_app()"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == exit_code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def copied(store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with all models, to damage."""
    folder = tmp_path / "models"
    shutil.copytree(store.folder, folder)
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(folder))
    return folder


def verify(*arguments: str) -> tuple[int, dict[str, str], str]:
    """Exit code, the table's words by model, and the one sentence."""
    done = run_warm(["models", "verify", *arguments], timeout=60)
    rows = [line.split(None, 1) for line in done.stdout.splitlines()[1:] if line.strip()]
    assert done.stderr.count("\n") == (done.returncode != 0)
    return done.returncode, {name: word.strip() for name, word in rows}, done.stderr


def test_verify_tells_missing_from_damaged(copied: Path) -> None:
    assert set(verify()[1].values()) == {"intact"}
    (short,) = (copied / "blazeface_short").iterdir()
    data = bytearray(short.read_bytes())
    data[len(data) // 2] ^= 1
    short.write_bytes(data)
    code, table, said = verify()
    assert (code, table["blazeface_short"]) == (6, "damaged")
    assert "blazeface_short is damaged" in said
    shutil.rmtree(copied / "dlib_resnet")
    code, table, said = verify()
    assert code == 6
    assert table == {
        "attention_mesh": "intact",
        "blazeface_full": "intact",
        "blazeface_short": "damaged",
        "dlib_resnet": "missing",
        "open_nsfw": "intact",
    }
    assert "blazeface_short is damaged, dlib_resnet is missing; run `personae models pull`" in said
    assert verify("attention_mesh")[0] == 0
    assert verify("attention_mesh", "dlib_resnet")[2].endswith("models pull dlib_resnet`.\n")


def test_verify_where_the_folder_is_a_file(nothing: Path) -> None:
    nothing.touch()
    code, table, said = verify()
    assert (code, set(table.values())) == (6, {"missing"})
    assert said == f"Error: No model is installed in {nothing}; run `personae models pull`.\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_verify_what_may_not_be_read(copied: Path) -> None:
    (short,) = (copied / "blazeface_short").iterdir()
    short.chmod(0)
    code, table, said = verify()
    assert (code, table["blazeface_short"]) == (6, "damaged")
    assert "cannot be read" in said

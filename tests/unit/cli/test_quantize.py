"""`personae models quantize`, and what `personae doctor` says of where networks run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.stand_ins import install_stand_ins
from typer.testing import CliRunner

import personae
from personae.adapters.model_store import ModelStore
from personae.cli.compute_checks import running
from personae.cli.models import models_app
from personae.engine.cards import card

run = CliRunner()
NAMES = ("inswapper_128", "arcface_w600k_r50")


@pytest.fixture
def folder(tmp_path: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The embedded engine's models, and stand-ins for a swapper and its embedder."""
    for home in store.folder.iterdir():
        if home.is_dir() and home.name[0] != ".":
            (tmp_path / home.name).symlink_to(home)
    for name in NAMES:
        (tmp_path / name).unlink(missing_ok=True)
    install_stand_ins(tmp_path, [card(name) for name in NAMES])
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(tmp_path))
    return tmp_path


def test_makes_a_model_that_swaps(folder: Path) -> None:
    import faces

    ended = run.invoke(models_app, ["quantize", "inswapper_128", "--json"])
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    assert (told["model"], told["made_of"]) == ("inswapper_128_int8", "inswapper_128")
    assert all(one["worst"] <= one["limit"] for one in told["measured"])
    assert "inswapper_128_int8" in run.invoke(models_app, ["list", "--json"]).stdout
    scene = faces.headshot("collins")
    result = personae.swap(scene, faces.headshot("hopper"), engine="inswapper_128_int8")
    assert (result.image != scene).any()
    again = run.invoke(models_app, ["quantize", "inswapper_128_int8"])
    assert again.exit_code == 2
    assert "in 8 bits already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["bisenet_resnet_18"], 6, "is not installed"),
        (["simswap_256"], 6, "has not been accepted"),
        (["yunet_2023_mar"], 6, "is a detector, which is not offered in 8 bits"),
        (["nothing"], 2, "There is no model 'nothing'"),
        (["inswapper_128", "--faces", "no/such/folder"], 2, "is no folder; give one"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    folder: Path, arguments: list[str], code: int, told: str
) -> None:
    ended = run.invoke(models_app, ["quantize", *arguments])
    assert ended.exit_code == code
    assert told in ended.stderr.replace("\n", " ")
    assert not (folder / "cards").exists()


def test_a_folder_without_faces_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "notes.txt").write_text("no picture")
    arguments = ["quantize", "inswapper_128", "--faces", str(tmp_path / "pictures")]
    ended = run.invoke(models_app, arguments)
    assert ended.exit_code == 2
    assert "no face in any of these pictures" in ended.stderr


def test_doctor_loads_a_network_where_it_was_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {one.name: one for one in running()}
    assert found["PERSONAE_PROVIDERS"].ok
    assert "networks run on CPUExecutionProvider" in found["PERSONAE_PROVIDERS"].detail
    assert "GiB" in found["memory for networks"].detail
    monkeypatch.setenv("PERSONAE_PROVIDERS", "tensorrt:fp16,cpu")
    (only,) = running()
    assert only.broken
    assert "install onnxruntime-gpu and its drivers" in only.detail
    monkeypatch.setenv("PERSONAE_PROVIDERS", "cpu")
    monkeypatch.setenv("PERSONAE_MODEL_MEMORY", "plenty")
    (only,) = running()
    assert "PERSONAE_MODEL_MEMORY is 'plenty'" in only.detail

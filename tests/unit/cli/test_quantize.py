"""`personae models quantize`, and what `personae doctor` says of where networks run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from benchmarks.stand_ins import install_stand_ins, make_stand_in
from typer.testing import CliRunner

import personae
from personae.adapters.model_store import ModelStore
from personae.adapters.models.hashes import fingerprint
from personae.adapters.models.shelf import read_shelf
from personae.adapters.networks.derived import prepared
from personae.adapters.networks.variants import variant_text
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
    assert told["measured_on"] == 4
    assert min(told["run_s_before"], told["run_s_after"]) > 0
    assert told["not_prepared"] == []
    assert "inswapper_128_int8" in run.invoke(models_app, ["list", "--json"]).stdout
    scene = faces.headshot("collins")
    result = personae.swap(scene, faces.headshot("hopper"), engine="inswapper_128_int8")
    assert (result.image != scene).any()
    shown = run.invoke(models_app, ["show", "inswapper_128_int8"]).stdout
    assert "source    made of inswapper_128, " in shown
    assert "InsightFace non-commercial" in shown
    assert "(accepted)" in shown
    listed = json.loads(run.invoke(models_app, ["list", "--json"]).stdout)["models"]
    (row,) = (one for one in listed if one["name"] == "inswapper_128_int8")
    assert (row["made_of"], row["state"]) == ("inswapper_128", "ready")
    assert row["size_bytes"] == told["bytes_after"]
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


@pytest.fixture
def bringable(folder: Path) -> Path:
    """A network that is large enough to be prepared, and a card that knows it."""
    converter = card("crossface_ghost")
    (folder / "brought").mkdir()
    path = make_stand_in(converter, folder / "brought", "full").path
    found = fingerprint(path)
    text = variant_text(read_shelf([]).text(converter), converter, found.sha256, found.size_bytes)
    (folder / "cards").mkdir()
    (folder / "cards" / "crossface_ghost_int8.toml").write_text(text)
    return path


IMPORT = ["--as", "crossface_ghost_int8", "--accept-licence", "crossface_ghost_int8", "--json"]


def test_what_is_brought_is_prepared_at_once(folder: Path, bringable: Path) -> None:
    ended = run.invoke(models_app, ["import", str(bringable), *IMPORT])
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["not_prepared"] == []
    path = folder / "crossface_ghost_int8" / bringable.name
    assert prepared(path, make=False) is not None
    ready = prepared(path, make=False)
    assert ready is not None
    weights = ready.with_name("network.weights")
    stat = weights.stat()
    with weights.open("r+b") as file:
        file.write(b"damage")
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    ended = run.invoke(models_app, ["verify", "crossface_ghost_int8"])
    assert ended.exit_code == 0, ended.output
    assert "was damaged; it is made anew" in ended.stderr
    assert prepared(path, make=False) is None
    ended = run.invoke(models_app, ["pull", "crossface_ghost_int8", "--only"])
    assert ended.exit_code == 0, ended.output
    assert prepared(path, make=False) is not None


def test_what_cannot_be_prepared_is_installed_all_the_same(folder: Path, bringable: Path) -> None:
    home = folder / "crossface_ghost_int8"
    home.mkdir()
    (home / ".derived").write_text("in the way")
    ended = run.invoke(models_app, ["import", str(bringable), *IMPORT])
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["not_prepared"] == ["crossface_ghost_int8"]
    assert "Not prepared: crossface_ghost_int8; the first use takes" in ended.stderr

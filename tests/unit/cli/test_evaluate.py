"""``personae evaluate`` as a shell sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks.stand_ins import install_stand_ins
from PIL import Image

from faces import headshot
from personae.adapters.model_store import ModelStore
from personae.cli.evaluate import parse_pairs
from personae.engine.cards import card
from personae.errors import InvalidRequest
from warm import run_warm

FILES = {"evaluation.json", "evaluation.csv", "evaluation.md", "evaluation.html"}


@pytest.fixture
def folder(tmp_path: Path, store: ModelStore) -> Path:
    """Two people, a damaged picture and some notes."""
    people = tmp_path / "people"
    people.mkdir()
    for name in ("hopper", "collins"):
        Image.fromarray(headshot(name)).save(people / f"{name}.png")
    (people / "damaged.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (people / "notes.txt").write_text("notes")
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = run_warm(["evaluate", *arguments], cwd=folder, env={**os.environ, **environment})
    assert "Traceback" not in done.stderr
    return done


def test_a_folder_is_enough(folder: Path) -> None:
    done = run(folder, "people")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (folder / "evaluation").iterdir()} == FILES
    assert "ID retrieval" in done.stdout
    assert "damaged.jpg" in done.stderr
    again = run(
        folder, "people", "--out", "two", "--baseline", "evaluation/evaluation.json", "--json"
    )
    assert again.returncode == 0, again.stderr
    data = json.loads(again.stdout)
    assert data["engines"][0]["pictures"]["pairs"] == 2
    assert len(data["files"]) == 4
    assert "(±0)" in (folder / "two" / "evaluation.md").read_text()


def test_pairs_of_a_list(folder: Path) -> None:
    (folder / "pairs.csv").write_text("hopper.png,collins.png\n")
    done = run(folder, "people", "--pair-list", "pairs.csv", "--json", "-q")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["engines"][0]["rows"]
    assert [(row["donor"], row["scene"]) for row in rows] == [("hopper.png", "collins.png")]
    assert done.stderr == ""


def test_a_swapper_beside_the_mesh_engine(folder: Path, store: ModelStore) -> None:
    """With a stand-in, which shows that all goes through and says nothing of the real one."""
    models = folder / "models"
    models.mkdir()
    for home in store.folder.iterdir():
        (models / home.name).symlink_to(home)
    refused = run(folder, "people", "--engine", "inswapper_128", PERSONAE_MODELS_DIR=str(models))
    assert (refused.returncode, refused.stdout) == (6, "")
    assert "inswapper_128" in refused.stderr
    assert not (folder / "evaluation").exists()
    install_stand_ins(models, [card(name) for name in ("inswapper_128", "arcface_w600k_r50")])
    engines = ("--engine", "mesh", "--engine", "inswapper_128")
    done = run(folder, "people", *engines, "--json", PERSONAE_MODELS_DIR=str(models))
    assert done.returncode == 0, done.stderr
    mesh, swapper = (one["pictures"] for one in json.loads(done.stdout)["engines"])
    assert (mesh["pairs"], swapper["pairs"], swapper["outside"]) == (2, 2, 0)
    assert swapper["colour"] > mesh["colour"] + 3  # the stand-in tints


def test_all_that_swap_can_be_told(folder: Path, store: ModelStore) -> None:
    """The models work, and the report names them."""
    models = folder / "models"
    models.mkdir()
    for home in store.folder.iterdir():
        (models / home.name).symlink_to(home)
    names = ("inswapper_128", "arcface_w600k_r50", "gfpgan_1_4", "xseg_1", "bisenet_resnet_18")
    install_stand_ins(models, [card(name) for name in names])
    environment = {"PERSONAE_MODELS_DIR": str(models)}
    everything = [
        *("--restore", "0.4", "--restorer", "gfpgan_1_4", "--boost", "256", "--likeness", "0.7"),
        *("--occluder", "xseg_1", "--parser", "bisenet_resnet_18", "--regions", "skin,nose"),
        *("--quality", "best", "--engine", "inswapper_128", "--pairs", "1"),
    ]
    done = run(folder, "people", *everything, "--json", **environment)
    assert done.returncode == 0, done.stderr
    (one,) = json.loads(done.stdout)["engines"]
    assert one["engine"] == "inswapper_128"
    assert one["setup"] == {
        "engine": "inswapper_128",
        "boost": 2,
        "likeness": 0.7,
        "restorer": "gfpgan_1_4",
        "restore": 0.6,
        "occluders": ["xseg_1"],
        "parser": "bisenet_resnet_18",
        "regions": ["skin", "nose"],
        "detector": "",
        "landmarkers": [],
    }
    told = (
        "inswapper_128: the swapper inswapper_128, boosted 2 times, likeness 0.7, restored by "
        "gfpgan_1_4 at 0.6, occluders xseg_1, the parser bisenet_resnet_18 for skin and nose."
    )
    for name in ("evaluation.md", "evaluation.html"):
        assert told in (folder / "evaluation" / name).read_text("utf-8")
    level = run(folder, "people", "--quality", "draft", "--pairs", "1", "--json", **environment)
    (one,) = json.loads(level.stdout)["engines"]
    assert (one["engine"], one["setup"]["occluders"]) == ("mesh", [])


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "Usage"),
        (("nowhere",), 3, "nowhere does not exist"),
        (("people", "--built-in"), 2, "Give a FOLDER"),
        (("people", "--engine", "nothing"), 2, "no model 'nothing'"),
        (("people", "--quality", "95"), 2, "--quality is one of draft, standard, best"),
        (("people", "--regions", "nose"), 2, "Regions need a parser"),
        (("people", "--occluder", "off", "--occluder", "xseg_1"), 2, "Give either off or names"),
        (("people", "--restorer", "xseg_1"), 2, "is no restorer"),
        (("people", "--pairs", "none"), 2, "--pairs none is no number"),
        (("people", "--pairs", "0"), 2, "no number of pairs"),
        (("people", "--features", "nothing"), 2, "no feature network"),
        (("people", "--outputs", "nowhere"), 3, "is no folder"),
        (("people", "--outputs", "people", "--outputs", "people"), 2, "Two engines are called"),
        (("people", "--clip", "people/hopper.png"), 2, "neither a video nor an animation"),
        (("people", "--clip", "people/none.mp4"), 3, "does not exist"),
        (("people", "--baseline", "people/notes.txt"), 2, "no evaluation"),
        (("people", "--out", "people/notes.txt"), 3, "cannot be written"),
        (("alone",), 2, "a swap needs two"),
    ],
)
def test_what_makes_no_sense(
    folder: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    (folder / "alone").mkdir()
    done = run(folder, *arguments)
    if arguments:
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.count("Error:") == 1
    assert told in done.stdout + done.stderr
    assert not (folder / "evaluation").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_nothing(folder: Path) -> None:
    for number in range(12):
        name = ("hopper", "collins")[number % 2]
        Image.fromarray(headshot(name, 100 + number)).save(folder / "people" / f"{number}.png")
    process = subprocess.Popen(
        [sys.executable, "-m", "personae", "evaluate", "people", "--pairs", "all"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (folder / "evaluation").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert out == ""
    assert "Traceback" not in told
    assert not (folder / "evaluation").exists()


def test_numbers_of_pairs() -> None:
    assert parse_pairs("300") == 300
    assert parse_pairs(" All ") is None
    for text in ("", "-3", "1.5", "٣"):
        with pytest.raises(InvalidRequest):
            parse_pairs(text)

"""Neural engines from file to file, with networks that stand in for the published ones.

They have the published names, shapes and ranges, and next to no cost; what they make is a tint.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import pytest
from benchmarks.stand_ins import install_stand_ins
from PIL import Image

from clips import write_clip
from faces import nodding, portrait
from personae.adapters.model_store import ModelStore
from personae.engine.cards import all_cards

SWAPPERS = [card.name for card in all_cards() if card.role == "swapper"]


@pytest.fixture(scope="module")
def models(store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for each in store.folder.iterdir():
        if each.is_dir() and not each.name.startswith("."):
            shutil.copytree(each, folder / each.name)
    install_stand_ins(folder, [card for card in all_cards() if not card.default])
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(portrait("hopper")).save(folder / "donor.png")
    Image.fromarray(portrait("collins")).save(folder / "scene.png")
    return folder


def run(
    models: Path, *arguments: object, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PERSONAE_MODELS_DIR": str(models), **(more or {})}
    command = [sys.executable, "-m", "personae", *map(str, arguments)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def swapped(models: Path, pictures: Path, output: Path, *options: object) -> dict[str, object]:
    done = run(
        models, "swap", pictures / "donor.png", pictures / "scene.png", "-o", output,
        "--json", "--no-mark", "--no-manifest", "--no-content-gate", *options,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_every_swapper_changes_the_face_and_nothing_around_it(
    models: Path, pictures: Path, tmp_path: Path
) -> None:
    script = (
        "import sys, json, numpy as np, personae\n"
        "from PIL import Image\n"
        "scene = np.asarray(Image.open(sys.argv[2]))\n"
        "donor = personae.prepare_donor(sys.argv[1], gate_donor=None)\n"
        "out = {}\n"
        "for name in sys.argv[3:]:\n"
        "    made = personae.swap(scene, donor, engine=name, mark=None, gate_scene=None,\n"
        "                         gate_output=None, gate_donor=None)\n"
        "    off = np.abs(made.image.astype(int) - scene)\n"
        "    out[name] = [made.engine, int(off[made.mask == 0].max()), float(off.mean())]\n"
        "print(json.dumps(out))\n"
    )
    command = [sys.executable, "-c", script, str(pictures / "donor.png")]
    done = subprocess.run(
        [*command, str(pictures / "scene.png"), *SWAPPERS],
        env={**os.environ, "PERSONAE_MODELS_DIR": str(models)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == set(SWAPPERS)
    for name, (engine, outside, change) in told.items():
        assert engine == name
        assert outside == 0, f"{name} changed what it must not"
        assert change > 0.05, f"{name} changed nothing"


@pytest.mark.parametrize(
    ("options", "engine", "restorer"),
    [
        ((), "hyperswap_1a_256", None),
        (("--quality", "draft"), "mesh", None),
        (("--quality", "best"), "hyperswap_1a_256", "restoreformer_plus_plus"),
        (("--quality", "best", "--restorer", "off"), "hyperswap_1a_256", None),
        (("--engine", "mesh", "--restore", "0.5"), "mesh", "gfpgan_1_4"),
        (("--engine", "mesh", "--restore", "0.5", "--restorer", "classical"), "mesh", "classical"),
        (("--engine", "inswapper_128", "--boost", "512"), "inswapper_128", None),
    ],
)
def test_levels_choose_among_what_is_installed(
    models: Path, pictures: Path, tmp_path: Path, options: tuple[str, ...], engine: str,
    restorer: str | None,
) -> None:  # fmt: skip
    report = swapped(models, pictures, tmp_path / "o.png", *options)
    assert (report["engine"], report["restorer"]) == (engine, restorer)


def test_without_models_every_level_is_the_embedded_engine(
    store: ModelStore, pictures: Path, tmp_path: Path
) -> None:
    for level in ("draft", "standard", "best"):
        report = swapped(store.folder, pictures, tmp_path / "o.png", "--quality", level)
        assert (report["engine"], report["restorer"]) == ("mesh", None)


def test_regions_confine_the_change(models: Path, pictures: Path, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.png", tmp_path / "part.png"
    swapped(models, pictures, whole, "--engine", "inswapper_128")
    swapped(models, pictures, part, "--engine", "inswapper_128", "--regions", "nose")
    before = portrait("collins").astype(int)
    changed = [int((np.abs(pixels(one) - before).max(2) > 2).sum()) for one in (whole, part)]
    assert changed[1] < changed[0] / 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engine", "nobody"), "no model 'nobody'"),
        (("--engine", "gfpgan_1_4"), "no swapper: its role is restorer"),
        (("--engine", "inswapper_128", "--boost", "200"), "128, 256, 384"),
        (("--restorer", "xseg_1"), "no restorer: its role is occluder"),
        (("--regions", "hat"), "not 'hat'"),
        (("--occluder", "xseg_1", "--occluder", "off"), "either off"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(
    models: Path, pictures: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    inputs = (pictures / "donor.png", pictures / "scene.png", "-o", tmp_path / "o.png")
    done = run(models, "swap", *inputs, *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "o.png").exists()


def test_a_model_that_is_not_installed_is_named_with_its_command(
    store: ModelStore, pictures: Path, tmp_path: Path
) -> None:
    inputs = (pictures / "donor.png", pictures / "scene.png", "-o", tmp_path / "o.png")
    done = run(store.folder, "swap", *inputs, "--engine", "ghost_1_256")
    assert done.returncode == 6
    assert "personae models" in done.stderr
    assert not (tmp_path / "o.png").exists()


def test_a_provider_that_is_not_there_is_an_error_and_not_a_slow_run(
    models: Path, pictures: Path, tmp_path: Path
) -> None:
    inputs = (pictures / "donor.png", pictures / "scene.png", "-o", tmp_path / "o.png")
    done = run(
        models, "swap", *inputs, "--engine", "inswapper_128", more={"PERSONAE_PROVIDERS": "cuda"}
    )
    assert done.returncode == 6, done.stderr
    assert "CUDAExecutionProvider" in done.stderr
    assert not (tmp_path / "o.png").exists()


def test_a_video_has_every_frame_swapped_alike_on_any_number_of_threads(
    models: Path, pictures: Path, tmp_path: Path
) -> None:
    scene = write_clip(tmp_path / "scene.mp4", frames=12, pictures=nodding("collins", 12))
    seen: list[np.ndarray] = []
    for threads in (1, 3):
        output = tmp_path / f"{threads}.mp4"
        done = run(
            models, "swap", pictures / "donor.png", scene, "-o", output, "--threads", threads,
            "--engine", "inswapper_128", "--no-manifest", "--no-content-gate", "--json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["faces_swapped"] == 12
        with av.open(str(output)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert len(frames) == 12
        seen.append(np.stack(frames))
    assert np.array_equal(*seen)

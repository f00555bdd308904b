"""Neural engines in the service: real processes and HTTP, and networks that are stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from benchmarks.stand_ins import install_stand_ins
from PIL import Image

import clips
from e2e import look
from e2e.test_service import Service, finished, output_of, start, until, upload, wanted
from faces import SIZE_WH, nodding, portrait
from personae import library
from personae.adapters.model_store import ModelStore
from personae.engine.cards import card

ENGINE, RESTORER, OCCLUDER = "inswapper_128", "gfpgan_1_4", "xseg_1"
FRAMES = 100
LOSSLESS = {"codec": "h264", "crf": 0, "preset": "ultrafast"}


@pytest.fixture(scope="module")
def models(store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded models, and stand-ins of a few published ones."""
    folder = tmp_path_factory.mktemp("models")
    for each in store.folder.iterdir():
        if each.is_dir() and not each.name.startswith("."):
            shutil.copytree(each, folder / each.name)
    names = (ENGINE, "arcface_w600k_r50", RESTORER, OCCLUDER)
    install_stand_ins(folder, [card(name) for name in names])
    return folder


@pytest.fixture(scope="module")
def environment(models: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PERSONAE_MODELS_DIR": str(models),
        "PERSONAE_ENGINES": f"mesh,{ENGINE}",
        "PERSONAE_ENGINE_STEPS": f"{RESTORER},{OCCLUDER}",
        "PERSONAE_CHUNK_S": "1",
        "PERSONAE_GRACE_S": "2",
        "PERSONAE_MARKS": "false",
    }


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Service]:
    running = start(tmp_path_factory.mktemp("service"), environment)
    yield running
    running.process.terminate()
    running.process.wait(60)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    Image.fromarray(portrait("hopper")).save(folder / "donor.png")
    Image.fromarray(portrait("collins")).save(folder / "scene.png")
    clips.write_clip(
        folder / "scene.mp4",
        frames=FRAMES,
        size_wh=SIZE_WH,
        pictures=nodding("collins", FRAMES),
        options={"crf": "18", "preset": "ultrafast", "g": "25"},
    )
    return {one.name: one for one in folder.iterdir()}


def by_the_library(
    models: Path, media: dict[str, Path], scene: str, output: Path, **options: Any
) -> Path:
    """What the library makes of the same, in a process with the same models."""
    script = (
        "import json, sys; from personae import library; donor, scene, output, how = sys.argv[1:]\n"
        "library.swap_file(scene, output, donor,\n"
        "                  options=library.SwapOptions(mark=None, **json.loads(how)))"
    )
    paths = [str(media["donor.png"]), str(media[scene]), str(output)]
    subprocess.run(
        [sys.executable, "-c", script, *paths, json.dumps(options)],
        env={**os.environ, "PERSONAE_MODELS_DIR": str(models)},
        check=True,
        timeout=120,
    )
    return output


def saved(task: dict[str, Any], path: Path) -> Path:
    path.write_bytes(output_of(task))
    return path


def pixels(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(Image.open(path))


def asked(
    client: httpx.Client, media: dict[str, Path], name: str = "scene.png", **more: Any
) -> dict[str, Any]:
    kind = "image" if name.endswith("png") else "video"
    body = wanted(kind, upload(client, media[name]), upload(client, media["donor.png"])) | more
    answer = client.post("/swaps", json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def test_a_picture_is_swapped_by_the_engine_that_was_asked_for(
    service: Service, media: dict[str, Path], models: Path, tmp_path: Path
) -> None:
    with service.client() as client:
        offered = client.get("/engines").json()
        assert [one["name"] for one in offered["engines"]] == ["mesh", ENGINE]
        assert [one["name"] for one in offered["steps"]] == [RESTORER, OCCLUDER]
        plain = finished(client, asked(client, media)["id"])
        neural = finished(client, asked(client, media, engine=ENGINE)["id"])
        best = finished(client, asked(client, media, quality="best")["id"])
    told = [(one["result"]["engine"], one["result"]["restorer"]) for one in (plain, neural, best)]
    assert told == [("mesh", None), (ENGINE, None), (ENGINE, RESTORER)]
    own = by_the_library(
        *(models, media, "scene.png", tmp_path / "own.png"), engine=ENGINE, occluders=[OCCLUDER]
    )
    theirs = saved(neural, tmp_path / "theirs.png")
    assert np.array_equal(pixels(own), pixels(theirs))
    assert not np.array_equal(pixels(saved(plain, tmp_path / "plain.png")), pixels(theirs))
    for path in (own, theirs):
        assert ENGINE in str(library.read_manifest(path).actions[-1]), path


def test_restoring_takes_the_model_that_is_offered(
    service: Service, media: dict[str, Path]
) -> None:
    with service.client() as client:
        by_model = finished(client, asked(client, media, restore=0.5)["id"])
        options = {"restorer": "classical"}
        by_hand = finished(client, asked(client, media, restore=0.5, engine_options=options)["id"])
    assert (by_model["result"]["restorer"], by_model["result"]["warnings"]) == (RESTORER, [])
    assert by_hand["result"]["restorer"] == "classical"
    assert by_hand["result"]["warnings"] != []


def test_a_video_in_chunks_has_the_frames_of_one_piece_whatever_is_killed(
    service: Service, media: dict[str, Path], models: Path, tmp_path: Path
) -> None:
    more = {"engine": ENGINE, "output": LOSSLESS, "engine_options": {"occluders": []}}
    with service.client() as client:
        task_id = asked(client, media, "scene.mp4", **more)["id"]
        assert until(lambda: client.get(f"/swaps/{task_id}").json()["progress"]["percent"] > 20)
        for pid in service.workers():
            os.kill(pid, signal.SIGKILL)
        task = finished(client, task_id)
    assert task["result"]["engine"] == ENGINE
    theirs = look.frames(saved(task, tmp_path / "theirs.mp4"))
    own = look.frames(
        by_the_library(
            *(models, media, "scene.mp4", tmp_path / "own.mp4"),
            **LOSSLESS,
            engine=ENGINE,
            occluders=[],
        )
    )
    assert len(theirs) == len(own) == FRAMES
    for number, (one, other) in enumerate(zip(theirs, own, strict=True)):
        assert one.time == other.time
        assert np.array_equal(one.rgb, other.rgb), number


def test_a_model_that_is_taken_away_fails_its_tasks_and_costs_nothing(
    service: Service, media: dict[str, Path], models: Path, environment: dict[str, str]
) -> None:
    home, aside = models / ENGINE, models.parent / f"{models.name}-aside"
    with service.client() as client:
        finished(client, asked(client, media, engine=ENGINE)["id"])  # It is loaded now.
        before = client.get("/account").json()["balance"]
        home.rename(aside)
        try:
            gone = finished(client, asked(client, media, engine=ENGINE)["id"])
            still = finished(client, asked(client, media)["id"])
            refused = [
                run(command, service.data, environment)
                for command in (["worker"], ["serve", "--port", "0"])
            ]
        finally:
            aside.rename(home)
        after = client.get("/account").json()["balance"]
        again = finished(client, asked(client, media, engine=ENGINE)["id"])
    assert (gone["status"], gone["error"]["code"]) == ("failed", "model_error")
    assert ENGINE in gone["error"]["message"]
    assert str(models) not in gone["error"]["message"]
    assert still["status"] == again["status"] == "succeeded"
    assert after["available"] == before["available"] - still["credits"]["charged"]
    assert after["held"] == 0
    for code, said in refused:
        assert code != 0
        assert f"`personae models pull {ENGINE}`" in said


def run(command: list[str], data: Path, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "personae", *command, "--data", str(data)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"PERSONAE_ENGINES": "none_such"}, "PERSONAE_ENGINES names none_such"),
        ({"PERSONAE_ENGINES": RESTORER}, f"{RESTORER}, which is a restorer"),
        ({"PERSONAE_ENGINE_STEPS": ENGINE}, f"{ENGINE}, which is a swapper"),
        ({"PERSONAE_ENGINES": "simswap_256"}, "personae models"),
        ({"PERSONAE_PERMISSIVE_ONLY": "true"}, f"take {ENGINE} out of PERSONAE_ENGINES"),
        ({"PERSONAE_DEFAULT_ENGINE": "simswap_256"}, "none of engines"),
    ],
)
def test_nothing_starts_with_what_it_could_not_use(
    environment: dict[str, str], tmp_path: Path, change: dict[str, str], said: str
) -> None:
    for command in (["worker"], ["serve", "--port", "0"]):
        code, told = run(command, tmp_path, environment | change)
        assert code != 0
        assert said in told, told
        assert "Traceback" not in told
    assert not (tmp_path / "personae.db").exists()

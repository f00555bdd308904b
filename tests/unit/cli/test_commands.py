"""The commands as a shell sees them: exit code, stdout and stderr of a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clips import write_clip
from personae.adapters.model_store import ModelStore
from warm import run_warm

GRACE = "grace.jpg"
EILEEN = "eileen.png"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with two portraits and some files without a face."""
    import matplotlib
    from skimage import data

    sample = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    (tmp_path / GRACE).write_bytes(sample.read_bytes())
    Image.fromarray(data.astronaut()).save(tmp_path / EILEEN)
    Image.new("RGB", (200, 200), (90, 120, 90)).save(tmp_path / "lawn.png")
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> Ended:
    done = run_warm([*arguments], cwd=folder, env={**os.environ, **environment})
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- without models


def test_help_and_version(tmp_path: Path) -> None:
    shown = run(tmp_path, "--help")
    assert shown.code == 0
    for command in ("swap", "detect", "probe", "models", "doctor", "version"):
        assert command in shown.out
    assert "130" in run(tmp_path, "swap", "--help").out
    assert run(tmp_path, "version").out.startswith("personae ")
    assert set(run(tmp_path, "version", "--json").json) == {"version"}


def test_help_loads_no_heavy_library() -> None:
    """Typing `personae --help` must answer at once, whatever the engine needs."""
    code = (
        "import sys\nfrom personae.cli.app import app\n"
        "heavy = {'cv2', 'av', 'onnxruntime', 'ai_edge_litert', 'onnx', 'PIL', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["swap", EILEEN, "-o", "out.jpg"], "Give a DONOR and a SCENE"),
        (["swap", GRACE, EILEEN, "-o", "out.jpg", "--face", "left"], "--face left"),
        (["swap", GRACE, EILEEN, "-o", "out.jpg", "--start", "x"], "--start x"),
        (["swap", GRACE, EILEEN, "-o", "out.mp4", "--codec", "mpeg2"], "--codec mpeg2"),
        (["swap", GRACE, EILEEN, "-o", EILEEN], "also an input"),
        (["swap", GRACE, EILEEN, "-o", GRACE], "also an input"),
        (["swap", EILEEN, "--map", "x", "-o", "out.jpg"], "DONOR=REFERENCE_FACE"),
        (["swap", EILEEN, "--map", f"{GRACE}=0", "--face", "all", "-o", "out.jpg"], "--face or"),
        (["swap", GRACE, EILEEN, "-o", "out.jpg", "--strength", "2"], "strength"),
        (["swap", GRACE, EILEEN], "--output"),
        (["swap", "--no-such-option"], "--no-such-option"),
        (["detect", EILEEN, "--at", "soon"], "--at soon"),
        (["no-such-command"], "no-such-command"),
    ],
)
def test_nonsense_ends_with_2(folder: Path, arguments: list[str], said: str) -> None:
    before = names(folder)
    ended = run(folder, *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
    assert names(folder) == before


def test_probe(folder: Path) -> None:
    ended = run(folder, "probe", EILEEN, "--json")
    assert ended.code == 0
    assert ended.json["file"] == EILEEN
    assert ended.json["size_wh"] == [512, 512]
    assert "512 x 512" in run(folder, "probe", EILEEN).out


@pytest.mark.parametrize("name", ["gone.jpg", "empty.jpg", "text.jpg"])
def test_bad_files_end_with_3(folder: Path, name: str) -> None:
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("hello " * 50)
    ended = run(folder, "probe", name, "--json")
    assert ended.code == 3
    assert name in ended.json["error"]["message"]
    assert ended.json["exit_code"] == 3
    assert ended.err.count("\n") == 1


def test_doctor_says_which_models_are_missing(tmp_path: Path) -> None:
    ended = run(tmp_path, "doctor", "--json", PERSONAE_MODELS_DIR=str(tmp_path / "none"))
    assert ended.code == 6
    found = {finding["name"]: finding for finding in ended.json["findings"]}
    assert not ended.json["ok"]
    assert found["blazeface_short"]["ok"] is False
    assert found["onnxruntime on the CPU, as Personae asks"]["detail"] == "CPUExecutionProvider"
    assert found["numpy"]["detail"] == np.__version__
    assert found["--codec h264"]["ok"] is True
    assert not (tmp_path / "none").exists()


# --- with models


@pytest.mark.usefixtures("store")
def test_doctor_finds_all_well(tmp_path: Path) -> None:
    ended = run(tmp_path, "doctor", "--json")
    assert ended.code == 0
    found = {finding["name"]: finding for finding in ended.json["findings"]}
    assert found["detect a face"]["detail"] == "found 1 in matplotlib's portrait"


@pytest.mark.usefixtures("store")
def test_detect(folder: Path) -> None:
    ended = run(folder, "detect", EILEEN, "--json", "--save-crops", "crops/of")
    assert ended.code == 0
    (face,) = ended.json["faces"]
    assert set(face) == {"index", "box_xyxy", "score", "points", "pose"}
    assert set(face["pose"]) == {"yaw", "pitch", "roll"}
    assert np.shape(face["points"]) == (5, 2)
    x0, y0, x1, y1 = face["box_xyxy"]
    assert x0 < face["points"][2][0] < x1
    assert y0 < face["points"][2][1] < y1
    assert ended.json["crops"] == [str(Path("crops/of/eileen_face0.png"))]
    with Image.open(folder / ended.json["crops"][0]) as crop:
        assert crop.width > x1 - x0
    again = run(folder, "detect", ended.json["crops"][0], "--json")
    assert len(again.json["faces"]) == 1


@pytest.mark.usefixtures("store")
def test_detect_without_a_face_is_an_empty_list(folder: Path) -> None:
    ended = run(folder, "detect", "lawn.png", "--json")
    assert ended.code == 0
    assert ended.json["faces"] == []


@pytest.mark.usefixtures("store")
def test_swap_a_picture(folder: Path) -> None:
    ended = run(folder, "swap", GRACE, EILEEN, "-o", "out.png", "--json")
    assert ended.code == 0
    assert ended.json["faces_swapped"] == 1
    assert ended.json["output"] == "out.png"
    for warning in ended.json["warnings"]:
        assert f"Warning: {warning}" in ended.err
    scene = np.asarray(Image.open(folder / EILEEN))
    output = np.asarray(Image.open(folder / "out.png"))
    changed = (scene != output).any(axis=2)
    assert 0.01 < changed.mean() < 0.2


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["lawn.png", EILEEN, "-o", "out.png"], 4, "donor lawn.png"),
        ([GRACE, "lawn.png", "-o", "out.png"], 4, "No face"),
        ([GRACE, "gone.png", "-o", "out.png"], 3, "gone.png does not exist"),
        ([GRACE, EILEEN, "-o", "nowhere/out.png"], 3, "nowhere does not exist"),
        ([GRACE, EILEEN, "-o", "out.xyz"], 2, ".xyz"),
        ([EILEEN, "--map", f"{GRACE}={GRACE}", "-o", "out.png"], 4, "Nobody"),
        ([GRACE, EILEEN, "-o", "out.png", "--face", "5"], 2, "number 5"),
    ],
)
def test_what_cannot_be_swapped(folder: Path, arguments: list[str], code: int, said: str) -> None:
    before = names(folder)
    ended = run(folder, "swap", *arguments)
    assert ended.code == code
    assert said in ended.err
    assert names(folder) == before


@pytest.mark.usefixtures("store")
def test_swap_an_animation_into_another_format(folder: Path) -> None:
    scene = Image.open(folder / EILEEN).convert("RGB").resize((256, 256))
    frames = [scene.rotate(turn) for turn in (0, 3, 6)]
    frames[0].save(
        folder / "scene.gif", save_all=True, append_images=frames[1:], duration=[70, 90, 110]
    )
    ended = run(folder, "swap", GRACE, "scene.gif", "-o", "out.webp", "--json", "--quiet")
    assert ended.code == 0
    assert ended.json["kind"] == "animation"
    assert ended.json["frames"] == 3
    assert ended.err == ""
    described = run(folder, "probe", "out.webp", "--json").json
    assert (described["frames"], described["duration_s"]) == (3, pytest.approx(0.27))


@pytest.mark.usefixtures("store")
def test_a_cut_off_scene_counts_as_loss_only_if_asked(folder: Path) -> None:
    frames = [Image.fromarray(frame) for frame in portraits(folder, 6)]
    whole = folder / "whole.png"
    frames[0].save(whole, save_all=True, append_images=frames[1:], duration=50)
    (folder / "cut.png").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    for strict, code in (([], 0), (["--strict"], 7)):
        ended = run(folder, "swap", GRACE, "cut.png", "-o", "out.gif", "--json", *strict)
        assert ended.code == code
        assert ended.json["frames_lost"] == 6 - ended.json["frames"] > 0
        assert "did not decode" in ended.err
        assert (folder / "out.gif").exists()


@pytest.mark.usefixtures("store")
def test_swap_part_of_a_video(folder: Path) -> None:
    write_clip(folder / "scene.mp4", frames=20, size_wh=(256, 256), pictures=portraits(folder, 20))
    ended = run(
        folder,
        "swap",
        GRACE,
        "scene.mp4",
        "-o",
        "out.mp4",
        "--json",
        "--start",
        "0.21",
        "--end",
        "0.61",
    )
    assert ended.code == 0
    assert ended.json["frames"] == 10
    assert run(folder, "probe", "out.mp4", "--json").json["frames"] == 10


def portraits(folder: Path, count: int) -> list[np.ndarray[Any, Any]]:
    """Frames in which the astronaut nods."""
    scene = Image.open(folder / EILEEN).convert("RGB").resize((256, 256))
    turns = np.sin(np.arange(count) / 5) * 4
    return [np.asarray(scene.rotate(turn, Image.Resampling.BILINEAR)) for turn in turns]


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX has them")
def test_interrupting_leaves_no_output(folder: Path, store: ModelStore) -> None:
    del store
    # Long enough that a busy machine cannot be through with it before the signal comes.
    frames = portraits(folder, 8) * 500
    write_clip(folder / "scene.mp4", frames=4000, size_wh=(256, 256), pictures=frames)
    before = names(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "personae", "swap", GRACE, "scene.mp4", "-o", "out.mp4", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while names(folder) == before and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    assert names(folder) != before, "the output never began to grow"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "canceled"
    assert "Traceback" not in err
    assert names(folder) == before

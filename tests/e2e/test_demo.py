"""`personae demo` as a newcomer runs it: no file of one's own, and something to look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from personae.demo import scenes, sheets, story
from personae.demo.people import portraits

# Has no matplotlib and no scikit-image, whatever is installed.
WITHOUT = """
import sys
sys.modules.update({"matplotlib.cbook": None, "skimage.data": None})
sys.argv = ["personae", "demo"]
from personae.cli import main
main()
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_picture_is_swapped_marked_and_shown_before_and_after(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", "personae", "demo", "--no-clip", "-o", "here", "--json")
    assert (done.returncode, done.stderr.count("Results go to")) == (0, 1)
    [made] = json.loads(done.stdout)["made"]
    assert (made["file"], made["faces"]) == (os.path.join("here", "picture.png"), 1)
    names = {path.name for path in (tmp_path / "here").iterdir()}
    assert names == {story.DONOR, story.SCENE, story.PICTURE, story.PICTURE_SHEET}
    before = np.asarray(Image.open(tmp_path / "here" / story.SCENE), np.int16)
    after = np.asarray(Image.open(tmp_path / "here" / story.PICTURE), np.int16)
    changed = np.abs(before - after).max(axis=2) > 20
    assert changed[70:190, 160:290].mean() > 0.3  # Her face ...
    assert changed[300:].mean() < 0.001  # ... and nothing of her suit.
    wide = Image.open(tmp_path / "here" / story.PICTURE_SHEET)
    assert wide.width == 2 * before.shape[1]
    told = run(tmp_path, "-m", "personae", "inspect", "here/picture.png")
    assert "made by Personae" in told.stdout


def test_without_its_portraits_it_says_what_to_install(tmp_path: Path) -> None:
    done = run(tmp_path, "-c", WITHOUT)
    assert done.returncode == 2
    assert "pip install matplotlib scikit-image" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_clip_has_both_people_two_cuts_and_sound(tmp_path: Path) -> None:
    people = portraits()
    frames = list(scenes.frames(people))
    assert len(frames) == sum(scenes.SHOT_FRAMES)
    steps = [np.abs(a.astype(np.int16) - b).mean() for a, b in pairwise(frames)]
    first, second, _ = scenes.SHOT_FRAMES
    assert set(np.argsort(steps)[-2:]) == {first - 1, first + second - 1}
    scenes.write_clip(tmp_path / "clip.mp4", people)
    sheets.clip_sheet(tmp_path / "clip.mp4", tmp_path / "clip.mp4", tmp_path / "s.jpg", [0, 50])
    assert Image.open(tmp_path / "s.jpg").width == 640
    told = json.loads(run(tmp_path, "-m", "personae", "probe", "clip.mp4", "--json").stdout)
    assert (told["frames"], len(told["audio"])) == (len(frames), 1)

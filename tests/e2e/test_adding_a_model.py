"""CONTRIBUTING.md's walk from an unknown network to a swap with it, step by step."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_models import serving
from small_networks import tiny_swap

import personae
from faces import hopper_file
from personae.adapters.model_store import ModelStore

WALK = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")
(CARD,) = re.findall(r"^```toml\n(.*?)^```$", WALK, re.DOTALL | re.MULTILINE)


def models(*arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "personae", "models", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def folder(store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder that has what every swap needs."""
    folder = tmp_path / "models"
    (folder / "cards").mkdir(parents=True)
    for each in store.folder.iterdir():
        if each.is_dir() and not each.name.startswith(".") and each.name != "cards":
            os.symlink(each, folder / each.name)
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(folder))
    return folder


def test_one_card_and_no_code(folder: Path, tmp_path: Path) -> None:
    with serving() as server:
        url = server.offer("/tiny_swap.onnx", tiny_swap())
        card = CARD.replace("https://example.org/tiny_swap.onnx", url)
        assert url in card
        (folder / "cards" / "tiny_swap.toml").write_text(card)
        assert models("show", "tiny_swap")["own"] is True
        pulled = models("pull", "tiny_swap", "--accept-licence", "tiny_swap")
        assert pulled["fetched"] == ["tiny_swap"]
    assert models("verify", "tiny_swap")["intact"] == ["tiny_swap"]

    scene = np.asarray(Image.open(hopper_file()).convert("RGB"))
    made = personae.swap(scene, hopper_file(), engine="tiny_swap", mark=None)
    assert made.engine == "tiny_swap"
    x0, y0, x1, y1 = made.faces[0].box_xyxy
    middle = np.s_[int(y0 * 0.6 + y1 * 0.4) : int(y0 * 0.4 + y1 * 0.6), int(x0 + x1) // 2 - 20 :]
    before, after = (picture[middle][:, :40].mean((0, 1)) for picture in (scene, made.image))
    # The network halves what it sees and adds red; the donor's trace is at most a level or two.
    np.testing.assert_allclose(after, before / 2 + [127.5, 0, 0], atol=5)
    np.testing.assert_array_equal(made.image[made.mask == 0], scene[made.mask == 0])

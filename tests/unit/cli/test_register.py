"""`personae register …`, as a shell sees it, with real photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces import headshot
from personae.adapters.model_store import ModelStore
from warm import run_warm


class Shell:
    """Runs commands on one service's data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        done = run_warm(
            ["register", *arguments, "--data", self.folder / "data", "--json"], timeout=120
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(tmp_path: Path, store: ModelStore) -> Shell:
    del store  # The models are there.
    people = tmp_path / "people"
    (people / "Grace").mkdir(parents=True)
    hopper = headshot("hopper")
    Image.fromarray(hopper).save(people / "Grace" / "1.png")
    Image.fromarray(np.ascontiguousarray(hopper[:, ::-1])).save(people / "Grace" / "2.png")
    Image.fromarray(headshot("collins")).save(people / "Eileen.png")
    Image.fromarray(np.full((200, 200, 3), 90, np.uint8)).save(people / "Nobody.png")
    return Shell(tmp_path)


def test_people_are_imported_found_exported_and_removed(shell: Shell) -> None:
    folder = shell.folder / "people"
    counts = shell.run("import", str(folder), "--origin", "opt-out", code=8)
    assert counts == {"added": 2, "known": 0, "failed": 1}
    (folder / "Nobody.png").unlink()
    assert shell.run("import", str(folder)) == {"added": 0, "known": 2, "failed": 0}
    people = {one["name"]: one for one in shell.run("list")["people"]}
    assert set(people) == {"Grace", "Eileen"}
    assert (people["Grace"]["faces"], people["Grace"]["origin"]) == (2, "opt-out")
    found = shell.run("check", str(folder / "Eileen.png"))["found"]
    assert [one["person"]["name"] for one in found] == ["Eileen", "Grace"]
    assert [one["refused"] for one in found] == [True, False]
    grace = people["Grace"]["id"]
    assert shell.run("show", grace)["added_by"] == "operator"
    exported = shell.folder / "people.jsonl"
    assert shell.run("export", str(exported)) == {"entries": 2}
    assert "embeddings" not in exported.read_text()
    assert exported.stat().st_mode & 0o777 == 0o600
    assert shell.run("export", str(exported), "--embeddings") == {"entries": 2}
    assert shell.run("remove", grace) == {"id": grace, "removed": True}
    assert shell.run("remove", grace, code=8)["error"]["code"] == "not_found"
    # What was removed comes back by the export, and so does a copy of who is still there.
    assert shell.run("import", str(exported)) == {"added": 2, "known": 0, "failed": 0}
    assert len(shell.run("list", "grace")["people"]) == 1


def test_somebody_is_added_with_all_that_is_to_be_said(shell: Shell) -> None:
    photo = str(shell.folder / "people" / "Eileen.png")
    told = shell.run(
        *("add", "Eileen", "--photo", photo, "--applies-to", "scene", "--reason", "Asked."),
        *("--origin", "court order", "--expires", "2090-01-31"),
    )["person"]
    assert (told["applies_to"], told["reason"], told["origin"]) == (
        "scene",
        "Asked.",
        "court order",
    )
    assert told["expires_at"] == "2090-01-31T23:59:59+00:00"
    assert shell.run("add", "x", "--photo", "/no/photo.png", code=3)["error"]
    assert shell.run("add", "x", "--photo", photo, "--expires", "soon", code=2)["error"]

"""The job that reads the invisible mark, on both hosts, and what children mark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from faces import headshot
from host_media import LONG_S, Media, swap_job
from personae.adapters.media_host.host import ChildMediaHost
from personae.app.ports import MediaHost
from personae.errors import InvalidRequest, MediaUnsupported

MARK = 0x123456789A
# What a job's options say, and what is read then.
TOLD = [({"mark": MARK}, MARK), ({}, 0), ({"mark": None}, None)]


def find(host: MediaHost, path: Path) -> dict[str, Any] | None:
    job = {"op": "find_mark", "path": str(path), "limit_s": LONG_S}
    return host.run(job, timeout_s=LONG_S)["found"]


def test_a_scene_has_none(host: MediaHost, media: Media) -> None:
    assert find(host, media.scene) is None


def test_what_is_no_media_has_none(host: MediaHost, tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("Dear Madam or Sir, " * 50)
    with pytest.raises(MediaUnsupported) as caught:
        find(host, tmp_path / "letter.png")
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize(("options", "mark"), TOLD)
@pytest.mark.parametrize("op", ["swap", "preview"])
def test_children_mark_what_they_swap(
    op: str,
    options: dict[str, Any],
    mark: int | None,
    children: ChildMediaHost,
    real_media: Media,
    tmp_path: Path,
) -> None:
    scene, output = tmp_path / "scene.png", tmp_path / "out.png"
    Image.fromarray(headshot("collins", 230, (520, 600))).save(scene)
    job = {
        "op": op,
        "scene": str(scene),
        "output": str(output),
        "mappings": real_media.mappings(),
        "options": options,
    }
    children.run(job, timeout_s=LONG_S)
    found = find(children, output)
    assert (None if found is None else found["mark"]) == mark


def test_children_refuse_a_mark_that_does_not_fit(
    children: ChildMediaHost, real_media: Media, tmp_path: Path
) -> None:
    job = swap_job(real_media, real_media.scene, tmp_path / "out.png")
    with pytest.raises(InvalidRequest, match="mark"):
        children.run(job | {"options": {"mark": 2**40}}, timeout_s=LONG_S)

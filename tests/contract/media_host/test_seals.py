"""Sealing outputs and reading manifests, by both hosts; what only real children do, below."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from host_media import Media
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.provenance.keeper import Keeper
from personae.app.ports import MediaHost
from personae.errors import InvalidRequest, PersonaeError, TaskFailed


def job(media: Media, path: Path, **changes: Any) -> dict[str, Any]:
    """As `app.finishing` makes it."""
    return {
        "op": "seal",
        "path": str(path),
        "scene": str(media.scene),
        "mappings": [{"donors": [str(media.donor)]}],
        "names": {str(media.scene): "the scene"},
        "when_s": time.time(),
        "mark": 7,
        **changes,
    }


def output(media: Media, folder: Path, name: str) -> Path:
    """What a swap made: a copy of the scene."""
    shutil.copy(media.scene, folder / name)
    return folder / name


def test_what_is_told_of_a_seal(host: MediaHost, media: Media, tmp_path: Path) -> None:
    path = output(media, tmp_path, "output.png")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    told = host.run(job(media, path), timeout_s=60)
    assert told == {
        "manifest": "embedded",
        "sidecar": None,
        "content_sha256": before,
        "scene_manifest": "none",
        "signed_by": "local",
    }


def test_what_has_no_place_for_it_gets_a_sidecar(
    host: MediaHost, media: Media, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "output.bmp"
    if kind == "fake":
        path.write_bytes(b"BM and so on")
    else:
        Image.new("RGB", (8, 8)).save(path)
    told = host.run(job(media, path), timeout_s=60)
    assert (told["manifest"], told["sidecar"]) == ("sidecar", f"{path}.c2pa")
    assert Path(told["sidecar"]).stat().st_size > 0


def test_a_scene_that_is_not_to_be_looked_at(
    children: ChildMediaHost, real_media: Media, tmp_path: Path
) -> None:
    path = output(real_media, tmp_path, "output.png")
    told = children.run(job(real_media, path, look_at_scene=False), timeout_s=60)
    assert told["scene_manifest"] == "skipped"


def test_what_is_read_of_it(children: ChildMediaHost, real_media: Media, tmp_path: Path) -> None:
    path = output(real_media, tmp_path, "output.png")
    read = {"op": "read_manifest", "path": str(path)}
    assert not children.run(read, timeout_s=60)["present"]
    children.run(job(real_media, path), timeout_s=60)
    told = children.run(read, timeout_s=60)
    assert (told["valid"], told["trust"], told["mark_id"]) == (True, "local", 7)
    assert {one["title"] for one in told["ingredients"]} == {"Scene", "Donor 1"}


def test_a_child_that_only_probes_reads_manifests(
    children: ChildMediaHost, notary: Keeper, real_media: Media, tmp_path: Path
) -> None:
    path = output(real_media, tmp_path, "output.png")
    children.run(job(real_media, path), timeout_s=60)
    with ChildMediaHost(1, "probe", notary=notary) as host:
        told = host.run({"op": "read_manifest", "path": str(path)}, timeout_s=60)
        assert told["trust"] == "local"
        with pytest.raises(InvalidRequest, match="only probes"):
            host.run(job(real_media, path), timeout_s=60)


def test_without_anybody_who_signs_nothing_is_sealed(real_media: Media, tmp_path: Path) -> None:
    path = output(real_media, tmp_path, "output.png")
    before = path.read_bytes()
    with ChildMediaHost(1, "probe") as host, pytest.raises(PersonaeError):
        host.run(job(real_media, path), timeout_s=60)
    assert path.read_bytes() == before


class Reluctant:
    """Furnishes jobs and signs nothing."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def furnish(self, op: str) -> dict[str, Any]:
        return self._keeper.furnish(op)

    def sign(self, data: bytes) -> bytes:
        raise TaskFailed("No.")


def test_a_signature_that_is_refused_leaves_the_output_as_it_was(
    notary: Keeper, real_media: Media, tmp_path: Path
) -> None:
    path = output(real_media, tmp_path, "output.png")
    before = path.read_bytes()
    with ChildMediaHost(1, notary=Reluctant(notary)) as host:
        with pytest.raises(TaskFailed):
            host.run(job(real_media, path), timeout_s=60)
        assert host.run({"op": "ping"}, timeout_s=60)["ready"]
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["output.png"]

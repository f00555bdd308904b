"""Manifests of real outputs: from the library, the command line and a real worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image

from clips import write_clip
from faces import Name, nodding, portrait
from personae import library, signing
from personae.adapters.fetch.fake import FakeFetcher, FakePage
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.provenance.reading import read_manifest
from personae.domain.media import Asset
from personae.domain.swap import SwapOutput
from personae.domain.tasks import Task
from personae.errors import InvalidRequest
from service_lab import Lab, lab, notary, worker_with

AT = "https://media.example.com/"
SIZE_WH = (320, 240)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some seconds of one person."""
    return write_clip(
        tmp_path_factory.mktemp("clip") / "scene.mp4",
        pictures=nodding("collins", 60, SIZE_WH),
        frames=60,
        size_wh=SIZE_WH,
        options={"crf": "18", "preset": "ultrafast", "g": "15"},
    )


def test_files_of_the_library_are_sealed_and_chained(
    photos: Mapping[Name, Path], tmp_path: Path
) -> None:
    first = library.swap_file(photos["collins"], tmp_path / "first.jpg", photos["hopper"])
    assert (first.manifest, first.signed_by) == ("embedded", "local")
    second = library.swap_file(tmp_path / "first.jpg", tmp_path / "second.bmp", photos["hopper"])
    assert (second.manifest, second.signed_by) == ("sidecar", "local")
    facts = library.read_manifest(tmp_path / "second.bmp")
    assert (facts.place, facts.valid, facts.trust) == ("sidecar", True, "local")
    [scene] = [one for one in facts.ingredients if one.relationship == "parentOf"]
    assert scene.made_by is not None
    assert (scene.valid, len(scene.ingredients)) == (True, 2)
    assert {one.name for one in tmp_path.iterdir()} == {
        *("first.jpg", "second.bmp", "second.bmp.c2pa"),
    }


def test_clips_of_the_library_are_sealed(
    photos: Mapping[Name, Path], clip: Path, tmp_path: Path
) -> None:
    sealed = library.swap_video(clip, tmp_path / "sealed.mp4", photos["hopper"], end_s=0.4)
    plain = library.swap_video(
        clip, tmp_path / "plain.mp4", photos["hopper"], end_s=0.4, manifest=False
    )
    assert (sealed.manifest, plain.manifest, plain.signed_by) == ("embedded", "off", None)
    assert library.read_manifest(tmp_path / "sealed.mp4").valid
    assert not library.read_manifest(tmp_path / "plain.mp4").present
    assert sealed.frames == plain.frames


def test_nothing_is_begun_without_a_signer(
    photos: Mapping[Name, Path], tmp_path: Path, signing_dir: Path
) -> None:
    (tmp_path / "file").touch()
    os.environ[signing.SIGNING_DIR_VARIABLE] = str(tmp_path / "file")
    try:
        with pytest.raises(InvalidRequest, match="switch manifests off"):
            library.swap_file(photos["collins"], tmp_path / "out.png", photos["hopper"])
        report = library.swap_file(
            photos["collins"], tmp_path / "out.png", photos["hopper"], manifest=False
        )
    finally:
        os.environ[signing.SIGNING_DIR_VARIABLE] = str(signing_dir)
    assert report.manifest == "off"


@pytest.mark.parametrize("wanted", [True, False])
def test_the_command_says_who_signed(
    photos: Mapping[Name, Path], tmp_path: Path, wanted: bool
) -> None:
    option = "--manifest" if wanted else "--no-manifest"
    paths = (str(photos["hopper"]), str(photos["collins"]), "-o", str(tmp_path / "out.png"))
    run = subprocess.run(
        [sys.executable, "-m", "personae", "swap", *paths, option, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(run.stdout)
    assert told["manifest"] == ("embedded" if wanted else "off")
    assert told["signed_by"] == ("local" if wanted else None)


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, clip: Path, photos: Mapping[Name, Path]
) -> Iterator[tuple[Lab, ChildMediaHost]]:
    """A worker with real children, and a network on which the scenes are."""
    folder = tmp_path_factory.mktemp("service")
    Image.fromarray(portrait("hopper")).save(folder / "donor.jpg", quality=92)
    network = FakeFetcher(
        {
            f"{AT}clip": FakePage(clip.read_bytes()),
            f"{AT}picture": FakePage(photos["collins"].read_bytes()),
            f"{AT}donor": FakePage((folder / "donor.jpg").read_bytes()),
        }
    )
    with (
        lab(f"sqlite:///{folder / 'personae.db'}", folder, chunk_s=1.0, stall_s=60.0) as made,
        ChildMediaHost(2, notary=notary(folder)) as children,
        worker_with(made, children, network),
    ):
        yield made, children


def stored(service: Lab, task: Task) -> dict[str, Asset]:
    assert task.status == "succeeded", task.error
    found = service.database.read(lambda tx: tx.assets.of_task(task.id))
    return {one.role: one for one in found}


@pytest.mark.parametrize(
    ("scene", "container", "place"),
    [
        ("picture", None, "embedded"),
        ("clip", None, "embedded"),
        ("clip", "mkv", "sidecar"),
    ],
)
def test_outputs_of_the_service_are_sealed(
    service: tuple[Lab, ChildMediaHost], tmp_path: Path, scene: str, container: str, place: str
) -> None:
    made, _ = service
    tenant = made.tenant(f"{scene} {container}")
    output = SwapOutput(container=container, stills=True)
    task = made.submit(tenant, "any", AT + scene, f"{AT}donor", output=output)
    (done,) = made.wait([task.id], 240)
    files = stored(made, done)
    result = done.result or {}
    assert (result["manifest"], result["signed_by"]) == (place, "local")
    assert (result["manifest_asset"] is None) == (place == "embedded")
    path = tmp_path / f"output{Path(files['output'].blob_key).suffix}"
    path.write_bytes(made.blobs.get_bytes(files["output"].blob_key))
    if place == "sidecar":
        sidecar = files["manifest"]
        assert sidecar.id == result["manifest_asset"]
        assert sidecar.expires_at == files["output"].expires_at
        path.with_name(f"{path.name}.c2pa").write_bytes(made.blobs.get_bytes(sidecar.blob_key))
        assert result["content_sha256"] == files["output"].sha256
    else:
        assert result["content_sha256"] != files["output"].sha256
    facts = read_manifest(path)
    assert (facts.place, facts.valid, facts.made_by_personae) == (place, True, True)
    assert {one.title for one in facts.ingredients} == {"Scene", "Donor 1"}
    still = made.blobs.get_bytes(files["thumbnail"].blob_key)
    assert b"compositeWithTrainedAlgorithmicMedia" in still

"""Scenes whose kind nobody said, real ones: the worker finds out, and what it makes fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import personae
from clips import Track, write_clip
from faces import Placed, compose, nodding, portrait
from personae.adapters.fetch.fake import FakeFetcher, FakePage
from personae.adapters.media_host.host import ChildMediaHost
from personae.domain.media import Asset
from personae.domain.swap import SceneFace, SwapOutput
from personae.domain.tasks import Task
from service_lab import Lab, lab, notary, worker_with

AT = "https://media.example.com/"
SIZE_WH = (320, 240)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A picture that lies on its side, an animation and a video, each without an ending."""
    folder = tmp_path_factory.mktemp("scenes")
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned by 90 degrees clockwise.
    people = [Placed("hopper", 230, 130, 110), Placed("collins", 90, 120, 80)]
    picture = Image.fromarray(compose(people, SIZE_WH))
    picture.transpose(Image.Transpose.ROTATE_90).save(folder / "picture.jpg", exif=exif)
    frames = [Image.fromarray(one) for one in nodding("collins", 8, SIZE_WH)]
    frames[0].save(folder / "animation.gif", save_all=True, append_images=frames[1:], duration=80)
    black = [np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8)] * 15
    write_clip(
        folder / "video.mp4",
        pictures=[*black, *nodding("collins", 60, SIZE_WH)],
        frames=75,
        size_wh=SIZE_WH,
        options={"crf": "18", "preset": "ultrafast", "g": "25"},
        audio=[Track()],
    )
    return {one.stem: one.read_bytes() for one in folder.iterdir()}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, scenes: dict[str, bytes]) -> Iterator[Lab]:
    """A worker with real children, and a network on which the scenes are."""
    folder = tmp_path_factory.mktemp("service")
    network = FakeFetcher({AT + name: FakePage(data) for name, data in scenes.items()})
    Image.fromarray(portrait("hopper")).save(folder / "donor.jpg", quality=92)
    network.pages[AT + "donor"] = FakePage((folder / "donor.jpg").read_bytes())
    with (
        lab(f"sqlite:///{folder / 'personae.db'}", folder, stall_s=60.0) as made,
        ChildMediaHost(2, notary=notary(folder)) as children,
        worker_with(made, children, network),
    ):
        yield made


def files_of(service: Lab, task: Task) -> dict[str, Asset]:
    assert task.status == "succeeded", task.error
    found = service.database.read(lambda tx: tx.assets.of_task(task.id))
    return {one.role: one for one in found}


def saved(service: Lab, asset: Asset, folder: Path) -> Path:
    path = folder / f"{asset.role}{Path(asset.blob_key).suffix}"
    path.write_bytes(service.blobs.get_bytes(asset.blob_key))
    assert path.stat().st_size == asset.size_bytes
    return path


@pytest.mark.parametrize(
    ("name", "content_type", "length_s"),
    [
        ("picture", "image/jpeg", None),
        ("animation", "image/gif", 0.64),
        ("video", "video/mp4", 3.0),
    ],
)
def test_the_output_fits_the_scene_and_its_row_says_what_it_is(
    service: Lab, tmp_path: Path, name: str, content_type: str, length_s: float | None
) -> None:
    tenant = service.tenant(f"swap {name}")
    output = SwapOutput(stills=True)
    task = service.submit(tenant, "any", AT + name, AT + "donor", output=output)
    (done,) = service.wait([task.id], 120)
    files = files_of(service, done)
    made = files["output"]
    info = personae.probe(saved(service, made, tmp_path))
    assert made.content_type == content_type
    assert made.facts is not None
    assert (made.facts.width, made.facts.height) == info.size_wh == SIZE_WH
    assert made.facts.kind == info.kind == name
    assert made.facts.duration_s == info.duration_s
    if length_s is not None:
        assert made.facts.duration_s == pytest.approx(length_s, abs=0.05)
    assert (done.result or {})["faces_swapped"] >= 1
    wanted = {"output", "thumbnail"} | ({"cover"} if name != "picture" else set())
    assert set(files) == wanted
    for role in wanted - {"output"}:
        with Image.open(saved(service, files[role], tmp_path)) as image:
            assert image.size == ((1080, 540) if role == "thumbnail" else SIZE_WH)
            facts = files[role].facts
            assert facts is not None
            assert image.size == (facts.width, facts.height)
            # The clip begins in the dark, its stills do not show it; somebody is on them.
            assert len(personae.detect(np.asarray(image.convert("RGB")))) >= 1


@pytest.mark.parametrize(("name", "people"), [("picture", 2), ("animation", 1), ("video", 1)])
def test_people_are_found_whatever_it_is(service: Lab, name: str, people: int) -> None:
    tenant = service.tenant(f"find {name}")
    (found,) = service.wait([service.detect(tenant, "any", AT + name).id], 120)
    assert found.status == "succeeded", found.error
    faces = (found.result or {})["faces"]
    assert len(faces) == people
    crops = service.database.read(lambda tx: tx.assets.of_task(found.id))
    sizes = {crop.id: crop for crop in crops}
    for face in faces:
        crop = sizes[face["crop_asset_id"]]
        assert crop.facts is not None
        size = (crop.facts.width, crop.facts.height)
        assert size == (face["crop_width"], face["crop_height"])
        assert len(service.blobs.get_bytes(crop.blob_key)) == crop.size_bytes
    person = SceneFace(detection_id=found.id, face_id=people - 1)
    task = service.submit(tenant, "any", AT + name, AT + "donor", face=person)
    (done,) = service.wait([task.id], 120)
    assert done.status == "succeeded", done.error

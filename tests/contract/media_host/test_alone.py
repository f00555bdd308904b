"""Pictures of several people where only one was to be, by both media hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from clips import write_clip
from faces import Placed, compose
from host_media import LONG_S
from personae.adapters.media_host.fake import fake_media
from personae.app.ports import MediaHost
from personae.errors import SeveralFaces

FRAMES = 6


@pytest.fixture
def two(kind: str, tmp_path: Path) -> tuple[Path, Path]:
    """A picture and a clip of two people."""
    picture, clip = tmp_path / "two.png", tmp_path / "two.mp4"
    if kind == "fake":
        picture.write_bytes(fake_media(faces=2))
        clip.write_bytes(fake_media("video/mp4", faces=2, frames=FRAMES))
        return picture, clip
    rgb = compose([Placed("hopper", 85, 120, 100), Placed("collins", 235, 120, 100)])
    Image.fromarray(rgb).save(picture)
    size_wh = rgb.shape[1], rgb.shape[0]
    write_clip(clip, pictures=[rgb] * FRAMES, frames=FRAMES, size_wh=size_wh)
    return picture, clip


def swap(host: MediaHost, scene: Path, donor: Path, **mapping: Any) -> int:
    job = {
        "op": "swap",
        "scene": str(scene),
        "output": str(scene.with_name(f"out{scene.suffix}")),
        "mappings": [{"donors": [str(donor)], "face": "largest", **mapping}],
        "names": {str(scene): "scene.x", str(donor): "donor.x"},
    }
    return host.run(job, timeout_s=LONG_S)["faces_swapped"]


def test_a_donor_that_must_be_alone(
    host: MediaHost, media: Any, two: tuple[Path, Path], tmp_path: Path
) -> None:
    scene = tmp_path / "scene.png"
    scene.write_bytes(media.scene.read_bytes())
    # The same photo does well where it need not be.
    assert swap(host, scene, two[0]) == 1
    with pytest.raises(SeveralFaces) as caught:
        swap(host, scene, two[0], alone=True)
    assert str(tmp_path) not in caught.value.message
    assert swap(host, scene, media.donor, alone=True) == 1


def test_a_scene_that_must_have_one_face(
    host: MediaHost, media: Any, two: tuple[Path, Path], tmp_path: Path
) -> None:
    assert swap(host, two[0], media.donor) == 1
    with pytest.raises(SeveralFaces) as caught:
        swap(host, two[0], media.donor, face="only")
    assert str(tmp_path) not in caught.value.message
    # In a clip people come and go: there it is the largest.
    assert swap(host, two[1], media.donor, face="only") == FRAMES
    alone = tmp_path / "scene.png"
    alone.write_bytes(media.scene.read_bytes())
    assert swap(host, alone, media.donor, face="only") == 1

"""Covers and thumbnails, on both hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from host_media import LONG_S, SIZE_WH, Media
from personae.adapters.media_host.host import ChildMediaHost
from personae.app.ports import MediaHost
from personae.errors import InvalidRequest, MediaError, MediaUnsupported

BOX = [1080, 540]


def stills(host: MediaHost, path: Path, folder: Path, *names: str, **more: Any) -> dict[str, Any]:
    job = {"op": "stills", "path": str(path), "cover": None, "thumbnail": None, "box": BOX}
    job |= {name: str(folder / f"{name}.png") for name in names}
    return host.run(job | more, timeout_s=LONG_S)


def test_a_clip_has_a_cover_and_a_thumbnail(host: MediaHost, media: Media, tmp_path: Path) -> None:
    assert stills(host, media.clip, tmp_path, "cover", "thumbnail") == {
        "cover": {"width": SIZE_WH[0], "height": SIZE_WH[1]},
        "thumbnail": {"width": 1080, "height": 540},
    }
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cover.png", "thumbnail.png"]


def test_only_what_is_named_is_made(host: MediaHost, media: Media, tmp_path: Path) -> None:
    told = stills(host, media.scene, tmp_path, "thumbnail")
    assert told == {"thumbnail": {"width": 1080, "height": 540}}
    assert [one.name for one in tmp_path.iterdir()] == ["thumbnail.png"]


def test_what_is_no_media_has_none(host: MediaHost, tmp_path: Path) -> None:
    (tmp_path / "letter.mp4").write_text("Dear Madam or Sir, " * 50)
    with pytest.raises(MediaUnsupported) as caught:
        stills(host, tmp_path / "letter.mp4", tmp_path, "thumbnail")
    assert str(tmp_path) not in caught.value.message


def test_children_write_what_they_say(
    children: ChildMediaHost, real_media: Media, tmp_path: Path
) -> None:
    told = stills(children, real_media.clip, tmp_path, "cover", "thumbnail", box=[300, 200])
    for name, size in told.items():
        with Image.open(tmp_path / f"{name}.png") as image:
            assert image.size == (size["width"], size["height"])
            assert image.convert("L").getextrema()[1] > 120
    assert told["thumbnail"] == {"width": 300, "height": 200}


def test_children_refuse_sound_and_boxes_without_end(
    children: ChildMediaHost, real_media: Media, tmp_path: Path
) -> None:
    with pytest.raises(MediaError):
        stills(children, real_media.sound, tmp_path, "thumbnail")
    for box in ([0, 10], [100_000, 100_000]):
        with pytest.raises(InvalidRequest):
            stills(children, real_media.clip, tmp_path, "thumbnail", box=box)
    assert list(tmp_path.iterdir()) == []

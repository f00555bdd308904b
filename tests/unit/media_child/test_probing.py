"""Files are called by the media type of what is inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from clips import Track, audio_only, rotated_clip, write_clip
from personae.media_child.probing import probe


class Idle:
    """A context that nobody stops, and that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def check_stop(self) -> None:
        pass

    def report(self, *told: Any) -> None:
        self.told.append(told)


def facts(path: Path, context: Idle | None = None) -> dict[str, Any]:
    return probe({"path": str(path)}, context or Idle())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ending", "content_type"),
    [
        ("mp4", "video/mp4"),
        ("mov", "video/quicktime"),
        ("mkv", "video/x-matroska"),
        ("avi", "video/x-msvideo"),
        ("ts", "video/mp2t"),
    ],
)
def test_videos(tmp_path: Path, ending: str, content_type: str) -> None:
    path = write_clip(tmp_path / f"clip.{ending}")
    renamed = path.rename(tmp_path / "clip.bin")
    found = facts(renamed)
    assert found["content_type"] == content_type
    assert (found["kind"], found["codec"]) == ("video", "h264")


def test_webm_is_told_from_matroska(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.webm", codec="libvpx-vp9", options={"deadline": "realtime"})
    assert facts(path)["content_type"] == "video/webm"


def test_a_turned_clip_is_measured_upright(tmp_path: Path) -> None:
    found = facts(rotated_clip(tmp_path / "clip.mp4", 90, size_wh=(160, 120)))
    assert (found["width"], found["height"], found["rotation"]) == (120, 160, 90)


@pytest.mark.parametrize(
    ("form", "content_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("BMP", "image/bmp")],
)
def test_pictures(tmp_path: Path, form: str, content_type: str) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "picture", form)
    found = facts(tmp_path / "picture")
    assert found["content_type"] == content_type
    assert (found["kind"], found["width"], found["height"]) == ("picture", 30, 20)
    assert found["duration_s"] is None


def test_an_animation_has_a_length(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 20), (i * 40, 0, 0)) for i in range(5)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=200)
    context = Idle()
    found = facts(tmp_path / "a.gif", context)
    assert context.told == [("probe", n, None) for n in (1, 2, 3, 4, 5)]  # it may take long
    assert (found["kind"], found["content_type"], found["frames"]) == ("animation", "image/gif", 5)
    assert found["duration_s"] == pytest.approx(1.0)
    assert found["fps"] == pytest.approx(5.0)


def test_sound(tmp_path: Path) -> None:
    found = facts(audio_only(tmp_path / "a.m4a", 1.0))
    assert (found["kind"], found["content_type"], found["codec"]) == ("sound", "audio/mp4", "aac")
    assert found["audio_streams"] == 1
    assert list(found["audio_codecs"]) == ["aac"]


def test_sound_is_called_by_its_codec_not_by_a_decoder(tmp_path: Path) -> None:
    tracks = (Track(codec="mp3"), Track(codec="aac"))
    found = facts(write_clip(tmp_path / "clip.mkv", audio=tracks))
    assert list(found["audio_codecs"]) == ["mp3", "aac"]

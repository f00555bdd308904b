"""Files are told by their content, and described whichever reader they take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import audio_only, rotated_clip, write_clip
from personae.errors import (
    InvalidRequest,
    MediaUnreachable,
    MediaUnreadable,
    MediaUnsupported,
)
from personae.video.media import load_frame, probe
from personae.video.sniffing import describe_kind, is_hdr_avif, sniff, sniff_head


def solid(color: tuple[int, int, int], size_wh: tuple[int, int] = (30, 20)) -> Image.Image:
    return Image.new("RGB", size_wh, color)


def animation(path: Path, **options: object) -> Path:
    frames = [solid((80 * i, 255 - 80 * i, 30)) for i in range(4)]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=[100, 200, 100, 300], **options
    )
    return path


@pytest.mark.parametrize("extension", ["jpg", "png", "gif", "webp", "bmp", "tif", "avif", "jp2"])
def test_pictures_are_told_by_content(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    solid((9, 9, 9)).save(path)
    renamed = path.rename(tmp_path / "a.mp4")
    assert sniff(renamed) == "picture"


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_animations_are_told_from_pictures(tmp_path: Path, extension: str) -> None:
    assert sniff(animation(tmp_path / f"a.{extension}")) == "animation"


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi"])
def test_videos_are_told_by_content(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, frames=2)
    assert sniff(path.rename(tmp_path / "a.jpg")) == "video"


@pytest.mark.parametrize(
    ("head", "kind", "words"),
    [
        (b"ID3\x04" + bytes(20), "audio", "an MP3 sound file"),
        (b"fLaC" + bytes(20), "audio", "a FLAC sound file"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio", "a WAV or AIFF sound file"),
        (b"OggS" + bytes(24) + b"\x01vorbis", "audio", "an Ogg sound file"),
        (b"OggS" + bytes(24) + b"\x80theora", "video", "an Ogg video"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42", "audio", "an M4A sound file"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0qt  ", "video", "a QuickTime video"),
        (
            b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
            "unknown",
            "a HEIC picture, which is not supported",
        ),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "picture", "an AVIF picture"),
        (b"FLV\x01" + bytes(20), "video", "an FLV video"),
        (b"G" + bytes(187) + b"G" + bytes(187), "video", "an MPEG transport stream"),
        (b"<!doctype HTML><p>", "unknown", "a web page"),
        (b"PK\x03\x04" + bytes(20), "unknown", "a ZIP archive or office document"),
        (b"", "unknown", "of an unknown kind"),
        (b"hello", "unknown", "of an unknown kind"),
    ],
)
def test_first_bytes(head: bytes, kind: str, words: str) -> None:
    assert sniff_head(head) == kind
    assert describe_kind(head) == words


def test_hdr_avif_is_noticed() -> None:
    start = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(40)
    assert is_hdr_avif(start + b"\0\0\0\x13colrnclx\0\x09\0\x10\0\x09\x80")
    assert is_hdr_avif(start + b"\0\0\0\x13colrnclx\0\x09\0\x12\0\x09\x80")
    assert not is_hdr_avif(start + b"\0\0\0\x13colrnclx\0\x01\0\x0d\0\x06\x80")
    assert not is_hdr_avif(start)


def test_a_picture_is_described(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    solid((1, 2, 3)).save(tmp_path / "a.jpg", exif=exif)
    info = probe(tmp_path / "a.jpg")
    assert (info.kind, info.container, info.size_wh) == ("picture", "jpeg", (20, 30))
    assert (info.coded_size_wh, info.rotation_deg, info.mirrored) == ((30, 20), 90, False)
    assert (info.frames, info.bits, info.has_alpha) == (1, 8, False)
    assert info.to_json()["kind"] == "picture"


def test_depth_and_alpha_of_pictures(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "a.png")
    assert probe(tmp_path / "a.png").bits == 16
    Image.new("LA", (4, 4)).save(tmp_path / "b.png")
    assert probe(tmp_path / "b.png").has_alpha


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_an_animation_is_described(tmp_path: Path, extension: str) -> None:
    info = probe(animation(tmp_path / f"a.{extension}", loop=0))
    assert (info.kind, info.size_wh, info.frames) == ("animation", (30, 20), 4)
    assert info.duration_s == pytest.approx(0.7)
    assert info.variable_rate
    assert info.metadata["plays"] == "for ever"


def test_videos_and_sound_are_described(tmp_path: Path) -> None:
    video = probe(write_clip(tmp_path / "a.mp4", frames=5))
    assert (video.kind, video.container, video.frames) == ("video", "mp4", 5)
    assert probe(audio_only(tmp_path / "b.mp4")).kind == "audio"


def test_what_cannot_be_described(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(MediaUnreadable, match="is empty"):
        probe(tmp_path / "empty")
    with pytest.raises(MediaUnreachable, match="does not exist"):
        probe(tmp_path / "gone")
    (tmp_path / "text.mp4").write_text("hello " * 100)
    with pytest.raises(MediaUnsupported, match=r"text\.mp4 is of an unknown kind"):
        probe(tmp_path / "text.mp4")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 " + bytes(200))
    with pytest.raises(MediaUnsupported, match="a PDF document"):
        probe(tmp_path / "a.pdf")


def test_one_frame_of_anything(tmp_path: Path) -> None:
    solid((200, 10, 10)).save(tmp_path / "a.png")
    assert load_frame(tmp_path / "a.png", 5.0)[0, 0].tolist() == [200, 10, 10]
    moving = animation(tmp_path / "a.webp", lossless=True)
    for at_s, red in ((0.0, 0), (0.05, 0), (0.1, 80), (0.29, 80), (0.3, 160), (0.6, 240)):
        assert load_frame(moving, at_s)[0, 0, 0] == red
    with pytest.raises(InvalidRequest, match=r"ends after 0\.7 s"):
        load_frame(moving, 0.8)


def test_one_frame_of_a_video_is_upright(tmp_path: Path) -> None:
    clip = rotated_clip(tmp_path / "a.mp4", 90, frames=4)
    rgb = load_frame(clip)
    info = probe(clip)
    assert info.size_wh == (rgb.shape[1], rgb.shape[0])
    assert info.rotation_deg == 90
    early, late = load_frame(clip), load_frame(clip, 0.08)
    assert not np.array_equal(early, late)


def test_one_frame_of_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaUnsupported):
        load_frame(audio_only(tmp_path / "a.mp4"))
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(MediaUnsupported, match="unknown kind"):
        load_frame(tmp_path / "a.txt")

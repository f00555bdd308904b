"""A video is described from its headers and one frame."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import clips
from personae.errors import MediaUnreadable, MediaUnsupported
from personae.video.info import AudioInfo, ChapterInfo, SubtitleInfo
from personae.video.integrity import ends_early
from personae.video.probe import probe_video


def test_a_rich_clip_is_described_in_full(tmp_path: Path) -> None:
    tags = {"tags": (1, 1, 1, 1)}
    info = probe_video(clips.rich_clip(tmp_path / "a.mp4", **tags))
    assert (info.kind, info.container, info.codec) == ("video", "mp4", "h264")
    assert (info.size_wh, info.coded_size_wh, info.rotation_deg) == ((160, 120), (160, 120), 0)
    assert (info.frames, info.frame_rate, info.variable_rate) == (50, Fraction(25), False)
    assert info.duration_s == pytest.approx(2.0, abs=0.05)
    assert (info.pixel_format, info.bits, info.hdr, info.has_alpha) == ("yuv420p", 8, False, False)
    assert info.color_primaries == info.color_transfer == info.color_matrix == "bt709"
    assert info.color_range == "limited"
    assert info.audio == (AudioInfo("aac", 1, 48000, "eng"), AudioInfo("aac", 1, 48000, "fra"))
    assert info.subtitles == (SubtitleInfo("mov_text", "deu"),)
    assert info.chapters == (ChapterInfo(0.0, 0.8, "Opening"), ChapterInfo(0.8, 2.0, "Rest"))
    assert info.metadata["title"] == "A clip"
    plain = json.loads(json.dumps(info.to_json()))
    assert plain["frame_rate"] == "25/1"
    assert plain["audio"][1]["language"] == "fra"


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_size_is_that_of_the_upright_picture(tmp_path: Path, turn: int) -> None:
    info = probe_video(clips.rotated_clip(tmp_path / "a.mp4", turn))
    assert info.rotation_deg == turn
    assert info.coded_size_wh == (160, 120)
    assert info.size_wh == ((120, 160) if turn in (90, 270) else (160, 120))


def test_irregular_times_are_noticed(tmp_path: Path) -> None:
    assert probe_video(clips.vfr_clip(tmp_path / "a.mp4")).variable_rate is True
    ntsc: dict[str, Any] = {"rate": Fraction(30000, 1001)}
    assert probe_video(clips.write_clip(tmp_path / "b.mp4", **ntsc)).variable_rate is False


def test_what_would_be_refused_is_described_all_the_same(tmp_path: Path) -> None:
    hdr = probe_video(clips.hdr_clip(tmp_path / "a.mp4"))
    assert (hdr.hdr, hdr.bits, hdr.color_transfer) == (True, 10, "smpte2084")
    clear: dict[str, Any] = {"codec": "ffv1", "pixel_format": "yuva420p", "options": {}}
    assert probe_video(clips.write_clip(tmp_path / "b.mkv", frames=2, **clear)).has_alpha


def test_sound_alone_is_audio(tmp_path: Path) -> None:
    info = probe_video(clips.audio_only(tmp_path / "a.m4a"))
    assert (info.kind, info.size_wh, info.codec) == ("audio", None, None)
    assert info.audio == (AudioInfo("aac", 1, 48000, None),) or info.audio[0].language == "eng"


def test_a_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("hello")
    with pytest.raises(MediaUnsupported):
        probe_video(tmp_path / "a.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi"])
def test_a_file_cut_anywhere_is_seen_to_end_early(tmp_path: Path, name: str) -> None:
    webm: dict[str, Any] = {"codec": "libvpx-vp9", "options": {"b": "0", "cpu-used": "8"}}
    whole = clips.write_clip(tmp_path / name, **(webm if name == "a.webm" else {}))
    assert not ends_early(whole)
    for keep in (0.3, 0.6, 0.99):
        assert ends_early(clips.truncated_copy(tmp_path / f"cut-{name}", whole, keep))


@pytest.mark.parametrize("junk", [b"", b"\x1a", b"\x1a\x45\xdf\xa3", b"RIFF", b"\0\0\0\1mdat"])
def test_headers_of_a_few_bytes_do_no_harm(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "a").write_bytes(junk)
    ends_early(tmp_path / "a")


@pytest.mark.parametrize("ending", [".mkv", ".webm"])
def test_a_clip_that_ends_in_its_first_bytes_is_damaged_not_out_of_reach(
    tmp_path: Path, ending: str
) -> None:
    codec = {"codec": "libvpx-vp9", "options": {"cpu-used": "8"}} if ending == ".webm" else {}
    whole = clips.write_clip(tmp_path / f"whole{ending}", **codec).read_bytes()
    for length in (89, 120, 159, 191, 272, 347):
        path = tmp_path / f"cut{ending}"
        path.write_bytes(whole[:length])
        with pytest.raises((MediaUnreadable, MediaUnsupported)):
            probe_video(path)

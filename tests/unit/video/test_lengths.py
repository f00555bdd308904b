"""How many frames a file holds is told from the picture, not from sound that goes on after it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import clips
from personae.video.lengths import Span
from personae.video.probe import probe_video
from personae.video.reader import VideoReader

FRAMES = 40
VP9: dict[str, Any] = {"codec": "libvpx-vp9", "options": {"b": "0", "cpu-used": "8"}}
LATE: dict[str, Any] = {"pts": range(50, 50 + FRAMES), "time_base": Fraction(1, 25)}


def long_sound(path: Path, **changes: Any) -> Path:
    """A clip of 1.6 s whose sound lasts 5 s."""
    webm = path.suffix == ".webm"
    track = clips.Track(codec="libopus" if webm else "aac")
    made = {"frames": FRAMES, "audio": (track,), "audio_s": 5.0, **(VP9 if webm else {})}
    return clips.write_clip(path, **{**made, **changes})


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.mp4", "a.ts"])
@pytest.mark.parametrize("changes", [{}, LATE], ids=["", "late"])
def test_frames_are_counted_by_the_picture(
    name: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    path = long_sound(tmp_path / name, **changes)
    assert probe_video(path).frames == FRAMES
    with VideoReader(path) as reader:
        assert reader.frames_expected == FRAMES
        assert len(list(reader)) == FRAMES
        assert not reader.damage


@pytest.mark.parametrize("name", ["a.mkv", "a.webm"])
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_lost_frames_are_those_of_the_picture(name: str, keep: float, tmp_path: Path) -> None:
    whole = long_sound(tmp_path / name)
    cut = clips.truncated_copy(tmp_path / f"cut-{name}", whole, keep)
    with VideoReader(cut) as reader:
        given = len(list(reader))
        assert reader.damage.truncated
        assert given + reader.damage.frames_lost == FRAMES


def test_a_part_is_counted_within_the_picture(tmp_path: Path) -> None:
    path = long_sound(tmp_path / "a.mkv")
    for start_s, end_s, frames in ((0.4, None, 30), (None, 0.4, 10), (0.4, 0.8, 10), (1.2, 4, 10)):
        with VideoReader(path, start_s=start_s, end_s=end_s) as reader:
            assert reader.frames_expected == frames
            assert len(list(reader)) == frames


def rewritten(path: Path, *changes: tuple[bytes, bytes]) -> Path:
    """The file with some of its bytes replaced by as many others."""
    data = path.read_bytes()
    for old, new in changes:
        assert old in data
        assert len(old) == len(new)
        data = data.replace(old, new)
    path.write_bytes(data)
    return path


def test_other_writers_store_a_length_and_not_an_end(tmp_path: Path) -> None:
    path = long_sound(tmp_path / "a.mkv", **LATE)
    end, length = b"00:00:03.600000000", b"00:00:01.600000000"
    rewritten(path, (b"Lavf", b"Mkvm"), (end, length))
    assert probe_video(path).frames == FRAMES


@pytest.mark.parametrize(
    "tag", [b"09:00:01.600000000", b"00:00:00.000000000", b"a long while ago.."]
)
def test_a_tag_that_cannot_be_is_not_believed(tag: bytes, tmp_path: Path) -> None:
    path = rewritten(long_sound(tmp_path / "a.mkv"), (b"00:00:01.600000000", tag))
    assert probe_video(path).frames == 126  # that is the whole file of 5.02 s


def test_a_span_counts_at_least_one_frame() -> None:
    span = Span(Fraction(1), Fraction(3))
    assert span.frames(Fraction(25)) == 50
    assert span.frames(Fraction(25), end_s=Fraction(2)) == 25
    assert span.frames(Fraction(25), start_s=Fraction(5)) == 1

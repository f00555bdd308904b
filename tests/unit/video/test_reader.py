"""Frames come out in order, with the file's own times, in planes that are safe to edit."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import clips
from passes import planes, same_planes, times
from personae.errors import (
    InvalidRequest,
    MediaError,
    MediaTooLarge,
    MediaUnreachable,
    MediaUnreadable,
    MediaUnsupported,
)
from personae.video.limits import MediaLimits
from personae.video.reader import VideoReader

REORDERED = {"b_frames": 2, "options": {"preset": "medium", "crf": "18", "g": "10"}}
EVEN = [Fraction(i, 25) for i in range(20)]
IRREGULAR = [Fraction(ms, 1000) for ms in clips.IRREGULAR_MS]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi", "a.ts", "a.flv"])
def test_frames_at_a_constant_rate_keep_their_times(tmp_path: Path, name: str) -> None:
    assert times(clips.write_clip(tmp_path / name)) == EVEN


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi"])
def test_reordered_frames_come_in_order_of_presentation(tmp_path: Path, name: str) -> None:
    assert times(clips.write_clip(tmp_path / name, frames=40, **REORDERED)) == [
        Fraction(i, 25) for i in range(40)
    ]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("more", [{}, REORDERED])
def test_irregular_times_are_exact(tmp_path: Path, name: str, more: dict[str, Any]) -> None:
    assert times(clips.vfr_clip(tmp_path / name, **more)) == IRREGULAR


def test_scene_frames_count_from_zero_and_tell_the_time(tmp_path: Path) -> None:
    with VideoReader(clips.vfr_clip(tmp_path / "a.mp4")) as reader:
        scenes = [frame.scene for frame in reader]
    assert [s.number for s in scenes] == list(range(len(IRREGULAR)))
    assert [s.time_s for s in scenes] == pytest.approx([float(t) for t in IRREGULAR])


@pytest.mark.parametrize("start", [0.0, 0.3, 0.4, 0.41, 0.8, 1.52])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_range_begins_and_ends_at_the_exact_frame(
    tmp_path: Path, name: str, start: float
) -> None:
    clip = clips.write_clip(tmp_path / name, frames=50, **REORDERED)
    end = round(start + 0.4, 2)
    whole = [Fraction(i, 25) for i in range(50)]
    kept = [t for t in whole if Fraction(str(start)) <= t < Fraction(str(end))]
    cut = times(clip, start_s=start, end_s=end)
    assert [b - a for a, b in pairwise(cut)] == [Fraction(1, 25)] * (len(kept) - 1)
    assert len(cut) == len(kept)
    # The clip starts at the asked time, to within one tick of the file's clock.
    assert 0 <= cut[0] - (kept[0] - Fraction(str(start))) < Fraction(1, 999)
    everything = planes(clip)
    first = whole.index(kept[0])
    assert same_planes(planes(clip, start_s=start, end_s=end), everything[first : first + len(cut)])


OPEN_GOP = {"preset": "medium", "g": "10", "x264-params": "open-gop=1"}
REFRESHED = {"preset": "medium", "g": "20", "x264-params": "intra-refresh=1"}
OPEN_HEVC = {"g": "10", "x265-params": "log-level=none:open-gop=1"}


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", OPEN_GOP),
        ("a.ts", "libx264", OPEN_GOP),
        ("a.mkv", "libx264", REFRESHED),
        ("a.mp4", "libx265", OPEN_HEVC),
        ("a.ts", "mpeg2video", {"b": "2M", "g": "10"}),
        ("a.webm", "libvpx-vp9", {"b": "0", "crf": "30", "g": "20", "cpu-used": "8"}),
    ],
)
def test_a_range_that_starts_between_key_frames_decodes_as_in_the_whole(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    path = clips.write_clip(tmp_path / name, codec=codec, options=options, frames=60, b_frames=2)
    everything = planes(path)
    for first in (3, 11, 20, 43):
        with VideoReader(path, start_s=first / 25) as reader:
            list(reader)
            assert not reader.damage
        assert same_planes(planes(path, start_s=first / 25), everything[first:])


@pytest.mark.parametrize(
    "asked", [{"start_s": -1.0}, {"start_s": 2.0, "end_s": 1.0}, {"end_s": 0.0}, {"start_s": 9.0}]
)
def test_an_empty_range_is_refused(tmp_path: Path, asked: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        VideoReader(clips.write_clip(tmp_path / "a.mp4"), **asked)


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_rotated_clips_stand_upright(tmp_path: Path, name: str, turn: int) -> None:
    upright = clips.pattern(0, (96, 160))
    coded = np.ascontiguousarray(np.rot90(upright, turn // 90))  # undone by turning clockwise
    size_wh = (coded.shape[1], coded.shape[0])
    path = clips.rotated_clip(tmp_path / name, turn, pictures=[coded] * 3, size_wh=size_wh)
    with VideoReader(path) as reader:
        assert reader.shape.orientation.rotation_deg == turn
        assert reader.shape.size_wh == (96, 160)
        frame = next(iter(reader))
        seen = frame.canvas.region_rgb((0, 0, 96, 160)).astype(int)
    assert np.abs(seen - upright).mean() < 12


def test_an_edit_goes_to_the_upright_place_and_nowhere_else(tmp_path: Path) -> None:
    path = clips.rotated_clip(tmp_path / "a.mp4", 90)
    with VideoReader(path) as reader:
        frame = next(iter(reader))
        before = frame.canvas.region_rgb((0, 0, 120, 160))
        frame.canvas.add_into((8, 16, 24, 48), np.full((32, 16, 3), 40.0, np.float32))
        after = frame.canvas.region_rgb((0, 0, 120, 160))
    changed = (before != after).any(axis=2)
    assert changed[16:48, 8:24].all()
    changed[14:50, 6:26] = False  # chroma is read by interpolation, two pixels around
    assert not changed.any()


def test_editing_a_frame_leaves_the_frames_predicted_from_it_alone(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.mp4", options={"crf": "18", "preset": "fast"})
    untouched = planes(path)
    white = np.full((120, 160, 3), 255.0, np.float32)
    seen: list[Any] = []
    with VideoReader(path) as reader:
        for frame in reader:
            if frame.scene.number == 0:
                frame.canvas.add_into((0, 0, 160, 120), white)
                assert frame.canvas.region_rgb((0, 0, 160, 120)).mean() > 240
            seen.append([np.array(memoryview(p)[: p.buffer_size]) for p in frame.video.planes])
    with VideoReader(path) as reader:
        clean = [[np.array(memoryview(p)) for p in f.video.planes] for f in reader]
    assert len(seen) == len(untouched)
    for number in range(1, len(seen)):
        for edited, plain in zip(seen[number], clean[number], strict=True):
            assert np.array_equal(edited, plain)


def test_frames_do_not_depend_on_threads(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.mp4", frames=30, **REORDERED)
    assert same_planes(planes(path, threads=1), planes(path, threads=3))


def test_ten_bits_are_read_as_ten_bits(tmp_path: Path) -> None:
    with VideoReader(clips.ten_bit_clip(tmp_path / "a.mp4")) as reader:
        assert reader.shape.pixel_format == "yuv420p10le"
        assert (reader.shape.form.bits, reader.shape.form.kr) == (10, 0.2126)
        frame = next(iter(reader))
        seen = frame.canvas.region_rgb((0, 0, 160, 120)).astype(int)
    assert np.abs(seen - clips.pattern(0)).mean() < 12


@pytest.mark.parametrize(
    ("pixel_format", "codec", "becomes"),
    [
        ("yuv422p", "ffv1", "yuv422p"),
        ("yuv444p", "ffv1", "yuv444p"),
        ("yuv444p12le", "ffv1", "yuv444p12le"),
        ("gray", "ffv1", "yuv420p"),
        ("bgr0", "ffv1", "yuv444p10le"),
        ("yuv411p", "ffv1", "yuv422p"),
        ("yuyv422", "rawvideo", "yuv422p"),
        ("rgb24", "png", "yuv444p10le"),
    ],
)
def test_other_pixel_formats_are_read(
    tmp_path: Path, pixel_format: str, codec: str, becomes: str
) -> None:
    name = "a.mov" if codec == "png" else "a.mkv"
    path = clips.write_clip(
        tmp_path / name, codec=codec, pixel_format=pixel_format, frames=2, options={}
    )
    with VideoReader(path) as reader:
        assert reader.shape.pixel_format == becomes
        seen = next(iter(reader)).canvas.region_rgb((0, 0, 160, 120)).astype(int)
    picture = clips.pattern(0).astype(int)
    if pixel_format == "gray":
        assert np.ptp(seen, axis=2).max() <= 1  # no colour cast
    elif pixel_format in ("bgr0", "rgb24"):
        assert np.abs(seen - picture).max() <= 1
    else:
        assert np.abs(seen - picture).mean() < 25


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_refused(tmp_path: Path, transfer: int) -> None:
    with pytest.raises(MediaUnsupported, match="HDR"):
        VideoReader(clips.hdr_clip(tmp_path / "a.mp4", transfer))


def test_alpha_is_refused(tmp_path: Path) -> None:
    path = clips.write_clip(
        tmp_path / "a.mkv", codec="ffv1", pixel_format="yuva420p", frames=2, options={}
    )
    with pytest.raises(MediaUnsupported, match="transparency"):
        VideoReader(path)


def test_alpha_beside_the_picture_is_refused(tmp_path: Path) -> None:
    options = {"b": "0", "crf": "30", "cpu-used": "8", "auto-alt-ref": "0"}
    path = clips.write_clip(
        tmp_path / "a.webm", codec="libvpx-vp9", pixel_format="yuva420p", frames=3, options=options
    )
    with pytest.raises(MediaUnsupported, match="transparency"):
        VideoReader(path)


def test_a_size_that_changes_on_the_way_is_refused(tmp_path: Path) -> None:
    first = clips.write_clip(tmp_path / "a.ts")
    second = clips.write_clip(tmp_path / "b.ts", size_wh=(320, 240))
    (tmp_path / "c.ts").write_bytes(first.read_bytes() + second.read_bytes())
    with (
        VideoReader(tmp_path / "c.ts") as reader,
        pytest.raises(MediaUnsupported, match="changes its size"),
    ):
        list(reader)


def test_a_cut_off_mp4_gives_what_is_left_and_counts_the_rest(tmp_path: Path) -> None:
    front = {"container_options": {"movflags": "faststart"}}
    whole = clips.write_clip(tmp_path / "a.mp4", frames=60, **front)
    with VideoReader(clips.truncated_copy(tmp_path / "b.mp4", whole)) as reader:
        given = len(list(reader))
        assert reader.damage.truncated
        assert 20 < given < 50
        assert reader.damage.frames_lost == 60 - given
        assert reader.damage


def test_a_cut_off_mkv_gives_what_is_left_and_counts_the_rest(tmp_path: Path) -> None:
    whole = clips.write_clip(tmp_path / "a.mkv", frames=60)
    with VideoReader(clips.truncated_copy(tmp_path / "b.mkv", whole)) as reader:
        given = len(list(reader))
        assert reader.damage.truncated
        assert 20 < given < 50
        assert abs(reader.damage.frames_lost - (60 - given)) <= 1


def test_a_sound_clip_is_not_called_damaged(tmp_path: Path) -> None:
    with VideoReader(clips.rich_clip(tmp_path / "a.mp4")) as reader:
        assert len(list(reader)) == reader.frames_expected == 50
        assert not reader.damage


def test_damage_in_the_middle_is_noticed_and_read_over(tmp_path: Path) -> None:
    whole = clips.write_clip(tmp_path / "a.mp4", frames=60)
    with VideoReader(clips.damaged_copy(tmp_path / "b.mp4", whole)) as reader:
        assert len(list(reader)) >= 58
        assert reader.damage
        assert not reader.damage.truncated


@pytest.mark.parametrize("at", [0.3, 0.6, 0.9])
def test_damaged_frames_do_not_depend_on_threads_either(tmp_path: Path, at: float) -> None:
    whole = clips.write_clip(tmp_path / "a.mp4", frames=40, size_wh=(320, 240), **REORDERED)
    path = clips.damaged_copy(tmp_path / "b.mp4", whole, at, 150)
    once, again, many = (planes(path, threads=n) for n in (1, 1, 4))
    assert same_planes(once, again)
    assert same_planes(once, many)


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"preset": "medium"}),
        ("libx265", {"x265-params": "log-level=none"}),
        ("libvpx-vp9", {"b": "0", "crf": "30", "cpu-used": "8"}),
        ("libsvtav1", {"preset": "12"}),
    ],
)
def test_cut_off_files_do_not_depend_on_threads_either(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    whole = clips.write_clip(tmp_path / "a.mkv", frames=40, codec=codec, options=options)
    path = clips.truncated_copy(tmp_path / "b.mkv", whole)
    assert same_planes(planes(path, threads=1), planes(path, threads=4))


def make_empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def make_text(path: Path) -> Path:
    path.write_text("just words\n" * 100)
    return path


def make_picture(path: Path) -> Path:
    Image.fromarray(clips.pattern(0)).save(path, "JPEG")
    return path


def make_without_index(path: Path) -> Path:
    return clips.truncated_copy(path, clips.write_clip(path.with_name("whole.mp4")))


def make_playlist(path: Path) -> Path:
    clips.write_clip(path.with_name("part.ts"))
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,\npart.ts\n#EXT-X-ENDLIST\n")
    return path


def make_concat(path: Path) -> Path:
    clips.write_clip(path.with_name("part.mp4"))
    path.write_text("ffconcat version 1.0\nfile part.mp4\n")
    return path


BAD: list[tuple[Callable[[Path], Path], type[MediaError], str]] = [
    (make_empty, MediaUnreadable, "empty"),
    (make_text, MediaUnsupported, "not a video"),
    (make_picture, MediaUnsupported, "picture"),
    (make_without_index, MediaUnreadable, "cut off"),
    (clips.audio_only, MediaUnsupported, "no moving picture"),
    (make_playlist, MediaUnsupported, "not a video"),
    (make_concat, MediaUnsupported, "not a video"),
]


@pytest.mark.parametrize(("make", "error", "words"), BAD)
def test_what_is_not_a_video_gets_one_clear_sentence(
    tmp_path: Path, make: Callable[[Path], Path], error: type[MediaError], words: str
) -> None:
    path = make(tmp_path / "scene.mp4")
    with pytest.raises(error, match=words) as caught:
        VideoReader(path)
    assert "scene.mp4" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_file_and_a_folder_are_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match="does not exist"):
        VideoReader(tmp_path / "none.mp4")
    with pytest.raises(MediaUnreachable, match="not a file"):
        VideoReader(tmp_path)


@pytest.mark.parametrize(
    "limits",
    [
        MediaLimits(frame_pixels=160 * 120 - 1),
        MediaLimits(side_px=159),
        MediaLimits(duration_s=0.5),
        MediaLimits(streams=0),
    ],
)
def test_what_is_too_large_is_refused(tmp_path: Path, limits: MediaLimits) -> None:
    with pytest.raises(MediaTooLarge, match=r"a\.mp4"):
        VideoReader(clips.write_clip(tmp_path / "a.mp4"), limits=limits)


def test_a_name_with_a_protocol_in_it_is_a_name(tmp_path: Path) -> None:
    odd = tmp_path / "concat:a.mp4"
    shutil.copy(clips.write_clip(tmp_path / "a.mp4"), odd)
    assert times(odd) == EVEN


def test_a_reader_is_read_once_and_closes_quietly(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with VideoReader(clips.write_clip(tmp_path / "a.mp4")) as reader:
            next(iter(reader))
            with pytest.raises(InvalidRequest, match="already"):
                next(iter(reader))

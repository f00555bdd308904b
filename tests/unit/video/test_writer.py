"""What goes in comes out: frames, times, turns and colours; and the same bytes every time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

import clips
from passes import (
    LOSSLESS,
    leftovers,
    pass_through,
    planes,
    same_planes,
    times,
)
from personae.errors import InvalidRequest, MediaUnreachable, MediaUnsupported
from personae.video.codecs import EncodeSettings
from personae.video.reader import VideoReader
from personae.video.writer import VideoWriter

REORDERED = {"b_frames": 2, "options": {"preset": "medium", "crf": "18", "g": "10"}}
MEDIUM = EncodeSettings(crf=0, preset="medium")


def last_duration(path: Path) -> Fraction:
    with VideoReader(path) as reader:
        frame = list(reader)[-1]
    assert frame.duration is not None
    return frame.duration * frame.time_base


SOURCES: dict[str, Any] = {
    "constant": clips.write_clip,
    "irregular": clips.vfr_clip,
    "turned": lambda path: clips.rotated_clip(path, 90),
    "upside down": lambda path: clips.rotated_clip(path, 180),
    "cut": clips.cut_clip,
    "rich": clips.rich_clip,
    "reordered": lambda path: clips.write_clip(path, **REORDERED),
    "irregular and reordered": lambda path: clips.vfr_clip(path, **REORDERED),
    "ten bits": clips.ten_bit_clip,
    "one frame": lambda path: clips.write_clip(path, frames=1),
    "ntsc": lambda path: clips.write_clip(path, rate=Fraction(30000, 1001)),
    "fine colour": lambda path: clips.write_clip(path, pixel_format="yuv444p"),
}


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("source", SOURCES)
def test_unedited_frames_come_out_bit_for_bit_at_their_times(
    tmp_path: Path, source: str, ending: str
) -> None:
    scene = SOURCES[source](tmp_path / f"scene{ending}")
    output = tmp_path / f"output{ending}"
    report = pass_through(scene, output, MEDIUM)
    assert times(output) == times(scene)
    assert same_planes(planes(output), planes(scene))
    assert last_duration(output) == last_duration(scene)
    assert report.frames == len(times(scene))
    assert report.size_bytes == output.stat().st_size
    with VideoReader(scene) as before, VideoReader(output) as after:
        assert after.shape.orientation == before.shape.orientation
        assert after.shape.form == before.shape.form
    assert leftovers(tmp_path) == [f"output{ending}", f"scene{ending}"]


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
@pytest.mark.parametrize("threads", [1, 3])
def test_times_are_kept_by_every_codec(tmp_path: Path, codec: str, threads: int) -> None:
    scene = clips.vfr_clip(tmp_path / "scene.mp4")
    settings = EncodeSettings(codec=codec, threads=threads)
    report = pass_through(scene, tmp_path / "output.mp4", settings)
    assert report.codec == codec
    assert times(tmp_path / "output.mp4") == times(scene)


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
@pytest.mark.parametrize("pts", [(0,), (0, 1), (0, 900_000), (7, 90_007)])
def test_rates_that_no_camera_has_are_kept(
    tmp_path: Path, codec: str, pts: tuple[int, ...]
) -> None:
    tick = Fraction(1, 90_000)
    fine = {"movie_timescale": "90000"}
    scene = clips.write_clip(
        tmp_path / "scene.mp4",
        pts=pts,
        frames=len(pts),
        time_base=tick,
        container_options=fine,
    )
    pass_through(scene, tmp_path / "output.mp4", EncodeSettings(codec=codec))
    assert times(tmp_path / "output.mp4") == times(scene) == [n * tick for n in pts]


def test_hevc_in_mp4_has_the_name_that_every_player_knows(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=2)
    pass_through(scene, tmp_path / "output.mp4", EncodeSettings(codec="hevc"))
    with av.open(str(tmp_path / "output.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_the_same_clip_gives_the_same_bytes_on_any_number_of_threads(
    tmp_path: Path, codec: str
) -> None:
    scene = clips.rich_clip(tmp_path / "scene.mp4", frames=24, size_wh=(320, 192))
    made: list[bytes] = []
    for threads in (1, 2, 5):
        output = tmp_path / "output.mp4"
        pass_through(scene, output, EncodeSettings(codec=codec, threads=threads), threads=threads)
        made.append(output.read_bytes())
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize(("codec", "name"), [("hevc", "o.mkv"), ("vp9", "o.webm")])
def test_other_codecs_can_be_lossless_too(tmp_path: Path, codec: str, name: str) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=6)
    pass_through(scene, tmp_path / name, EncodeSettings(codec=codec, crf=0))
    assert same_planes(planes(tmp_path / name), planes(scene))


def test_clips_change_container(tmp_path: Path) -> None:
    scene = clips.vfr_clip(tmp_path / "scene.mkv", **REORDERED)
    for name in ("a.mp4", "b.mov", "c.mkv"):
        pass_through(scene, tmp_path / name)
        assert times(tmp_path / name) == times(scene)
        assert same_planes(planes(tmp_path / name), planes(scene))


def test_milliseconds_are_all_that_matroska_keeps(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", rate=Fraction(30000, 1001))
    pass_through(scene, tmp_path / "output.mkv")
    for before, after in zip(times(scene), times(tmp_path / "output.mkv"), strict=True):
        assert abs(before - after) <= Fraction(1, 2000)


@pytest.mark.parametrize(("size_wh"), [(161, 121), (160, 121), (161, 120)])
@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_odd_sizes_stay_as_they_are(tmp_path: Path, size_wh: tuple[int, int], codec: str) -> None:
    options = {"crf": "20", "b": "0", "cpu-used": "8"}
    odd = {"codec": "libvpx-vp9", "size_wh": size_wh, "options": options, "frames": 5}
    scene = clips.write_clip(tmp_path / "scene.webm", **odd)
    lossless = 0 if codec != "av1" else None
    report = pass_through(scene, tmp_path / "o.mp4", EncodeSettings(codec=codec, crf=lossless))
    with VideoReader(tmp_path / "o.mp4") as reader:
        assert reader.shape.coded_wh == size_wh
    if codec in ("h264", "hevc"):
        assert report.pixel_format == "yuv444p"
        assert "odd" in report.notes[0]
        before, after = planes(scene), planes(tmp_path / "o.mp4")
        for a, b in zip(before, after, strict=True):
            assert (a[0] == b[0]).all()
            assert (a[1] == b[1][::2, ::2]).all()
    else:
        assert report.notes == ()


def test_full_range_stays_full_range(tmp_path: Path) -> None:
    scene = clips.write_clip(
        tmp_path / "scene.mp4", pixel_format="yuvj420p", tags=(1, 1, 1, 2), frames=4
    )
    for name, codec in (("a.mp4", "h264"), ("b.mp4", "hevc"), ("c.mp4", "vp9")):
        pass_through(scene, tmp_path / name, EncodeSettings(codec=codec, crf=0))
        with VideoReader(tmp_path / name) as reader:
            assert reader.shape.form.full_range
        assert same_planes(planes(tmp_path / name), planes(scene))


def test_colours_and_sample_shape_are_said_again(tmp_path: Path) -> None:
    scene = clips.write_clip(
        tmp_path / "scene.mp4", tags=(9, 1, 9, 1), aspect=Fraction(4, 3), frames=3
    )
    for name, codec in (("a.mp4", "h264"), ("b.mkv", "hevc"), ("c.mp4", "av1")):
        pass_through(scene, tmp_path / name, EncodeSettings(codec=codec))
        with VideoReader(tmp_path / name) as reader:
            assert reader.shape.tags.matrix == 9
            assert reader.shape.tags.primaries == 9
            assert reader.shape.aspect == Fraction(4, 3)


def test_webm_takes_vp9_and_for_ten_bits_av1(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=3)
    assert pass_through(scene, tmp_path / "a.webm", EncodeSettings()).codec == "vp9"
    deep = clips.ten_bit_clip(tmp_path / "deep.mp4", frames=3)
    report = pass_through(deep, tmp_path / "b.webm", EncodeSettings())
    assert (report.codec, report.pixel_format) == ("av1", "yuv420p10le")


def test_twelve_bits_go_to_a_codec_that_has_them(tmp_path: Path) -> None:
    deep: dict[str, Any] = {"codec": "ffv1", "pixel_format": "yuv422p12le", "options": {}}
    scene = clips.write_clip(tmp_path / "scene.mkv", frames=3, **deep)
    report = pass_through(scene, tmp_path / "a.mp4")
    assert (report.codec, report.pixel_format) == ("hevc", "yuv422p12le")
    assert same_planes(planes(tmp_path / "a.mp4"), planes(scene))
    with pytest.raises(MediaUnsupported, match="hevc"):
        pass_through(scene, tmp_path / "b.mp4", EncodeSettings(codec="h264"))


def test_bits_are_never_dropped_silently(tmp_path: Path) -> None:
    scene = clips.ten_bit_clip(tmp_path / "scene.mp4", frames=3)
    with pytest.raises(MediaUnsupported, match="h264 or hevc or av1"):
        pass_through(scene, tmp_path / "o.mp4", EncodeSettings(codec="vp9"))
    assert leftovers(tmp_path) == ["scene.mp4"]


def test_a_clip_can_be_one_pixel(tmp_path: Path) -> None:
    tiny: dict[str, Any] = {"codec": "ffv1", "size_wh": (1, 1), "options": {}}
    scene = clips.write_clip(tmp_path / "scene.mkv", frames=2, **tiny)
    pass_through(scene, tmp_path / "o.mp4")
    assert times(tmp_path / "o.mp4") == times(scene)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("o.avi", EncodeSettings(), ".mp4"),
        ("o", EncodeSettings(), ".mp4"),
        ("o.mp4", EncodeSettings(codec="xvid"), "h264, hevc, vp9, av1"),
        ("o.webm", EncodeSettings(codec="h264"), "vp9, av1"),
        ("o.mp4", EncodeSettings(crf=52), "0 to 51"),
        ("o.mp4", EncodeSettings(crf=-1), "0 to 51"),
        ("o.mp4", EncodeSettings(preset="best"), "ultrafast"),
        ("o.mp4", EncodeSettings(codec="av1", crf=0), "lossless"),
        ("o.mp4", EncodeSettings(threads=-1), "threads"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    tmp_path: Path, name: str, settings: EncodeSettings, words: str
) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=2)
    with VideoReader(scene) as reader, pytest.raises(InvalidRequest, match=words):
        VideoWriter(tmp_path / name, reader.shape, settings)
    assert leftovers(tmp_path) == ["scene.mp4"]


def test_the_scene_is_never_overwritten(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=2)
    before = scene.read_bytes()
    (tmp_path / "link.mp4").symlink_to(scene)
    with VideoReader(scene) as reader:
        for name in ("scene.mp4", "link.mp4"):
            with pytest.raises(InvalidRequest, match="scene itself"):
                VideoWriter(tmp_path / name, reader.shape)
    assert scene.read_bytes() == before


def write_one_frame_and_be_interrupted(scene: Path, output: Path) -> None:
    with VideoReader(scene) as reader, VideoWriter(output, reader.shape, LOSSLESS) as writer:
        writer.write(next(iter(reader)))
        raise KeyboardInterrupt


def test_an_older_output_is_replaced_only_when_the_new_one_is_whole(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=4)
    output = tmp_path / "output.mp4"
    output.write_bytes(b"older")
    with pytest.raises(KeyboardInterrupt):
        write_one_frame_and_be_interrupted(scene, output)
    assert output.read_bytes() == b"older"
    pass_through(scene, output)
    assert times(output) == times(scene)
    assert leftovers(tmp_path) == ["output.mp4", "scene.mp4"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=2)
    with pytest.raises(MediaUnreachable, match="nowhere"):
        pass_through(scene, tmp_path / "nowhere" / "o.mp4")


def test_interlaced_clips_stay_interlaced(tmp_path: Path) -> None:
    options = {"crf": "18", "preset": "ultrafast", "flags": "+ildct+ilme", "x264-params": "tff=1"}
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=4, options=options)
    pass_through(scene, tmp_path / "o.mp4")
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert next(container.decode(video=0)).interlaced_frame
    assert same_planes(planes(tmp_path / "o.mp4"), planes(scene))


def test_frame_types_of_the_input_do_not_dictate_those_of_the_output(tmp_path: Path) -> None:
    scene = clips.write_clip(
        tmp_path / "scene.mp4", frames=30, options={"g": "1", "preset": "ultrafast"}
    )
    pass_through(scene, tmp_path / "o.mp4", EncodeSettings())
    with av.open(str(tmp_path / "o.mp4")) as container:
        keys = [p.is_keyframe for p in container.demux(video=0) if p.size]
    assert sum(keys) < 5

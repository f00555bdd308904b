"""Swaps in videos: every frame at its time, upright, with everything but the face as it was."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import personae
from clips import (
    Track,
    cut_clip,
    damaged_copy,
    hdr_clip,
    rich_clip,
    rotated_clip,
    ten_bit_clip,
    truncated_copy,
    vfr_clip,
    write_clip,
)
from e2e.look import Shown, frames, is_nearer, times
from faces import SIZE_WH, Name, Rgb, backdrop, nodding
from passes import packets
from personae.errors import MediaUnsupported

Donors = Mapping[Name, personae.Donor]
COUNT = 24
LOSSLESS = {"codec": "h264", "crf": 0, "preset": "ultrafast"}
FINE = {"crf": "12", "preset": "ultrafast"}


@functools.cache
def pictures(count: int = COUNT, size_wh: tuple[int, int] = SIZE_WH) -> tuple[Rgb, ...]:
    return tuple(nodding("collins", count, size_wh))


def clip(path: Path, **changes: object) -> Path:
    """A steady rate, no sound."""
    filled = {"pictures": pictures(), "size_wh": SIZE_WH, "options": FINE, **changes}
    return write_clip(path, **filled)


# --- Clips of every kind


def silent(folder: Path) -> Path:
    return clip(folder / "scene.mp4")


def irregular(folder: Path) -> Path:
    return vfr_clip(folder / "scene.mp4", pictures=pictures(17), size_wh=SIZE_WH, options=FINE)


def irregular_matroska(folder: Path) -> Path:
    return vfr_clip(folder / "scene.mkv", pictures=pictures(17), size_wh=SIZE_WH, options=FINE)


def film_rate(folder: Path) -> Path:
    return clip(folder / "scene.mov", rate=Fraction(24000, 1001))


def reordered(folder: Path) -> Path:
    return clip(folder / "scene.mp4", b_frames=3, options={"crf": "12", "preset": "fast"})


def late(folder: Path) -> Path:
    """Begins at two seconds of its own clock."""
    return clip(folder / "scene.mp4", pts=range(50, 50 + COUNT))


def turned(clockwise_deg: int) -> Callable[[Path], Path]:
    """As a phone stores it: the pictures lie, and a mark says how to show them."""

    def write(folder: Path) -> Path:
        stored = [np.rot90(picture, clockwise_deg // 90).copy() for picture in pictures()]
        size_wh = (stored[0].shape[1], stored[0].shape[0])
        path = folder / "scene.mp4"
        return rotated_clip(path, clockwise_deg, pictures=stored, size_wh=size_wh, options=FINE)

    return write


def two_sound_tracks(folder: Path) -> Path:
    more = {"pictures": pictures(), "size_wh": SIZE_WH, "options": FINE}
    return rich_clip(folder / "scene.mp4", frames=COUNT, **more)


def with_a_cut(folder: Path) -> Path:
    both = [*pictures(12), *nodding("hopper", 12)]
    return clip(folder / "scene.mp4", pictures=both)


def odd(folder: Path) -> Path:
    size_wh = (321, 239)
    more = {"pictures": pictures(12, size_wh), "size_wh": size_wh}
    return clip(folder / "scene.mkv", **more, codec="libx264", pixel_format="yuv444p")


def odd_webm(folder: Path) -> Path:
    size_wh = (301, 241)
    options = {"crf": "20", "b": "0", "deadline": "realtime", "cpu-used": "8"}
    more = {"pictures": pictures(10, size_wh), "size_wh": size_wh, "options": options}
    return clip(folder / "scene.webm", **more, codec="libvpx-vp9")


KINDS: dict[str, Callable[[Path], Path]] = {
    "silent": silent,
    "irregular": irregular,
    "irregular Matroska": irregular_matroska,
    "film rate": film_rate,
    "reordered": reordered,
    "late": late,
    "turned by 90": turned(90),
    "turned by 180": turned(180),
    "turned by 270": turned(270),
    "two sound tracks": two_sound_tracks,
    "cut": with_a_cut,
    "odd": odd,
    "odd WebM": odd_webm,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_comes_out_at_its_time_upright_and_swapped(
    kind: str, tmp_path: Path, donors: Donors
) -> None:
    scene = KINDS[kind](tmp_path)
    output = tmp_path / f"out{scene.suffix}"
    report = personae.swap_video(scene, output, donors["hopper"], face="all", preset="ultrafast")
    before, after = frames(scene), frames(output)
    assert [shown.time for shown in after] == [shown.time for shown in before]
    assert (report.kind, report.frames, report.frames_lost) == ("video", len(before), 0)
    assert report.faces_swapped == len(before)
    first, last = 0, (11 if kind == "cut" else len(before) - 1)  # Hopper stays Hopper after it
    for number in (first, last):
        assert after[number].rgb.shape == before[number].rgb.shape
        assert is_nearer(after[number].rgb, before[number].rgb, donors["hopper"])
        (face,) = personae.detect(after[number].rgb)
        assert abs(face.pose.roll) < 15
    if kind.startswith("turned"):
        assert frames(output)[0].planes[0].shape == before[0].planes[0].shape
        assert personae.probe(output).rotation_deg == personae.probe(scene).rotation_deg


def test_cut_clips_of_patterns_have_no_face(tmp_path: Path, donors: Donors) -> None:
    """Nothing is mistaken for a face, and then nothing is written."""
    scene, output = cut_clip(tmp_path / "scene.mp4"), tmp_path / "out.mp4"
    with pytest.raises(personae.PersonaeError, match="No face was found in the scene"):
        personae.swap_video(scene, output, donors["hopper"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.mp4"]


# --- What must not change


@pytest.mark.parametrize("kind", ["silent", "turned by 90", "odd", "10 bits", "wide range"])
def test_samples_far_from_the_face_are_the_decoded_scenes(
    kind: str, tmp_path: Path, donors: Donors
) -> None:
    if kind == "10 bits":
        more = {"pictures": pictures(10), "frames": 10, "size_wh": SIZE_WH}
        scene = ten_bit_clip(tmp_path / "scene.mkv", **more)
    elif kind == "wide range":
        scene = clip(tmp_path / "scene.mkv", pixel_format="yuvj420p", pictures=pictures(10))
    else:
        scene = KINDS[kind](tmp_path)
    output = tmp_path / "out.mkv"
    personae.swap_video(scene, output, donors["hopper"], **LOSSLESS)
    before, after = frames(scene), frames(output)
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        face = _face_in_planes(one)
        for plane, (old, new) in enumerate(zip(one.planes, other.planes, strict=True)):
            assert old.dtype == new.dtype
            assert old.shape == new.shape
            near = _shrunk(face, old.shape)
            assert np.array_equal(old[~near], new[~near])
            changed = float((old != new)[near].mean())
            assert changed > (0.2 if plane == 0 else 0.02)


def _face_in_planes(shown: Shown) -> NDArray[np.bool_]:
    """Where the face may have changed, in the luma plane as it is stored."""
    (face,) = personae.detect(shown.rgb)
    x0, y0, x1, y1 = (round(value) for value in face.box_xyxy)
    grow_x, grow_y = (x1 - x0) // 2, (y1 - y0) // 2
    near = np.zeros(shown.rgb.shape[:2], bool)
    near[max(0, y0 - grow_y) : y1 + grow_y, max(0, x0 - grow_x) : x1 + grow_x] = True
    assert near.mean() < 0.6
    if near.shape != shown.planes[0].shape:  # stored on its side, to be turned clockwise
        near = np.rot90(near)
    return near


def _shrunk(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """A mask of the luma plane for a plane that may be half as wide or high."""
    rows = np.arange(shape[0]) * mask.shape[0] // shape[0]
    columns = np.arange(shape[1]) * mask.shape[1] // shape[1]
    return mask[rows][:, columns]


def test_strength_0_leaves_every_sample(tmp_path: Path, donors: Donors) -> None:
    scene, output = silent(tmp_path), tmp_path / "out.mp4"
    personae.swap_video(scene, output, donors["hopper"], strength=0, **LOSSLESS)
    for one, other in zip(frames(scene), frames(output), strict=True):
        for old, new in zip(one.planes, other.planes, strict=True):
            assert np.array_equal(old, new)


def test_sound_subtitles_chapters_and_tags_are_carried_over(tmp_path: Path, donors: Donors) -> None:
    scene, output = two_sound_tracks(tmp_path), tmp_path / "out.mp4"
    personae.swap_video(scene, output, donors["hopper"], preset="ultrafast")
    for which in (0, 1):
        assert packets(output, "audio", which) == packets(scene, "audio", which)
        assert len(packets(output, "audio", which)) > 20
    assert packets(output, "subtitles") == packets(scene, "subtitles")
    before, after = personae.probe(scene), personae.probe(output)
    assert after.audio == before.audio
    assert [track.language for track in after.audio] == ["eng", "fra"]
    assert after.subtitles == before.subtitles
    assert after.chapters == before.chapters
    assert {key: after.metadata.get(key) for key in ("title", "artist", "comment")} == {
        "title": "A clip",
        "artist": "Nobody",
        "comment": "made for tests",
    }


def test_sound_is_carried_into_another_container(tmp_path: Path, donors: Donors) -> None:
    """In time with the pictures: Matroska, whose clock cannot begin below 0, moves both alike."""
    scene, output = two_sound_tracks(tmp_path), tmp_path / "out.mkv"
    personae.swap_video(scene, output, donors["hopper"], preset="ultrafast")
    moved = times(output)[0] - times(scene)[0]
    assert 0 <= moved < Fraction(1, 20)
    for which in (0, 1):
        sent, got = packets(scene, "audio", which), packets(output, "audio", which)
        assert [data for _, data in got] == [data for _, data in sent]
        for (at, _), (was, _) in zip(got, sent, strict=True):
            assert abs(at - moved - was) <= Fraction(1, 1000), "Matroska counts in milliseconds"


def test_ten_bits_stay_ten_bits(tmp_path: Path, donors: Donors) -> None:
    more = {"pictures": pictures(10), "frames": 10, "size_wh": SIZE_WH}
    scene = ten_bit_clip(tmp_path / "scene.mp4", **more)
    for codec in ("hevc", None):
        output = tmp_path / f"{codec}.mp4"
        personae.swap_video(scene, output, donors["hopper"], codec=codec, preset="ultrafast")
        info = personae.probe(output)
        assert (info.bits, info.hdr) == (10, False)
        assert codec is None or info.codec == codec
        assert (info.color_primaries, info.color_matrix) == ("bt709", "bt709")
        shown = frames(output)
        assert shown[0].planes[0].max() > 255
        # Really ten: values between those that eight bits could tell apart.
        assert (shown[0].planes[0] % 4 != 0).mean() > 0.3
        assert is_nearer(shown[5].rgb, frames(scene)[5].rgb, donors["hopper"])


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_hdr_is_refused_in_a_clear_sentence(transfer: int, tmp_path: Path, donors: Donors) -> None:
    scene, output = hdr_clip(tmp_path / "scene.mp4", transfer), tmp_path / "out.mp4"
    with pytest.raises(MediaUnsupported) as caught:
        personae.swap_video(scene, output, donors["hopper"])
    assert str(scene) in caught.value.message
    assert "HDR" in caught.value.message
    assert caught.value.message.endswith(".")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.mp4"]


# --- Same input, same output


@pytest.mark.parametrize(
    ("codec", "ending"), [("h264", "mp4"), ("hevc", "mkv"), ("vp9", "webm"), ("av1", "mp4")]
)
def test_the_bytes_do_not_depend_on_the_number_of_threads(
    codec: str, ending: str, tmp_path: Path, donors: Donors
) -> None:
    scene = clip(tmp_path / "scene.mp4", audio=(Track(),), frames=12, pictures=pictures(12))
    if ending == "webm":
        scene = clip(tmp_path / "scene.mp4", pictures=pictures(12))  # AAC does not go into WebM
    outputs = [tmp_path / f"{threads}.{ending}" for threads in (1, 2, 5)]
    for output in outputs:
        personae.swap_video(
            scene,
            output,
            donors["hopper"],
            codec=codec,
            preset="superfast",
            threads=int(output.stem),
            manifest=False,
        )
    one, two, five = (output.read_bytes() for output in outputs)
    assert one == two
    assert one == five


# --- Parts of a clip


@pytest.mark.parametrize("kind", ["silent", "irregular", "late", "turned by 90"])
def test_a_part_of_a_clip(kind: str, tmp_path: Path, donors: Donors) -> None:
    scene, output = KINDS[kind](tmp_path), tmp_path / "out.mp4"
    origin = Fraction(0) if kind != "late" else Fraction(2)
    start, end = Fraction(1, 5) + origin, Fraction(3, 5) + origin
    personae.swap_video(
        scene,
        output,
        donors["hopper"],
        start_s=float(start),
        end_s=float(end),
        preset="ultrafast",
    )
    kept = [at for at in times(scene) if start <= at < end]
    assert len(kept) > 2
    tick = Fraction(1, 1000)
    for got, was in zip(times(output), kept, strict=True):
        assert abs(got - (was - start)) <= tick
    whole = frames(scene)
    (number,) = [i for i, shown in enumerate(whole) if shown.time == kept[0]]
    assert is_nearer(frames(output)[0].rgb, whole[number].rgb, donors["hopper"])


def test_sound_is_cut_alike(tmp_path: Path, donors: Donors) -> None:
    scene, output = tmp_path / "scene.mp4", tmp_path / "out.mp4"
    clip(scene, audio=(Track(),))
    personae.swap_video(scene, output, donors["hopper"], start_s=0.2, end_s=0.6, preset="ultrafast")
    whole = {data: at for at, data in packets(scene, "audio")}
    kept = packets(output, "audio")
    assert 0.35 < len(kept) * 1024 / 48_000 < 0.47
    shift = Fraction(1, 5)
    for at, data in kept:
        assert abs(whole[data] - shift - at) < Fraction(1, 500)


# --- Damage


def test_what_decodes_of_a_truncated_clip_is_swapped(tmp_path: Path, donors: Donors) -> None:
    options = {"movflags": "+faststart"}
    whole = clip(tmp_path / "whole.mp4", container_options=options, audio=(Track(),))
    scene = truncated_copy(tmp_path / "scene.mp4", whole, 0.6)
    output = tmp_path / "out.mp4"
    report = personae.swap_video(scene, output, donors["hopper"], preset="ultrafast")
    assert 0 < report.frames < COUNT
    assert report.frames_lost == COUNT - report.frames
    (note,) = [text for text in report.warnings if str(scene) in text]
    assert str(report.frames_lost) in note
    assert times(output) == times(whole)[: report.frames]
    assert is_nearer(frames(output)[0].rgb, frames(whole)[0].rgb, donors["hopper"])


def test_damage_in_the_middle_is_survived_and_told(tmp_path: Path, donors: Donors) -> None:
    whole = clip(tmp_path / "whole.mp4", options={"crf": "12", "preset": "ultrafast", "g": "6"})
    scene, output = tmp_path / "scene.mp4", tmp_path / "out.mp4"
    damaged_copy(scene, whole, 0.5, 3000)
    report = personae.swap_video(scene, output, donors["hopper"], preset="ultrafast")
    assert COUNT - 8 <= report.frames <= COUNT
    assert set(times(output)) <= set(times(whole))
    assert times(output)[-1] == times(whole)[-1]
    # Frames whose missing parts the decoder made up count as a loss too, for --strict.
    assert report.frames_lost >= max(1, COUNT - report.frames)
    (told,) = [text for text in report.warnings if str(scene) in text]
    assert "damaged" in told


# --- The rest


def test_the_face_is_away_for_a_while(tmp_path: Path, donors: Donors) -> None:
    """Frames without a face come out as they went in."""
    wall = [backdrop(SIZE_WH, 90)] * 8
    scene = clip(tmp_path / "scene.mp4", pictures=[*pictures(8), *wall, *pictures(8)])
    output = tmp_path / "out.mp4"
    report = personae.swap_video(scene, output, donors["hopper"], **LOSSLESS)
    assert (report.frames, report.faces_swapped) == (24, 16)
    before, after = frames(scene), frames(output)
    for number in range(8, 16):
        assert np.array_equal(before[number].rgb, after[number].rgb)
    for number in (0, 7, 16, 23):
        assert is_nearer(after[number].rgb, before[number].rgb, donors["hopper"])


def test_progress_counts_every_frame(tmp_path: Path, donors: Donors) -> None:
    steps: list[tuple[int, int | None]] = []
    personae.swap_video(
        silent(tmp_path),
        tmp_path / "out.mp4",
        donors["hopper"],
        preset="ultrafast",
        progress=lambda step: steps.append((step.frames_done, step.frames_total)),
    )
    assert steps == [(number + 1, COUNT) for number in range(COUNT)]


def test_a_job_can_be_stopped(tmp_path: Path, donors: Donors) -> None:
    scene, output = silent(tmp_path), tmp_path / "out.mp4"
    done: list[int] = []
    with pytest.raises(personae.PersonaeError, match="stopped on request"):
        personae.swap_video(
            scene,
            output,
            donors["hopper"],
            progress=lambda step: done.append(step.frames_done),
            should_stop=lambda: len(done) >= 3,
        )
    assert len(done) < COUNT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.mp4"]


def test_the_output_plays_from_its_beginning(tmp_path: Path, donors: Donors) -> None:
    """The index comes before the pictures, and nothing in the file tells when it was made."""
    scene, output = silent(tmp_path), tmp_path / "out.mp4"
    personae.swap_video(scene, output, donors["hopper"], preset="ultrafast")
    data = output.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(output)) as container:
        assert "creation_time" not in container.metadata

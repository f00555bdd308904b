"""Swaps in GIF, WebP and APNG: every frame, its duration, the repetitions, the transparency."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

import personae
from clips import truncated_copy
from e2e.look import is_nearer
from faces import Name, nodding
from personae.library import swap_file

Donors = Mapping[Name, personae.Donor]
Rgba = NDArray[np.uint8]

SIZE_WH = (200, 200)
DURATIONS_MS = (70, 120, 40, 200, 90, 90)
PLAYS = 4
FORMATS = ("gif", "webp", "apng")
# Where the face and its surroundings lie in every frame.
FACE = (slice(30, 175), slice(25, 175))
# With what the invisible mark changes around it.
AROUND = (slice(20, 182), slice(25, 192))


@functools.cache
def pictures() -> tuple[Rgba, ...]:
    """Opaque frames of someone who nods: uint8 (200, 200, 4)."""
    frames = [rgb[20:220, 60:260] for rgb in nodding("collins", len(DURATIONS_MS), (320, 240))]
    return tuple(np.dstack([rgb, np.full(SIZE_WH, 255, np.uint8)]) for rgb in frames)


@functools.cache
def with_holes() -> tuple[Rgba, ...]:
    """The same with a transparent strip that moves along the lower edge, and a clear corner."""
    frames: list[Rgba] = []
    for number, opaque in enumerate(pictures()):
        frame = opaque.copy()
        frame[182:, 20 * number : 20 * number + 60, 3] = 0
        frame[:18, :40, 3] = 0
        frames.append(frame)
    return tuple(frames)


def write(path: Path, frames: tuple[Rgba, ...], **options: object) -> Path:
    """An animation by Pillow; lossless where the format can be."""
    opaque = all(frame[..., 3].min() == 255 for frame in frames)
    images = [Image.fromarray(frame) for frame in frames]
    if opaque:
        images = [image.convert("RGB") for image in images]
    loop = PLAYS - 1 if path.suffix == ".gif" else PLAYS  # GIF counts repetitions
    settings: dict[str, object] = {"duration": list(DURATIONS_MS), "loop": loop}
    if path.suffix == ".webp":
        settings |= {"lossless": True, "exact": True, "minimize_size": False}
    if path.suffix == ".gif":
        settings |= {"disposal": 2}
    settings |= options
    if path.suffix == ".apng":
        settings["format"] = "PNG"
    images[0].save(path, save_all=True, append_images=images[1:], **settings)
    return path


def read(path: Path) -> tuple[list[Rgba], list[float]]:
    """Frames as a viewer composes them, and how long each is shown, by Pillow alone."""
    with Image.open(path) as animation:
        seen = [
            (np.asarray(frame.convert("RGBA")), float(frame.info["duration"]))
            for frame in ImageSequence.Iterator(animation)
        ]
    return [rgba for rgba, _ in seen], [duration for _, duration in seen]


def plays(path: Path) -> int:
    """How often it runs in total; 0 is for ever."""
    with Image.open(path) as animation:
        loop = animation.info.get("loop")
        if animation.format != "GIF":
            return int(loop)
        return 1 if loop is None else 0 if loop == 0 else int(loop) + 1


@pytest.mark.parametrize("holes", [False, True], ids=["opaque", "holes"])
@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("scene_format", FORMATS)
def test_frames_times_repetitions_and_transparency_are_kept(
    scene_format: str, output_format: str, holes: bool, tmp_path: Path, donors: Donors
) -> None:
    scene = write(tmp_path / f"scene.{scene_format}", with_holes() if holes else pictures())
    output = tmp_path / f"out.{output_format}"
    report = swap_file(scene, output, donors["hopper"])
    assert (report.kind, report.frames_lost) == ("animation", 0)
    assert report.frames == report.faces_swapped == len(DURATIONS_MS)
    before, before_ms = read(scene)
    after, after_ms = read(output)
    assert after_ms == before_ms == list(DURATIONS_MS)
    assert plays(output) == plays(scene) == PLAYS
    for one, other in zip(before, after, strict=True):
        assert other.shape == one.shape
        assert np.array_equal(other[..., 3], one[..., 3])
        seen = one[..., 3] > 0
        far = seen.copy()
        far[AROUND] = False
        difference = np.abs(other[far].astype(int) - one[far])
        if output_format == "gif" != scene_format:  # 256 colours must do
            assert difference.mean() < 4
        else:
            assert difference.max() == 0
        assert (one != other)[FACE].any(axis=2).mean() > 0.15
    for number in (0, len(after) - 1):
        assert is_nearer(rgb(after[number]), rgb(before[number]), donors["hopper"])


def rgb(rgba: Rgba) -> Rgba:
    return np.ascontiguousarray(rgba[..., :3])


def test_soft_transparency_is_kept_where_the_format_has_it(tmp_path: Path, donors: Donors) -> None:
    frames: list[Rgba] = []
    for number, opaque in enumerate(pictures()):
        frame = opaque.copy()
        frame[..., 3] = np.linspace(255, 40 + 10 * number, 200).astype(np.uint8)[None, :]
        frames.append(frame)
    for scene_format, output_format in (("apng", "webp"), ("webp", "apng"), ("apng", "apng")):
        scene = write(tmp_path / f"scene.{scene_format}", tuple(frames))
        output = tmp_path / f"out.{output_format}"
        swap_file(scene, output, donors["hopper"])
        for one, other in zip(read(scene)[0], read(output)[0], strict=True):
            assert np.array_equal(other[..., 3], one[..., 3])


def test_colours_lost_to_a_gif_are_said(tmp_path: Path, donors: Donors) -> None:
    output = tmp_path / "out.gif"
    for ending in ("apng", "webp", "gif"):
        report = swap_file(write(tmp_path / f"in.{ending}", pictures()), output, donors["hopper"])
        told = [text for text in report.warnings if "256 colours" in text]
        assert len(told) == (ending != "gif")
        assert all("out.gif" in text for text in told)


@pytest.mark.parametrize("times", [0, 1])
@pytest.mark.parametrize("ending", FORMATS)
def test_once_and_for_ever(ending: str, times: int, tmp_path: Path, donors: Donors) -> None:
    options: dict[str, object] = {"loop": times}
    if ending == "gif":
        options = {"loop": 0} if times == 0 else {"loop": None}
    scene = write(tmp_path / f"scene.{ending}", pictures()[:2], **{**options, "duration": 80})
    swap_file(scene, tmp_path / f"out.{ending}", donors["hopper"])
    assert plays(tmp_path / f"out.{ending}") == plays(scene) == times


def test_a_webp_with_loss_stays_close(tmp_path: Path, donors: Donors) -> None:
    scene = write(tmp_path / "scene.webp", pictures(), lossless=False, quality=90)
    output = tmp_path / "out.webp"
    swap_file(scene, output, donors["hopper"])
    before, before_ms = read(scene)
    after, after_ms = read(output)
    assert after_ms == before_ms
    for one, other in zip(before, after, strict=True):
        far = np.ones(one.shape[:2], bool)
        far[AROUND] = False
        assert np.abs(one.astype(int) - other)[far].mean() < 3
    assert is_nearer(rgb(after[2]), rgb(before[2]), donors["hopper"])


def test_frames_that_repeat_are_not_merged(tmp_path: Path, donors: Donors) -> None:
    """Someone holds still: every frame stays a frame of its own, with its time."""
    still = tuple([pictures()[0]] * 3 + [pictures()[5]] * 3)
    for ending in ("webp", "apng"):
        scene = write(tmp_path / f"scene.{ending}", still)
        _, before_ms = read(scene)  # Pillow itself may merge what it writes
        output = tmp_path / f"out_{ending}.webp"
        report = swap_file(scene, output, donors["hopper"])
        assert report.frames == len(before_ms)
        assert read(output)[1] == before_ms


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_input_gives_the_same_bytes(ending: str, tmp_path: Path, donors: Donors) -> None:
    scene = write(tmp_path / f"scene.{ending}", with_holes())
    outputs = [tmp_path / f"{threads}.{ending}" for threads in (1, 2)]
    for output in outputs:
        swap_file(scene, output, donors["hopper"], threads=int(output.stem), manifest=False)
    one, two = (output.read_bytes() for output in outputs)
    assert one == two


@pytest.mark.parametrize("ending", FORMATS)
def test_a_part_of_an_animation(ending: str, tmp_path: Path, donors: Donors) -> None:
    scene = write(tmp_path / f"scene.{ending}", pictures())
    output = tmp_path / f"out.{ending}"
    # Frames begin at 0, 70, 190, 230, 430 and 520 ms.
    report = swap_file(scene, output, donors["hopper"], start_s=0.07, end_s=0.43)
    assert report.frames == 3
    assert read(output)[1] == [120, 40, 200]
    far = (slice(0, 20), slice(None))
    assert np.array_equal(read(output)[0][0][far], read(scene)[0][1][far])


@pytest.mark.parametrize("ending", FORMATS)
def test_what_decodes_of_a_cut_animation_is_swapped(
    ending: str, tmp_path: Path, donors: Donors
) -> None:
    whole = write(tmp_path / f"whole.{ending}", pictures())
    scene = truncated_copy(tmp_path / f"scene.{ending}", whole, 0.7)
    output = tmp_path / f"out.{ending}"
    report = swap_file(scene, output, donors["hopper"])
    assert 0 < report.frames < len(DURATIONS_MS)
    assert report.frames_lost > 0
    assert any(str(scene) in text for text in report.warnings)
    assert read(output)[1] == list(DURATIONS_MS[: report.frames])


def test_an_animation_does_not_become_a_video_silently(tmp_path: Path, donors: Donors) -> None:
    scene = write(tmp_path / "scene.gif", pictures())
    with pytest.raises(personae.PersonaeError, match=r"out\.mp4"):
        swap_file(scene, tmp_path / "out.mp4", donors["hopper"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.gif"]

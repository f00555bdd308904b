"""Restored faces and bounded sizes: in pictures, animations and videos, whole and in chunks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import personae
from chunking import Job
from e2e.look import frames, times
from e2e.shell import run
from e2e.test_chunks import SCENES, check_same_frames, everyone, whole
from faces import Name, Rgb, headshot
from personae.errors import InvalidRequest
from personae.library import SwapOptions, swap_file
from personae.results import CLASSICAL_NOTE

Donors = Mapping[Name, personae.Donor]
LOSSLESS = SwapOptions(codec="h264", crf=0, preset="ultrafast")
ENHANCED = replace(LOSSLESS, restore=0.8, max_long_px=240)


def scene() -> Rgb:
    return headshot("collins", 160, (300, 360))


def crispness(rgb: Rgb, mask: np.ndarray) -> float:
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(cv2.Laplacian(luma, cv2.CV_32F)[mask > 0.9].var())


def test_restored_pixels_are_crisper_and_lie_inside_the_mask(donors: Donors) -> None:
    plain = personae.swap(scene(), donors["hopper"])
    restored = personae.swap(scene(), donors["hopper"], restore=1.0)
    np.testing.assert_array_equal(plain.mask, restored.mask)
    outside = restored.mask == 0
    np.testing.assert_array_equal(restored.image[outside], scene()[outside])
    assert crispness(restored.image, plain.mask) > 1.1 * crispness(plain.image, plain.mask)
    assert (plain.restorer, plain.warnings) == (None, ())
    assert (restored.restorer, restored.warnings) == ("classical", (CLASSICAL_NOTE,))


def test_nothing_is_restored_that_is_not_swapped(donors: Donors) -> None:
    result = personae.swap(scene(), donors["hopper"], strength=0.0, restore=1.0)
    np.testing.assert_array_equal(result.image, scene())
    assert (result.restorer, result.warnings) == (None, ())


def test_restoring_by_nothing_is_not_restoring(donors: Donors) -> None:
    plain = personae.swap(scene(), donors["hopper"])
    none = personae.swap(scene(), donors["hopper"], restore=0)
    np.testing.assert_array_equal(plain.image, none.image)
    assert none.restorer is None
    with pytest.raises(InvalidRequest, match="restoring strength"):
        personae.swap(scene(), donors["hopper"], restore=1.5)


def test_the_likeness_of_fixed_pairs_stays(donors: Donors) -> None:
    for name, picture in (("hopper", headshot("collins", 120)), ("collins", headshot("hopper"))):
        face = personae.detect(picture)[0]
        far: list[float] = []
        for restore in (0.0, 1.0):
            image = personae.swap(picture, donors[name], restore=restore).image
            far.append(personae.distance(personae.embed(image, face), donors[name].embedding))
        assert far[1] < far[0] + 0.01


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_large_picture_is_swapped_at_the_size_it_may_have(
    tmp_path: Path, donors: Donors, ending: str
) -> None:
    large = Image.fromarray(headshot("collins", 480, (900, 1200)))
    large.save(tmp_path / "large.png")
    large.resize((450, 600), Image.Resampling.BOX).save(tmp_path / "small.png")
    output = tmp_path / f"out.{ending}"
    report = swap_file(tmp_path / "large.png", output, donors["hopper"], max_long_px=600)
    expected = swap_file(tmp_path / "small.png", tmp_path / f"expected.{ending}", donors["hopper"])
    assert report.warnings == expected.warnings
    one, other = (np.asarray(Image.open(p), float) for p in (output, expected.output))
    assert one.shape == other.shape == (600, 450, 3)
    assert np.abs(one - other).mean() < 1


def test_an_animation_keeps_its_times_at_a_smaller_size(tmp_path: Path, donors: Donors) -> None:
    pictures = [Image.fromarray(headshot("collins", 150 + i, (300, 360))) for i in range(5)]
    path, output = tmp_path / "a.webp", tmp_path / "b.webp"
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=[40, 80, 40, 80, 40],
        lossless=True,
    )
    report = swap_file(path, output, donors["hopper"], max_short_px=200, restore=0.5)
    assert (report.frames, report.faces_swapped, report.restorer) == (5, 5, "classical")
    probed = personae.probe(output)
    assert (probed.size_wh, probed.frames, probed.duration_s) == ((200, 240), 5, 0.28)


@pytest.mark.parametrize("name", ["two people cross", "turned", "10 bit", "open gop"])
def test_chunks_of_an_enhanced_video_join_to_the_frames_of_a_whole(
    tmp_path: Path, name: str, donors: Donors
) -> None:
    path = SCENES[name](tmp_path)
    parts = everyone(donors)
    job = Job(path, tmp_path / "job", lambda: parts, ENHANCED, target_s=0.7)
    assert len(job.plan.chunks) > 2
    report = job.run(tmp_path / "joined.mp4")
    expected = whole(job, tmp_path / "whole.mp4", parts)
    check_same_frames(tmp_path / "joined.mp4", tmp_path / "whole.mp4")
    assert (report.restorer, report.notes) == (expected.restorer, expected.warnings)
    assert report.restorer == "classical"
    assert times(tmp_path / "joined.mp4") == times(path)
    before, after = personae.probe(path), personae.probe(tmp_path / "joined.mp4")
    assert max(after.size_wh) == 240 < max(before.size_wh)
    assert after.rotation_deg == before.rotation_deg
    assert (after.size_wh[0] > after.size_wh[1]) == (before.size_wh[0] > before.size_wh[1])


def test_only_restoring_changes_the_frames_of_a_video(tmp_path: Path, donors: Donors) -> None:
    path = SCENES["one person"](tmp_path)
    for name, restore in (("none", None), ("zero", 0.0), ("some", 0.7)):
        options = LOSSLESS if restore is None else replace(LOSSLESS, restore=restore)
        personae.swap_video(path, tmp_path / f"{name}.mp4", donors["hopper"], options=options)
    check_same_frames(tmp_path / "none.mp4", tmp_path / "zero.mp4")
    none, some = frames(tmp_path / "none.mp4"), frames(tmp_path / "some.mp4")
    changed = [(a.planes[0] != b.planes[0]).mean() for a, b in zip(none, some, strict=True)]
    assert min(changed) > 0.01
    assert max(changed) < 0.35


def test_the_command_line(tmp_path: Path) -> None:
    Image.fromarray(headshot("hopper")).save(tmp_path / "donor.png")
    Image.fromarray(headshot("collins", 300, (640, 800))).save(tmp_path / "scene.png")
    asked = ("swap", "donor.png", "scene.png", "-o", "out.png", "--max-size", "480x320")
    ended = run(tmp_path, *asked, "--restore", "0.5", "--json")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert (told["restorer"], told["warnings"]) == ("classical", [CLASSICAL_NOTE])
    assert f"Warning: {CLASSICAL_NOTE}" in ended.err
    assert Image.open(tmp_path / "out.png").size == (320, 400)
    refused = run(tmp_path, *asked[:-1], "huge")
    assert refused.code == 2
    assert "--max-size huge is not known" in refused.err

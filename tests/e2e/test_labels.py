"""Labels over outputs of every kind: there in every frame, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

import personae
from chunking import Job
from clips import rotated_clip, ten_bit_clip, write_clip
from e2e.look import frames
from e2e.shell import run
from faces import SIZE_WH, Name, backdrop, headshot, nodding
from personae.engine.label import Label, LabelPainter
from personae.engine.lettering import draw_line
from personae.library import swap_file
from personae.requests.mappings import parts_of
from personae.requests.options import SwapOptions

Donors = Mapping[Name, personae.Donor]
LABEL = LabelPainter(Label("AI-generated", "top-left", 0.06), draw_line)
SETTINGS = {"label": "AI-generated", "label_place": "top-left", "label_size": 0.06}
GOP = {"crf": "12", "preset": "ultrafast", "g": "10", "sc_threshold": "0"}


def written(rgb: np.ndarray) -> float:
    """How well the label's strokes stand out, in levels of luma."""
    patch = LABEL.patch((rgb.shape[1], rgb.shape[0]))
    x0, y0, x1, y1 = patch.box
    seen = rgb[y0:y1, x0:x1].astype(float).mean(axis=2)
    light = patch.light[:, :, 0]
    return float(seen[light > 250].mean() - seen[light < 17].mean())


def test_a_picture_carries_its_label_and_the_mask_says_so(donors: Donors) -> None:
    scene = headshot("collins", 120, (320, 240))
    plain = personae.swap(scene, donors["hopper"])
    done = personae.swap(scene, donors["hopper"], **SETTINGS)
    assert written(done.image) > 100
    assert abs(written(plain.image)) < 60
    assert done.label == "AI-generated"
    assert plain.label is None
    assert np.array_equal(done.image[done.mask == 0], scene[done.mask == 0])
    x0, y0, x1, y1 = LABEL.patch((320, 240)).box
    outside = np.ones(done.mask.shape, bool)
    outside[y0:y1, x0:x1] = False
    assert np.array_equal(done.image[outside], plain.image[outside])


def test_every_frame_carries_it_also_those_without_a_face(donors: Donors, tmp_path: Path) -> None:
    pictures = [backdrop(SIZE_WH, 200)] * 6 + list(nodding("collins", 12))
    scene = write_clip(tmp_path / "scene.mp4", pictures=pictures, size_wh=SIZE_WH, options=GOP)
    out = tmp_path / "out.mp4"
    report = swap_file(scene, out, donors["hopper"], crf=10, **SETTINGS)
    assert report.label == "AI-generated"
    shown = [written(one.rgb) for one in frames(out)]
    assert len(shown) == 18
    assert min(shown) > 80


def test_turned_and_ten_bit_videos_carry_it_upright(donors: Donors, tmp_path: Path) -> None:
    upright = list(nodding("collins", 8))
    stored = [np.rot90(picture).copy() for picture in upright]
    more = {"pictures": stored, "size_wh": (SIZE_WH[1], SIZE_WH[0]), "options": GOP}
    for scene in (
        rotated_clip(tmp_path / "turned.mp4", 90, **more),
        ten_bit_clip(tmp_path / "ten.mp4", pictures=upright, size_wh=SIZE_WH),
    ):
        out = tmp_path / f"out-{scene.name}"
        swap_file(scene, out, donors["hopper"], **SETTINGS)
        assert min(written(one.rgb) for one in frames(out)) > 80


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_animations_show_it_where_they_are_transparent(
    donors: Donors, tmp_path: Path, suffix: str
) -> None:
    images = []
    for rgb in nodding("collins", 5):
        alpha = np.full(rgb.shape[:2], 255, np.uint8)
        alpha[:60, :200] = 0
        images.append(Image.fromarray(np.dstack([rgb, alpha])))
    scene, out = tmp_path / f"scene{suffix}", tmp_path / f"out{suffix}"
    more = {"format": "PNG"} if suffix == ".apng" else {}
    images[0].save(scene, save_all=True, append_images=images[1:], duration=80, **more)
    swap_file(scene, out, donors["hopper"], **SETTINGS)
    with Image.open(out) as animation:
        seen = [np.asarray(one.convert("RGBA")) for one in ImageSequence.Iterator(animation)]
    assert len(seen) == 5
    patch = LABEL.patch(SIZE_WH)
    x0, y0, x1, y1 = patch.box
    for rgba in seen:
        assert written(rgba[:, :, :3]) > 80
        assert rgba[y0:y1, x0:x1, 3][patch.light[:, :, 0] > 250].min() > 200
        assert rgba[y1 + 2 : 58, :150, 3].max() == 0


def test_in_chunks_every_frame_is_the_same_bit_for_bit(donors: Donors, tmp_path: Path) -> None:
    scene = write_clip(
        tmp_path / "scene.mp4", pictures=list(nodding("collins", 30)), size_wh=SIZE_WH, options=GOP
    )
    options = SwapOptions(codec="h264", crf=0, preset="ultrafast", **SETTINGS)
    whole = tmp_path / "whole.mp4"
    swap_file(scene, whole, donors["hopper"], options=options)
    parts = parts_of(donors["hopper"], "largest", None)
    job = Job(scene, tmp_path / "job", lambda: parts, options, target_s=0.4)
    joined = tmp_path / "joined.mp4"
    assert job.run(joined, order=[2, 0, 1]).label == "AI-generated"
    ours, theirs = frames(joined), frames(whole)
    assert len(ours) == 30
    for one, other in zip(ours, theirs, strict=True):
        assert all(map(np.array_equal, one.planes, other.planes))


def test_the_command_line_writes_it_and_refuses_what_it_cannot_write(
    photos: Mapping[Name, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    arguments = ("swap", photos["hopper"], photos["collins"], "-o", out)
    done = run(tmp_path, *arguments, "--label", "AI-generated", "--json")
    assert (done.code, done.json["label"]) == (0, "AI-generated"), done.err
    refused = run(tmp_path, *arguments, "--label", "שלום")
    assert refused.code == 2
    assert "U+05E9" in refused.error

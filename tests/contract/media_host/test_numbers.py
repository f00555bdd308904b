"""Face N of a swap is face N of a detection, whatever the picture holds and however it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces import Placed, compose
from host_media import LONG_S, Media
from personae.adapters.media_host.host import ChildMediaHost

SIZE_WH = (1000, 640)
# Two that overlap, small ones beside large ones, turned heads. By the middles of their boxes the
# small one below would come before the large one above it, whose left edge is farther left.
PEOPLE = [
    Placed("hopper", 430, 210, 230),
    Placed("collins", 385, 520, 96, -8),
    Placed("collins", 150, 260, 150, 6),
    Placed("hopper", 590, 330, 95),
    Placed("collins", 840, 130, 80),
    Placed("hopper", 860, 480, 170, 12),
]
# What a stored picture has to be turned by for a viewer, by EXIF orientation: 6 is 90 degrees
# clockwise, 3 is upside down.
STORED = {
    1: lambda image: image,
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
}


def write(path: Path, orientation: int) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = STORED[orientation](Image.fromarray(compose(PEOPLE, SIZE_WH)))
    stored.save(path, exif=exif)
    return path


def detected(host: ChildMediaHost, path: Path, folder: Path) -> list[dict[str, Any]]:
    job = {"op": "detect", "path": str(path), "crops_dir": str(folder), "kind": "image"}
    return host.run(job, timeout_s=LONG_S)["faces"]


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_number_means_the_same_face_to_detect_and_to_swap(
    children: ChildMediaHost, real_media: Media, tmp_path: Path, orientation: int
) -> None:
    scene = write(tmp_path / "group.png", orientation)
    faces = detected(children, scene, tmp_path / "crops")
    assert len(faces) == len(PEOPLE)
    lefts = [face["box_xyxy"][0] for face in faces]
    assert lefts == sorted(lefts)
    middles = [(face["box_xyxy"][0] + face["box_xyxy"][2]) / 2 for face in faces]
    assert middles != sorted(middles)  # Or the picture would not tell the orders apart.
    before = compose(PEOPLE, SIZE_WH).astype(np.int16)
    for face in faces:
        number = face["face_id"]
        output = tmp_path / f"{number}.png"
        job = {
            "op": "swap",
            "scene": str(scene),
            "output": str(output),
            "mappings": real_media.mappings(face=number),
            "options": {},
        }
        assert children.run(job, timeout_s=LONG_S)["faces_swapped"] == 1
        with Image.open(output) as image:
            after = np.asarray(image.convert("RGB")).astype(np.int16)
        assert after.shape == before.shape  # Upright.
        rows, columns = np.nonzero(np.abs(after - before).max(2) > 24)
        x0, y0, x1, y1 = face["box_xyxy"]
        across, down = 0.15 * (x1 - x0), 0.15 * (y1 - y0)
        assert x0 - across <= columns.min() <= columns.max() <= x1 + across
        assert y0 - down <= rows.min() <= rows.max() <= y1 + down
        # Most of the face, not a corner that a neighbour reaches into.
        assert np.ptp(columns) > 0.5 * (x1 - x0)
        assert np.ptp(rows) > 0.5 * (y1 - y0)


def test_a_crop_tells_what_it_shows(children: ChildMediaHost, tmp_path: Path) -> None:
    scene = write(tmp_path / "group.png", 6)
    upright = compose(PEOPLE, SIZE_WH).astype(np.int16)
    for face in detected(children, scene, tmp_path / "crops"):
        with Image.open(tmp_path / "crops" / face["crop"]) as image:
            assert image.size == (face["crop_width"], face["crop_height"])
            crop = np.asarray(image.convert("RGB")).astype(np.int16)
        x0, y0, x1, y1 = face["crop_box_xyxy"]
        assert np.abs(crop - upright[y0:y1, x0:x1]).mean() < 4
        # Close around the face: a vendor shows 87 x 121 for eyes 40 pixels apart.
        points = np.array(face["crop_points"])
        eyes = float(np.hypot(*(points[1] - points[0])))
        assert 2.0 < face["crop_width"] / eyes < 3.4
        assert 2.5 < face["crop_height"] / eyes < 4.2
        assert (points >= 0).all()
        assert (points < [face["crop_width"], face["crop_height"]]).all()
        np.testing.assert_allclose(np.add(points, (x0, y0)), face["points"], atol=0.02)


def test_points_of_a_face_at_the_edge_stay_in_its_crop(
    children: ChildMediaHost, tmp_path: Path
) -> None:
    picture = compose([Placed("hopper", 200, 150, 180)], (400, 300))[:, 165:]
    Image.fromarray(np.ascontiguousarray(picture)).save(tmp_path / "cut.png")
    [face] = detected(children, tmp_path / "cut.png", tmp_path / "crops")
    assert face["box_xyxy"][0] < 0
    assert min(x for x, _ in face["points"]) < 0
    points = np.array(face["crop_points"])
    assert (points >= 0).all()
    assert (points < [face["crop_width"], face["crop_height"]]).all()
    assert face["crop_box_xyxy"][0] == 0


def test_a_large_faces_crop_is_made_smaller_with_its_points(
    children: ChildMediaHost, tmp_path: Path
) -> None:
    Image.fromarray(compose([Placed("hopper", 700, 700, 900)], (1400, 1400))).save(
        tmp_path / "large.png"
    )
    [face] = detected(children, tmp_path / "large.png", tmp_path / "crops")
    assert max(face["crop_width"], face["crop_height"]) == 512
    x0, y0, x1, y1 = face["crop_box_xyxy"]
    assert max(x1 - x0, y1 - y0) > 900
    scale = [face["crop_width"] / (x1 - x0), face["crop_height"] / (y1 - y0)]
    expected = (np.array(face["points"]) - [x0, y0]) * scale
    np.testing.assert_allclose(face["crop_points"], expected, atol=0.6)

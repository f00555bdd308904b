"""A reference that a client cut out of the scene, by the very box, finds its person again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from clips import write_clip
from faces import Placed, Rgb, compose
from host_media import LONG_S, Media
from personae.adapters.media_host.host import ChildMediaHost

SHARED = Path(__file__).parents[4] / "shared" / "faces"
SIZE_WH = (320, 240)
FRAMES = 12


def two_people(face_px: float, shift: float = 0.0) -> Rgb:
    """Hopper on the left, Collins on the right."""
    people = [
        Placed("hopper", 85 + shift, 120, face_px),
        Placed("collins", 230 - shift, 120, face_px),
    ]
    return compose(people, SIZE_WH)


def boxes_of(host: ChildMediaHost, picture: Rgb, folder: Path) -> list[tuple[int, ...]]:
    """As a client gets them: whole pixels, nothing around the face."""
    Image.fromarray(picture).save(folder / "frame.png")
    job = {"op": "detect", "path": str(folder / "frame.png"), "crops_dir": str(folder / "crops")}
    faces = host.run(job, timeout_s=LONG_S)["faces"]
    return [tuple(round(v) for v in face["box_xyxy"]) for face in faces]


def swapped(
    host: ChildMediaHost, scene: Path, donor: Path, like: Path, output: Path
) -> tuple[int, list[NDArray[np.int16]]]:
    """How many faces were swapped, and the output's pictures."""
    mapping = {"donors": [str(donor)], "face": None, "like": str(like)}
    job = {"op": "swap", "scene": str(scene), "output": str(output), "mappings": [mapping]}
    told = host.run(job, timeout_s=LONG_S)
    if output.suffix == ".png":
        return told["faces_swapped"], [np.asarray(Image.open(output)).astype(np.int16)]
    with av.open(str(output)) as container:
        shown = [one.to_ndarray(format="rgb24") for one in container.decode(video=0)]
    return told["faces_swapped"], [one.astype(np.int16) for one in shown]


def changes(before: Rgb, after: NDArray[np.int16], box: tuple[int, ...]) -> float:
    """How much a place differs, mean over its pixels."""
    x0, y0, x1, y1 = box
    part = np.s_[max(0, y0) : y1, max(0, x0) : x1]
    return float(np.abs(after[part] - before[part].astype(np.int16)).mean())


@pytest.mark.parametrize("face_px", [48, 80])
@pytest.mark.parametrize("person", [0, 1])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_face_cut_out_of_a_picture_finds_itself(
    children: ChildMediaHost,
    real_media: Media,
    tmp_path: Path,
    face_px: float,
    person: int,
    ending: str,
) -> None:
    picture = two_people(face_px)
    boxes = boxes_of(children, picture, tmp_path)
    assert len(boxes) == 2
    like = tmp_path / f"like.{ending}"
    Image.fromarray(picture).crop(boxes[person]).save(like)
    scene, output = tmp_path / "frame.png", tmp_path / "out.png"
    count, [after] = swapped(children, scene, real_media.donor, like, output)
    assert count == 1
    assert changes(picture, after, boxes[1 - person]) == 0
    # Hopper is the donor: her own face changes little, Collins's a lot.
    assert changes(picture, after, boxes[person]) > (1 if person == 0 else 4)


@pytest.mark.parametrize("face_px", [48, 80])
@pytest.mark.parametrize("person", [0, 1])
def test_a_face_cut_out_of_a_frame_finds_its_person_in_the_video(
    children: ChildMediaHost, real_media: Media, tmp_path: Path, face_px: float, person: int
) -> None:
    pictures = [two_people(face_px, shift) for shift in np.linspace(0, 20, FRAMES)]
    clip = write_clip(tmp_path / "c.mp4", pictures=pictures, frames=FRAMES, size_wh=SIZE_WH)
    with av.open(str(clip)) as container:
        shown = [one.to_ndarray(format="rgb24") for one in container.decode(video=0)]
    boxes = boxes_of(children, shown[FRAMES // 2], tmp_path)
    like = tmp_path / "like.jpg"
    Image.fromarray(shown[FRAMES // 2]).crop(boxes[person]).save(like, quality=85)
    count, after = swapped(children, clip, real_media.donor, like, tmp_path / "o.mp4")
    assert count == FRAMES
    own = changes(shown[FRAMES // 2], after[FRAMES // 2], boxes[person])
    other = changes(shown[FRAMES // 2], after[FRAMES // 2], boxes[1 - person])
    assert own > 2 * other  # The encoder changes everything a little.


def test_our_own_crop_sent_back_means_the_face_it_shows(
    children: ChildMediaHost, real_media: Media, tmp_path: Path
) -> None:
    picture = two_people(60)
    boxes = boxes_of(children, picture, tmp_path)
    for person, crop in enumerate(sorted((tmp_path / "crops").iterdir())):
        output = tmp_path / f"{person}.png"
        _, [after] = swapped(children, tmp_path / "frame.png", real_media.donor, crop, output)
        assert changes(picture, after, boxes[1 - person]) == 0
        assert changes(picture, after, boxes[person]) > 1


def test_a_tight_crop_can_be_the_donor(
    children: ChildMediaHost, real_media: Media, tmp_path: Path
) -> None:
    with Image.open(real_media.donor) as photo:
        rgb = np.asarray(photo.convert("RGB")).copy()
    [(x0, y0, x1, y1)] = boxes_of(children, rgb, tmp_path)
    inset = round(0.15 * (x1 - x0))
    tight = rgb[y0 + inset : y1 - inset, x0 + inset : x1 - inset]
    Image.fromarray(tight).save(tmp_path / "tight.png")
    mapping: dict[str, Any] = {"donors": [str(tmp_path / "tight.png")], "face": "largest"}
    output = tmp_path / "out.png"
    job = {
        "op": "swap",
        "scene": str(real_media.scene),
        "output": str(output),
        "mappings": [mapping],
    }
    assert children.run(job, timeout_s=LONG_S)["faces_swapped"] == 1


def test_one_of_two_strangers_is_found_by_a_tight_crop(
    children: ChildMediaHost, real_media: Media, tmp_path: Path
) -> None:
    files = sorted(SHARED.glob("portrait_*.jpg"))
    if not files:
        pytest.skip("needs the faces beside the checkout")
    for one, other in ((0, 6), (3, 12), (20, 9)):
        halves = [
            np.asarray(Image.open(files[i]).convert("RGB").resize((120, 120))) for i in (one, other)
        ]
        picture = np.ascontiguousarray(np.concatenate(halves, axis=1))
        boxes = boxes_of(children, picture, tmp_path)
        assert len(boxes) == 2
        for person in (0, 1):
            Image.fromarray(picture).crop(boxes[person]).save(tmp_path / "like.jpg", quality=85)
            _, [after] = swapped(
                *(children, tmp_path / "frame.png", real_media.donor),
                *(tmp_path / "like.jpg", tmp_path / "out.png"),
            )
            assert changes(picture, after, boxes[1 - person]) < changes(
                picture, after, boxes[person]
            )
            assert changes(picture, after, boxes[1 - person]) == 0

"""Several people: everyone keeps the face that was given to them, through cuts and crossings."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

import personae
from clips import write_clip
from e2e.look import Shown, frames
from e2e.shell import run
from faces import NAMES, Name, Placed, Rgb, box_around, compose, headshot

Donors = Mapping[Name, personae.Donor]
Photos = Mapping[Name, Path]
Scene = list[list[Placed]]
"""Who is where, frame by frame."""

WIDE = (640, 240)
FINE = {"crf": "12", "preset": "ultrafast"}
LOSSLESS = {"codec": "h264", "crf": 0, "preset": "ultrafast", "mark": None}
"""Without the mark, which lies around faces as well."""
OTHER: dict[Name, Name] = {"hopper": "collins", "collins": "hopper"}


def clip(path: Path, *shots: Scene, walls: Sequence[int] = (90,)) -> Path:
    """Shots one after the other, each before a wall of its own shade (the last for the rest)."""
    shades = [*walls, *[walls[-1]] * len(shots)]
    pictures = [
        compose(placed, WIDE, shade)
        for shade, shot in zip(shades, shots, strict=False)
        for placed in shot
    ]
    return write_clip(path, pictures=pictures, size_wh=WIDE, options=FINE)


def together(count: int, left: Name, left_px: float, right_px: float) -> Scene:
    """Two people side by side, who sway a little."""
    sway = np.sin(np.arange(count) / 4) * 6
    return [
        [
            Placed(left, 0.25 * WIDE[0] + by, 0.5 * WIDE[1], left_px),
            Placed(OTHER[left], 0.75 * WIDE[0] - by, 0.5 * WIDE[1], right_px),
        ]
        for by in sway
    ]


def alone(name: Name, count: int, face_px: float = 100) -> Scene:
    return [[Placed(name, WIDE[0] / 2 + i, WIDE[1] / 2, face_px)] for i in range(count)]


def crossing(count: int) -> Scene:
    """Two people who change sides; Collins passes in front of Hopper."""
    scene: Scene = []
    for share in np.linspace(0, 1, count):
        x = (0.15 + 0.7 * share) * WIDE[0]
        scene.append(
            [
                Placed("hopper", x, 0.5 * WIDE[1], 84),
                Placed("collins", WIDE[0] - x, 0.5 * WIDE[1], 92),
            ]
        )
    return scene


def exchange(donors: Donors, photos: Photos) -> list[personae.Mapping]:
    """Everyone gets the other's face, and is known by a photo."""
    return [personae.Mapping(donors[OTHER[name]], like=photos[name]) for name in NAMES]


def looks_like(rgb: Rgb, placed: Placed, donors: Donors) -> Name | None:
    """Whom the face at a place resembles most; None when no face is seen there."""
    found = [
        face
        for face in personae.detect(rgb)
        if abs((face.box_xyxy[0] + face.box_xyxy[2]) / 2 - placed.x) < 0.4 * placed.face_px
    ]
    if len(found) != 1:
        return None
    seen = personae.embed(rgb, found[0])
    return min(NAMES, key=lambda name: personae.distance(seen, donors[name].embedding))


def hidden(placed: Placed, others: Sequence[Placed]) -> bool:
    """Whether somebody stands before (or right behind) a face."""
    return any(
        one is not placed and abs(one.x - placed.x) < 1.5 * max(one.face_px, placed.face_px)
        for one in others
    )


def check_exchanged(scene: Scene, shown: Sequence[Shown], donors: Donors, every: int) -> int:
    """Look at every face of some frames; how many could be judged."""
    judged = 0
    assert len(scene) == len(shown)
    for number in range(0, len(scene), every):
        for placed in scene[number]:
            if hidden(placed, scene[number]):
                continue
            seen = looks_like(shown[number].rgb, placed, donors)
            assert seen == OTHER[placed.who], f"{placed.who} in frame {number}"
            judged += 1
    return judged


# --- N people, N donors


@pytest.mark.parametrize(
    "walls",
    [
        pytest.param((30, 140, 60, 150), id="four rooms"),
        pytest.param((90,), id="one room"),
    ],
)
def test_people_keep_their_faces_across_hard_cuts(
    walls: tuple[int, ...], tmp_path: Path, donors: Donors, photos: Photos
) -> None:
    """They change sides and sizes at the first cut; then one of them is alone, and the other."""
    shots = (
        together(12, "hopper", 100, 84),
        together(12, "collins", 90, 110),
        alone("collins", 8),
        alone("hopper", 8),
    )
    scene = [placed for shot in shots for placed in shot]
    source, output = clip(tmp_path / "scene.mp4", *shots, walls=walls), tmp_path / "out.mp4"
    report = personae.swap_video(source, output, mappings=exchange(donors, photos), crf=14)
    assert report.faces_swapped == 12 * 2 + 12 * 2 + 8 + 8
    judged = check_exchanged(scene, frames(output), donors, every=4)
    assert judged == 3 * 2 + 3 * 2 + 2 + 2
    # The frames right at the cuts, where a face of the shot before would show.
    shown = frames(output)
    for number in (11, 12, 23, 24, 31, 32, 39):
        for placed in scene[number]:
            assert looks_like(shown[number].rgb, placed, donors) == OTHER[placed.who], number


def test_people_keep_their_faces_when_they_cross(
    tmp_path: Path, donors: Donors, photos: Photos
) -> None:
    scene = crossing(40)
    source, output = clip(tmp_path / "scene.mp4", scene), tmp_path / "out.mp4"
    personae.swap_video(source, output, mappings=exchange(donors, photos), crf=14)
    shown = frames(output)
    judged = check_exchanged(scene, shown, donors, every=3)
    assert judged >= 14
    # Whoever is in front is seen all the time, and is swapped all the time.
    for number in range(0, 40, 4):
        in_front = scene[number][1]
        assert looks_like(shown[number].rgb, in_front, donors) == "hopper", number


def test_two_people_in_a_picture(donors: Donors, photos: Photos) -> None:
    for left in NAMES:
        placed = together(1, left, 100, 90)[0]
        result = personae.swap(compose(placed, WIDE), mappings=exchange(donors, photos))
        assert result.swapped == (0, 1)
        for one in placed:
            assert looks_like(result.image, one, donors) == OTHER[one.who]


def test_the_order_of_the_mappings_does_not_matter(
    tmp_path: Path, donors: Donors, photos: Photos
) -> None:
    source = clip(tmp_path / "scene.mp4", together(8, "hopper", 100, 90))
    outputs = [tmp_path / "one.mp4", tmp_path / "other.mp4"]
    mappings = exchange(donors, photos)
    for output, order in zip(outputs, (mappings, mappings[::-1]), strict=True):
        personae.swap_video(source, output, mappings=order, preset="ultrafast", manifest=False)
    one, other = (output.read_bytes() for output in outputs)
    assert one == other


def test_maps_on_the_command_line(tmp_path: Path, donors: Donors, photos: Photos) -> None:
    scene = together(10, "collins", 90, 100)
    clip(tmp_path / "scene.mp4", scene)
    maps = [f"--map={photos[OTHER[name]]}={photos[name]}" for name in NAMES]
    ended = run(tmp_path, "swap", "scene.mp4", *maps, "-o", "out.mp4", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["faces_swapped"] == 20
    assert check_exchanged(scene, frames(tmp_path / "out.mp4"), donors, every=5) == 4


# --- Somebody who is not there


@pytest.mark.parametrize(
    "walls",
    [
        pytest.param((30, 140, 60), id="three rooms"),
        pytest.param((90,), id="one room"),
    ],
)
def test_nobody_stands_in_for_someone_absent(
    walls: tuple[int, ...], tmp_path: Path, donors: Donors, photos: Photos
) -> None:
    """Only Hopper is to be swapped: shots of Collins alone stay as they were, bit for bit."""
    shots = (alone("hopper", 10), alone("collins", 10), alone("hopper", 6))
    scene = [placed for shot in shots for placed in shot]
    source, output = clip(tmp_path / "scene.mp4", *shots, walls=walls), tmp_path / "out.mp4"
    mappings = [personae.Mapping(donors["collins"], like=photos["hopper"])]
    report = personae.swap_video(source, output, mappings=mappings, **LOSSLESS)
    assert report.faces_swapped == 16
    before, after = frames(source), frames(output)
    for number, placed in enumerate(scene):
        same = np.array_equal(before[number].rgb, after[number].rgb)
        assert same == (placed[0].who == "collins"), number
    for number in (0, 9, 20, 25):
        assert looks_like(after[number].rgb, scene[number][0], donors) == "collins"


def test_beside_the_person_who_was_meant_everyone_stays(
    tmp_path: Path, donors: Donors, photos: Photos
) -> None:
    scene = together(10, "hopper", 84, 110)
    source, output = clip(tmp_path / "scene.mp4", scene), tmp_path / "out.mp4"
    mappings = [personae.Mapping(donors["collins"], like=photos["hopper"])]
    personae.swap_video(source, output, mappings=mappings, **LOSSLESS)
    assert swapped_people(scene, frames(source), frames(output)) == [{"hopper"}] * 10


def test_a_reference_that_nobody_resembles_is_said(
    tmp_path: Path, donors: Donors, photos: Photos
) -> None:
    source, output = clip(tmp_path / "scene.mp4", alone("collins", 8)), tmp_path / "out.mp4"
    mappings = [personae.Mapping(donors["collins"], like=photos["hopper"])]
    with pytest.raises(personae.PersonaeError, match="Nobody in the scene"):
        personae.swap_video(source, output, mappings=mappings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.mp4"]


# --- --face


def swapped_people(
    scene: Scene, before: Sequence[Shown], after: Sequence[Shown]
) -> list[set[Name]]:
    """Whose faces changed in each frame; every other pixel must be the scene's."""
    people: list[set[Name]] = []
    for placed, one, other in zip(scene, before, after, strict=True):
        changed = (one.rgb != other.rgb).any(axis=2)
        touched: set[Name] = set()
        for person in placed:
            x0, y0, x1, y1 = box_around(person)
            if changed[max(0, y0) : y1, max(0, x0) : x1].mean() > 0.1:
                touched.add(person.who)
            changed[max(0, y0) : y1, max(0, x0) : x1] = False
        assert not changed.any()
        people.append(touched)
    return people


@pytest.mark.parametrize(
    ("face", "who"),
    [
        ("largest", {"collins"}),
        ("all", {"hopper", "collins"}),
        (0, {"hopper"}),
        (1, {"collins"}),
    ],
)
def test_which_face(
    face: personae.library.FaceChoice, who: set[Name], tmp_path: Path, donors: Donors
) -> None:
    scene = together(8, "hopper", 80, 110)
    source, output = clip(tmp_path / "scene.mp4", scene), tmp_path / "out.mp4"
    report = personae.swap_video(source, output, donors["hopper"], face=face, **LOSSLESS)
    assert report.faces_swapped == 8 * len(who)
    assert swapped_people(scene, frames(source), frames(output)) == [who] * 8
    picture = compose(scene[0], WIDE)
    result = personae.swap(picture, donors["hopper"], face=face)
    assert {NAMES[position] for position in result.swapped} == who


def test_the_largest_stays_chosen_when_the_other_comes_nearer(
    tmp_path: Path, donors: Donors
) -> None:
    scene: Scene = []
    for near in np.linspace(110, 64, 24):
        scene.append(
            [
                Placed("hopper", 0.25 * WIDE[0], 0.5 * WIDE[1], near),
                Placed("collins", 0.75 * WIDE[0], 0.5 * WIDE[1], 174 - near),
            ]
        )
    source, output = clip(tmp_path / "scene.mp4", scene), tmp_path / "out.mp4"
    personae.swap_video(source, output, donors["collins"], **LOSSLESS)
    assert swapped_people(scene, frames(source), frames(output)) == [{"hopper"}] * 24


def test_the_chosen_person_stays_chosen_across_a_cut(tmp_path: Path, donors: Donors) -> None:
    """After the cut somebody else is the largest and the leftmost."""
    shots = (alone("hopper", 10), together(10, "collins", 110, 80))
    scene = [placed for shot in shots for placed in shot]
    source, output = clip(tmp_path / "scene.mp4", *shots, walls=(30, 140)), tmp_path / "out.mp4"
    personae.swap_video(source, output, donors["collins"], **LOSSLESS)
    assert swapped_people(scene, frames(source), frames(output)) == [{"hopper"}] * 20


def test_faces_are_counted_from_the_left(donors: Donors) -> None:
    for left in NAMES:
        faces = personae.detect(compose(together(1, left, 100, 90)[0], WIDE))
        assert len(faces) == 2
        assert faces[0].box_xyxy[0] < faces[1].box_xyxy[0]
        seen = personae.embed(compose(together(1, left, 100, 90)[0], WIDE), faces[0])
        nearest = min(NAMES, key=lambda name: personae.distance(seen, donors[name].embedding))
        assert nearest == left


# --- Fast motion


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0, 1.6])
def test_someone_who_rushes_about_leaves_no_ghosts(
    share: float, tmp_path: Path, donors: Donors
) -> None:
    """Steps of up to `share` of a face a frame: swapped where it is, and nowhere else."""
    face_px = 100
    reach = share * face_px / 0.87  # the sine's steepest step, of 0.87 times its height
    xs = WIDE[0] / 2 + reach * np.sin(np.arange(30) * 0.9)
    scene = [[Placed("collins", x, WIDE[1] / 2, face_px)] for x in xs]
    source, output = clip(tmp_path / "scene.mp4", scene), tmp_path / "out.mp4"
    report = personae.swap_video(source, output, donors["hopper"], face="all", **LOSSLESS)
    assert swapped_people(scene, frames(source), frames(output)) == [{"collins"}] * 30
    assert report.faces_swapped == 30


# --- Steadiness


@pytest.mark.parametrize("name", NAMES)
def test_a_swapped_face_is_as_steady_as_the_scene(
    name: Name, tmp_path: Path, donors: Donors
) -> None:
    """Someone who holds still before a noisy camera: landmarks jitter, the face must not.

    Both clips are smoothed a little first, so that their grain does not hide a wobble.
    """
    rng = np.random.default_rng(5)
    still = headshot(name, 130, (240, 240)).astype(np.float32)
    noisy = [
        np.clip(np.rint(still + rng.normal(0, 5, still.shape)), 0, 255).astype(np.uint8)
        for _ in range(24)
    ]
    options = {"qp": "0", "preset": "ultrafast"}
    source = write_clip(tmp_path / "scene.mp4", pictures=noisy, size_wh=(240, 240), options=options)
    output = tmp_path / "out.mp4"
    personae.swap_video(source, output, donors[OTHER[name]], **LOSSLESS)
    before, after = frames(source), frames(output)
    changed = np.mean([(a.rgb != b.rgb).any(axis=2) for a, b in zip(before, after, strict=True)], 0)
    face = changed > 0.9
    assert face.mean() > 0.1
    for sigma in (0.0, 1.5):
        scene_moves, output_moves = _unrest(before, face, sigma), _unrest(after, face, sigma)
        print(f"\n  {name}: sigma {sigma}: scene {scene_moves:.3f}, output {output_moves:.3f}")
        assert output_moves <= scene_moves


def _unrest(shown: Sequence[Shown], where: np.ndarray, sigma: float) -> float:
    """Mean absolute difference from frame to frame, in grey levels."""
    luma = [cv2.cvtColor(one.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in shown]
    if sigma:
        luma = [cv2.GaussianBlur(one, (0, 0), sigma) for one in luma]
    steps = [np.abs(b - a)[where].mean() for a, b in itertools.pairwise(luma)]
    return float(np.mean(steps))

"""A mark on a real swap is read from files that went through what people do to files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

import personae
from clips import write_clip
from faces import Name, Rgb, headshot, nodding
from personae.adapters.model_store import ModelStore
from personae.errors import Canceled, MediaError
from personae.inspecting.marks import MarkFound, find_mark
from personae.library import swap_file

MARK = 0xABCDE12345
SIZE_WH = (560, 640)
Donors = Mapping[Name, personae.Donor]


@pytest.fixture(scope="module")
def donors(store: ModelStore) -> Donors:
    names: tuple[Name, Name] = ("hopper", "collins")
    return {name: personae.prepare_donor(headshot(name)) for name in names}


@pytest.fixture(scope="module")
def marked(donors: Donors) -> Image.Image:
    """Hopper's picture with Collins' face, 230 px tall, and a mark."""
    return Image.fromarray(
        personae.swap(headshot("hopper", 230, SIZE_WH), donors["collins"], mark=MARK).image
    )


def read(path: Path) -> MarkFound | None:
    """However long it takes on this machine."""
    return find_mark(path, limit_s=3600)


def saved(picture: Image.Image, folder: Path, name: str, quality: int | None = None) -> Path:
    path = folder / name
    picture.save(path, **({} if quality is None else {"quality": quality}))
    return path


def half(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)


def crop(x: float, y: float) -> Callable[[Image.Image], Image.Image]:
    """70 % of both sides, from anywhere."""

    def cut(picture: Image.Image) -> Image.Image:
        width, height = round(0.7 * picture.width), round(0.7 * picture.height)
        left = round(x * (picture.width - width))
        top = round(y * (picture.height - height))
        return picture.crop((left, top, left + width, top + height))

    return cut


def as_is(picture: Image.Image) -> Image.Image:
    return picture


PROMISED: dict[str, tuple[Callable[[Image.Image], Image.Image], str, int | None]] = {
    "as it is": (as_is, "a.png", None),
    "JPEG 95": (as_is, "a.jpg", 95),
    "JPEG 60": (as_is, "a.jpg", 60),
    "WebP 75": (as_is, "a.webp", 75),
    "half": (half, "a.png", None),
    "half and JPEG 85": (half, "a.jpg", 85),
    "crop in the middle": (crop(0.5, 0.5), "a.png", None),
    "crop, upper left": (crop(0.2, 0.3), "a.png", None),
    "crop, odd offset, JPEG 75": (crop(0.731, 0.597), "a.jpg", 75),
    "mirrored": (lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "a.jpg", 80),
    "grey": (lambda p: p.convert("L"), "a.jpg", 80),
    "flatter": (lambda p: ImageEnhance.Contrast(p).enhance(0.75), "a.jpg", 80),
    "darker": (lambda p: ImageEnhance.Brightness(p).enhance(0.8), "a.jpg", 80),
}


@pytest.mark.parametrize("what", PROMISED)
def test_what_a_picture_survives(what: str, marked: Image.Image, tmp_path: Path) -> None:
    attack, name, quality = PROMISED[what]
    found = read(saved(attack(marked), tmp_path, name, quality))
    assert found is not None
    assert found.mark == MARK
    assert found.mirrored == (what == "mirrored")
    assert found.turned_deg == 0
    assert 0.4 < found.confidence <= 1


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_quarter_turns(degrees: int, marked: Image.Image, tmp_path: Path) -> None:
    # Pillow turns counter-clockwise, so that many degrees clockwise set it upright again.
    found = read(saved(marked.rotate(degrees, expand=True), tmp_path, "a.jpg", 85))
    assert found is not None
    assert (found.mark, found.turned_deg) == (MARK, degrees)


def test_where_it_was_read_and_how_large_it_is_now(marked: Image.Image, tmp_path: Path) -> None:
    found = read(saved(half(marked), tmp_path, "a.png"))
    assert found is not None
    assert abs(found.period_px - 36) < 0.5
    x0, y0, x1, y1 = found.box_xyxy
    assert 0 <= x0 < SIZE_WH[0] / 4 < x1 <= SIZE_WH[0] / 2
    assert 0 <= y0 < SIZE_WH[1] / 4 < y1 <= SIZE_WH[1] / 2
    assert found.to_json()["mark"] == MARK
    assert found.to_json()["box_xyxy"] == [x0, y0, x1, y1]


def test_no_mark_is_found_where_none_is(donors: Donors, tmp_path: Path) -> None:
    scene = headshot("hopper", 230, SIZE_WH)
    plain = personae.swap(scene, donors["collins"], mark=None)
    for number, rgb in enumerate((scene, plain.image)):
        assert read(saved(Image.fromarray(rgb), tmp_path, f"{number}.png")) is None


def test_a_picture_without_a_face_has_no_mark(store: ModelStore, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    noise = random.integers(0, 255, (300, 400, 3), np.uint8)
    assert read(saved(Image.fromarray(noise), tmp_path, "noise.png")) is None


def test_by_default_files_say_that_nobody_made_them(donors: Donors, tmp_path: Path) -> None:
    scene = saved(Image.fromarray(headshot("hopper", 230, SIZE_WH)), tmp_path, "scene.png")
    swap_file(scene, tmp_path / "out.png", donors["collins"])
    found = read(tmp_path / "out.png")
    assert found is not None
    assert found.mark == 0
    swap_file(scene, tmp_path / "plain.png", donors["collins"], mark=None)
    assert read(tmp_path / "plain.png") is None


def clip(folder: Path, donors: Donors, face_wh: tuple[int, int] = (640, 480)) -> Path:
    """Half a second of Hopper, nodding, with Collins' face and a mark."""
    scene, output = folder / "scene.mp4", folder / "marked.mp4"
    pictures = nodding("hopper", 14, face_wh)
    write_clip(scene, pictures=pictures, size_wh=face_wh, frames=14)
    swap_file(scene, output, donors["collins"], mark=MARK)
    return output


def frames(path: Path) -> list[Rgb]:
    import av

    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_what_a_clip_survives(donors: Donors, tmp_path: Path) -> None:
    marked = clip(tmp_path, donors)
    pictures = frames(marked)
    # From the middle on: its key frame was none before.
    again = write_clip(
        tmp_path / "again.mp4",
        pictures=pictures[5:],
        size_wh=(640, 480),
        options={"crf": "25", "preset": "medium"},
    )
    left, top = 96, 72
    parts = [picture[top : top + 336, left : left + 448] for picture in pictures]
    cropped = write_clip(tmp_path / "cropped.mp4", pictures=parts, size_wh=(448, 336))
    for path in (marked, again, cropped):
        found = read(path)
        assert found is not None, path.name
        assert found.mark == MARK


def test_an_animation(donors: Donors, tmp_path: Path) -> None:
    pictures = [
        Image.fromarray(rgb) for rgb in itertools.islice(nodding("hopper", 3, (640, 480)), 3)
    ]
    scene, output = tmp_path / "scene.webp", tmp_path / "out.webp"
    pictures[0].save(scene, save_all=True, append_images=pictures[1:], lossless=True, duration=80)
    swap_file(scene, output, donors["collins"], mark=MARK)
    found = read(output)
    assert found is not None
    assert found.mark == MARK


def test_time_is_bounded(donors: Donors, tmp_path: Path) -> None:
    path = saved(Image.fromarray(headshot("hopper", 230, SIZE_WH)), tmp_path, "a.png")
    seconds = itertools.count()
    looks: list[float] = []

    def clock() -> float:
        looks.append(next(seconds))
        return looks[-1]

    assert find_mark(path, limit_s=0.5, clock=clock) is None
    assert len(looks) == 2


def test_it_stops_when_it_is_told_to(marked: Image.Image, tmp_path: Path) -> None:
    with pytest.raises(Canceled):
        find_mark(saved(marked, tmp_path, "a.png"), lambda: True)


def test_what_is_no_media_is_refused(store: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see")
    with pytest.raises(MediaError):
        find_mark(path)

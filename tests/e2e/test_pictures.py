"""Swaps in pictures of every kind."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

import personae
from faces import NAMES, Name, Rgb, headshot, portrait, turned
from personae.library import SwapOptions, swap_file

Donors = Mapping[Name, personae.Donor]

SIZE_WH = (200, 260)
TURNED_TAG = 0x0112
# Where the face lies in the scene; everything that changes must be near.
FACE = (slice(50, 210), slice(30, 170))
# With what the invisible mark changes around it.
AROUND = (slice(42, 220), slice(26, 178))


@functools.cache
def scene() -> Rgb:
    return headshot("collins", 110, SIZE_WH)


def shown(path: Path) -> Rgb:
    """A picture as a viewer shows it, uint8 (H, W, 4) RGBA."""
    with Image.open(path) as picture:
        if picture.mode.startswith("I;16"):  # which Pillow itself would clip instead of scale
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGBA"))


# --- Every kind of still


def png(path: Path) -> None:
    Image.fromarray(scene()).save(path)


def jpeg(path: Path) -> None:
    Image.fromarray(scene()).save(path, quality=95)


def webp(path: Path) -> None:
    Image.fromarray(scene()).save(path, lossless=True)


def with_alpha(path: Path) -> None:
    """Half transparent at the top, invisible in a corner, and a graded edge."""
    alpha = np.full(scene().shape[:2], 255, np.uint8)
    alpha[:20] = 128
    alpha[-30:, :30] = 0
    alpha[:, -10:] = np.linspace(255, 3, 10).astype(np.uint8)
    Image.fromarray(np.dstack([scene(), alpha])).save(path, lossless=True, exact=True)


def palette(path: Path) -> None:
    Image.fromarray(scene()).quantize(255, dither=Image.Dither.NONE).save(path)


def grey(path: Path) -> None:
    Image.fromarray(scene()).convert("L").save(path)


def wide_grey(path: Path) -> None:
    """16 bits a sample; what the eye sees is the picture, not its low bytes."""
    luma = np.asarray(Image.fromarray(scene()).convert("L"), np.uint16)
    Image.fromarray(luma * 257).save(path)


def cmyk(path: Path) -> None:
    Image.fromarray(scene()).convert("CMYK").save(path, quality=95)


def turned_by_exif(path: Path) -> None:
    """Stored on its side, as a camera held upright does it."""
    exif = Image.Exif()
    exif[TURNED_TAG] = 6
    Image.fromarray(np.rot90(scene()).copy()).save(path, quality=95, exif=exif)


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "PNG": (png, "scene.png"),
    "JPEG": (jpeg, "scene.jpg"),
    "WebP": (webp, "scene.webp"),
    "PNG with alpha": (with_alpha, "scene.png"),
    "WebP with alpha": (with_alpha, "scene.webp"),
    "palette": (palette, "scene.png"),
    "GIF of one frame": (palette, "scene.gif"),
    "grey": (grey, "scene.png"),
    "grey JPEG": (grey, "scene.jpg"),
    "16-bit grey": (wide_grey, "scene.png"),
    "CMYK": (cmyk, "scene.jpg"),
    "turned by EXIF": (turned_by_exif, "scene.jpg"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_still_just_works(kind: str, tmp_path: Path, donors: Donors) -> None:
    write, name = KINDS[kind]
    path, output = tmp_path / name, tmp_path / "out.png"
    write(path)
    before, opaque = shown(path)[..., :3], shown(path)[..., 3] > 0
    report = swap_file(path, output, donors["hopper"])
    assert (report.kind, report.frames, report.faces_swapped) == ("picture", 1, 1)
    with Image.open(output) as picture:
        assert picture.size == SIZE_WH
        assert picture.getexif().get(TURNED_TAG, 1) == 1
        after = np.asarray(picture.convert("RGB"))
    (face,) = personae.detect(output)
    assert abs(face.pose.roll) < 12, "the face stands upright"
    assert is_nearer(personae.embed(output), before, donors["hopper"])
    far = opaque.copy()  # colours mean nothing where nothing is seen
    far[AROUND] = False
    assert np.array_equal(before[far], after[far])
    assert (before != after)[FACE].any(axis=2).mean() > 0.2


@pytest.mark.parametrize(
    "ending", [".png", ".jpg", ".webp", ".avif", ".tiff", ".bmp", ".gif"], ids=lambda e: e[1:]
)
def test_every_format_can_be_written(ending: str, tmp_path: Path, donors: Donors) -> None:
    path, output = tmp_path / "scene.png", tmp_path / f"out{ending}"
    png(path)
    swap_file(path, output, donors["hopper"])
    assert Image.open(output).size == SIZE_WH
    assert is_nearer(personae.embed(output), scene(), donors["hopper"])


def is_nearer(embedding: np.ndarray, before: Rgb, donor: personae.Donor) -> bool:
    """Whether a face resembles the donor more than the scene it was put in."""
    to_donor = personae.distance(embedding, donor.embedding)
    return to_donor < personae.distance(embedding, personae.embed(before))


# --- What must not change


@pytest.mark.parametrize("name", NAMES)
def test_outside_the_mask_every_pixel_is_the_scenes(name: Name, donors: Donors) -> None:
    before = headshot(name, 150, (220, 260))
    (other,) = set(NAMES) - {name}
    result = personae.swap(before, donors[other])
    assert result.image.shape == before.shape
    assert result.mask.dtype == np.float32
    assert 0 <= result.mask.min() <= result.mask.max() <= 1
    outside = result.mask == 0
    assert 0.1 < outside.mean() < 0.95
    assert np.array_equal(result.image[outside], before[outside])
    assert (result.image[~outside] != before[~outside]).any(axis=1).mean() > 0.5


@pytest.mark.parametrize("name", ["scene.png", "scene.webp"])
def test_alpha_and_the_pixels_under_it_are_kept(name: str, tmp_path: Path, donors: Donors) -> None:
    path, output = tmp_path / name, tmp_path / f"out{Path(name).suffix}"
    with_alpha(path)
    before = np.asarray(Image.open(path))
    result = personae.swap(path, donors["hopper"])
    assert result.image.shape == before.shape
    assert np.array_equal(result.image[..., 3], before[..., 3])
    outside = result.mask == 0
    assert np.array_equal(result.image[outside], before[outside])
    swap_file(path, output, donors["hopper"])
    assert np.array_equal(np.asarray(Image.open(output))[..., 3], before[..., 3])


def test_a_lossless_file_keeps_what_is_outside_the_mask(tmp_path: Path, donors: Donors) -> None:
    path, output = tmp_path / "scene.png", tmp_path / "out.png"
    png(path)
    swap_file(path, output, donors["hopper"])
    result = personae.swap(path, donors["hopper"])
    assert np.array_equal(np.asarray(Image.open(output)), result.image)


def test_strength_0_is_the_scene(tmp_path: Path, donors: Donors) -> None:
    result = personae.swap(scene(), donors["hopper"], strength=0)
    assert np.array_equal(result.image, scene())
    assert result.swapped == (0,)
    path, output = tmp_path / "scene.png", tmp_path / "out.png"
    png(path)
    swap_file(path, output, donors["hopper"], strength=0)
    assert np.array_equal(np.asarray(Image.open(output)), scene())


def test_strength_grows_towards_the_whole_swap(donors: Donors) -> None:
    whole = personae.swap(scene(), donors["hopper"])
    half = personae.swap(scene(), donors["hopper"], strength=0.5)

    def change(result: object) -> float:
        return float(np.abs(result.image.astype(int) - scene()).mean())  # type: ignore[attr-defined]

    assert 0.3 * change(whole) < change(half) < 0.75 * change(whole)


def test_the_scene_given_as_pixels_is_not_modified(donors: Donors) -> None:
    given = scene().copy()
    personae.swap(given, donors["hopper"])
    assert np.array_equal(given, scene())


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".gif"])
def test_the_same_input_gives_the_same_bytes(ending: str, tmp_path: Path, donors: Donors) -> None:
    path = tmp_path / "scene.jpg"
    jpeg(path)
    outputs = [tmp_path / f"{i}{ending}" for i in range(2)]
    for output in outputs:
        swap_file(path, output, donors["hopper"], manifest=False)
    first, second = (output.read_bytes() for output in outputs)
    assert first == second


def test_options_kept_in_one_object_do_what_keywords_do(tmp_path: Path, donors: Donors) -> None:
    path = tmp_path / "scene.jpg"
    jpeg(path)
    plain = {"manifest": False}  # It tells the time.
    for name, asked in (("a.jpg", plain), ("b.jpg", {**plain, "strength": 0.5, "quality": 60})):
        swap_file(path, tmp_path / name, donors["hopper"], **asked)
        swap_file(path, tmp_path / f"2{name}", donors["hopper"], options=SwapOptions(**asked))
        assert (tmp_path / name).read_bytes() == (tmp_path / f"2{name}").read_bytes()
    assert (tmp_path / "a.jpg").read_bytes() != (tmp_path / "b.jpg").read_bytes()


def test_a_donor_prepared_again_gives_the_same_bytes(
    tmp_path: Path, photos: Mapping[Name, Path], donors: Donors
) -> None:
    path = tmp_path / "scene.png"
    png(path)
    again = personae.swap(path, photos["hopper"])
    assert np.array_equal(again.image, personae.swap(path, donors["hopper"]).image)


# --- Who is seen


def mirrored(rgb: Rgb) -> Rgb:
    return np.ascontiguousarray(rgb[:, ::-1])


def darkened(rgb: Rgb) -> Rgb:
    return np.asarray(rgb * 0.55, np.uint8)


def brightened(rgb: Rgb) -> Rgb:
    return np.asarray(np.clip(rgb * 1.25 + 18, 0, 255), np.uint8)


def turned_left(rgb: Rgb) -> Rgb:
    return turned(rgb, 15)


def turned_right(rgb: Rgb) -> Rgb:
    return turned(rgb, -15)


def smaller(rgb: Rgb) -> Rgb:
    return np.asarray(cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def on_its_side(rgb: Rgb) -> Rgb:
    return np.ascontiguousarray(np.rot90(rgb))


def upside_down(rgb: Rgb) -> Rgb:
    return np.ascontiguousarray(rgb[::-1, ::-1])


def original(rgb: Rgb) -> Rgb:
    return rgb


VARIANTS = (
    *(original, mirrored, darkened, brightened, smaller),
    *(turned_left, turned_right, on_its_side, upside_down),
)
PAIRS: tuple[tuple[Name, Name], ...] = (("hopper", "collins"), ("collins", "hopper"))


@pytest.mark.parametrize("change", VARIANTS, ids=lambda change: change.__name__)
@pytest.mark.parametrize(("donor", "other"), PAIRS, ids=lambda name: f"{name}")
def test_the_face_is_nearer_to_the_donor_than_to_the_scene(
    donor: Name, other: Name, change: Callable[[Rgb], Rgb], donors: Donors
) -> None:
    before = change(_portrait_around_the_face(other))
    result = personae.swap(before, donors[donor])
    (face,) = personae.detect(result.image)
    seen = personae.embed(result.image, face)
    to_donor = personae.distance(seen, donors[donor].embedding)
    to_scene = personae.distance(seen, personae.embed(before))
    between = personae.distance(donors[donor].embedding, personae.embed(before))
    print(
        f"\n  {donor:>8} on {other:<8} {change.__name__:<13}"
        f" to donor {to_donor:.4f}  to scene {to_scene:.4f}  donor to scene {between:.4f}"
    )
    assert to_donor < to_scene


def _portrait_around_the_face(name: Name) -> Rgb:
    """The portrait as it comes, scaled so that the face is some 200 pixels tall."""
    rgb = portrait(name)
    if name == "hopper":
        return rgb.copy()
    part = rgb[:300, 80:370]
    return np.asarray(cv2.resize(part, None, fx=1.8, fy=1.8, interpolation=cv2.INTER_CUBIC))

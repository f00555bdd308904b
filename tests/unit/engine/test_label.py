"""The visible label: readable on anything, only under its plate, the same on every run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from personae.domain import labels
from personae.engine.canvas import RgbCanvas, YuvCanvas, YuvFormat
from personae.engine.label import Label, LabelPainter, draw_label
from personae.engine.lettering import draw_line
from personae.errors import InvalidRequest

Rgb = NDArray[np.uint8]
PLAIN = Label("AI-generated", "bottom-right", 0.04)


def painter(label: Label = PLAIN) -> LabelPainter:
    return LabelPainter(label, draw_line)


def noise(size_wh: tuple[int, int]) -> Rgb:
    return np.random.default_rng(5).integers(0, 256, (size_wh[1], size_wh[0], 3), np.uint8)


def flat(level: int) -> Callable[[tuple[int, int]], Rgb]:
    return lambda size_wh: np.full((size_wh[1], size_wh[0], 3), level, np.uint8)


def luminance(rgb: NDArray[np.float64]) -> float:
    """Relative luminance of sRGB by WCAG 2.2, range [0, 1]."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(picture: Rgb, label: LabelPainter) -> float:
    """Contrast ratio, by WCAG 2.2, of the letters' strokes and of the plate between them."""
    height, width = picture.shape[:2]
    patch = label.patch((width, height))
    x0, y0, x1, y1 = patch.box
    seen = picture[y0:y1, x0:x1].astype(np.float64)
    strokes = patch.light[:, :, 0] > 250
    plate = (patch.light[:, :, 0] < 17) & (patch.opacity[:, :, 0] > 0.699)
    assert strokes.sum() > 20
    assert plate.sum() > 20
    light, dark = luminance(seen[strokes].mean(axis=0)), luminance(seen[plate].mean(axis=0))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scene", [flat(255), flat(128), flat(0), noise])
@pytest.mark.parametrize("size_wh", [(320, 240), (97, 65), (721, 1283), (3840, 2160)])
def test_readable_on_any_picture(
    scene: Callable[[tuple[int, int]], Rgb], size_wh: tuple[int, int]
) -> None:
    canvas = RgbCanvas(scene(size_wh))
    label = painter()
    label.cover_into(canvas)
    assert contrast(canvas.rgb, label) >= 7


@pytest.mark.parametrize("place", labels.PLACES)
@pytest.mark.parametrize("size_wh", [(320, 240), (97, 65), (240, 321)])
def test_nothing_changes_outside_the_plate_which_stays_off_the_edge(
    place: str, size_wh: tuple[int, int]
) -> None:
    scene = noise(size_wh)
    canvas = RgbCanvas(scene.copy())
    x0, y0, x1, y1 = painter(Label("AI", place, 0.05)).cover_into(canvas).box
    changed = np.any(canvas.rgb != scene, axis=2)
    assert changed[y0:y1, x0:x1].any()
    changed[y0:y1, x0:x1] = False
    assert not changed.any()
    width, height = size_wh
    assert min(x0, y0, width - x1, height - y1) >= 2
    middle_x, middle_y = (x0 + x1) / 2 / width, (y0 + y1) / 2 / height
    assert (middle_y < 0.5) == place.startswith("top")
    if "left" in place or "right" in place:
        assert (middle_x < 0.5) == ("left" in place)
    else:
        assert abs(middle_x - 0.5) < 0.02


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("size_wh", [(320, 240), (321, 241)])
def test_frames_of_a_video_are_labelled_in_their_own_samples(
    bits: int, size_wh: tuple[int, int]
) -> None:
    width, height = size_wh
    kind = np.uint8 if bits == 8 else np.uint16
    rng = np.random.default_rng(3)
    scale = 1 << (bits - 8)
    sizes = [(height, width), *[(-(-height // 2), -(-width // 2))] * 2]
    planes = tuple(rng.integers(60, 190, size).astype(kind) * scale for size in sizes)
    before = [plane.copy() for plane in planes]
    label = painter()
    x0, y0, x1, y1 = label.cover_into(
        YuvCanvas((planes[0], planes[1], planes[2]), YuvFormat(0.2126, 0.0722, False, bits))
    ).box
    luma = planes[0][y0:y1, x0:x1][label.patch(size_wh).light[:, :, 0] > 254.9]
    assert np.abs(luma.mean() / scale - 235) < 12
    for plane, was, step in zip(planes, before, (1, 2, 2), strict=True):
        changed = plane != was
        changed[y0 // step : -(-y1 // step), x0 // step : -(-x1 // step)] = False
        assert not changed.any()


def test_a_label_shows_where_the_picture_is_transparent() -> None:
    scene = np.full((240, 320, 3), 77, np.uint8)
    alpha = np.zeros((240, 320), np.uint8)
    alpha[:, 280:] = 255
    canvas = RgbCanvas(scene)
    patch = painter().cover_into(canvas, alpha)
    x0, y0, x1, y1 = patch.box
    assert x0 < 280 < x1
    strokes = patch.light[:, :, 0] > 254.9
    assert alpha[y0:y1, x0:x1][strokes].min() >= 254
    assert canvas.rgb[y0:y1, x0:x1][strokes].min() >= 250
    between = alpha[(y0 + y1) // 2, x0 + 3]
    assert 150 < between < 200
    outside = alpha.copy()
    outside[y0:y1, x0:x1] = 0
    assert not outside[:, :280].any()
    assert (alpha[:, 280:] == 255).all()


def test_letters_are_legible_in_small_pictures_and_grow_with_large_ones() -> None:
    def height(size_wh: tuple[int, int]) -> int:
        _, y0, _, y1 = painter().patch(size_wh).box
        return y1 - y0

    assert height((320, 240)) >= 20
    assert height((3840, 2160)) / height((1920, 1080)) == pytest.approx(2, abs=0.1)
    assert height((720, 1280)) == height((1280, 720))


def test_a_long_label_is_wrapped_and_then_shrinks() -> None:
    text = "Generated with artificial intelligence by a studio of some name, 2026"
    wide, narrow = (
        painter(Label(text, "bottom", 0.04)).patch(size).box for size in ((1280, 720), (720, 1280))
    )
    assert narrow[2] - narrow[0] <= 720
    assert narrow[3] - narrow[1] > 1.5 * (wide[3] - wide[1])
    tiny = painter(Label("W" * 80, "top", 0.04)).patch((320, 240)).box
    assert tiny[2] - tiny[0] <= 320


def test_a_picture_without_room_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no room for a label"):
        draw_label(Label("W" * 80, "top", 0.04), (64, 20), draw_line)


def test_twice_is_the_same_and_another_size_is_another_patch() -> None:
    one, other = painter(), painter()
    for size_wh in ((320, 240), (640, 480), (320, 240)):
        first, second = one.patch(size_wh), other.patch(size_wh)
        assert first.box == second.box
        assert np.array_equal(first.opacity, second.opacity)
        assert np.array_equal(first.light, second.light)
    assert one.patch((320, 240)) is one.patch((320, 240))


def test_every_character_that_is_promised_has_a_letter() -> None:
    every = [char for char in labels.drawable() if not char.isspace()]
    for at in range(0, len(every), 200):
        draw_line("".join(every[at : at + 200]), 8)


@pytest.mark.parametrize("char", ["א", "ع", "ए", "ก", "😀"])
def test_other_characters_are_neither_promised_nor_drawn_as_boxes(char: str) -> None:
    with pytest.raises(InvalidRequest, match="font"):
        labels.check_drawable(char)
    if char not in "אع":  # These have letters, but would come in the wrong order and shape.
        with pytest.raises(InvalidRequest, match="no "):
            draw_line(char, 20)

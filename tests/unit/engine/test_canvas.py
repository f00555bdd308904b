"""Canvases change what they are told to, and not a sample beside it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from portraits import astronaut

from personae.engine.canvas import RgbCanvas, YuvCanvas, YuvFormat, thumbnail_size
from personae.errors import InvalidRequest

BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
FORMATS = [
    YuvFormat(*BT601, full_range=False, bits=8),
    YuvFormat(*BT709, full_range=True, bits=8),
    YuvFormat(*BT2020, full_range=False, bits=10),
    YuvFormat(*BT709, full_range=True, bits=10),
]
SUBSAMPLINGS = [(1, 1), (2, 1), (2, 2), (1, 2)]
SIZES = [(64, 48), (63, 47), (17, 64)]
EVERY = [
    pytest.param(form, sub, size, id=f"{form.bits}bit-{i}-{sub[0]}x{sub[1]}-{size[0]}x{size[1]}")
    for (i, form), sub, size in itertools.product(enumerate(FORMATS), SUBSAMPLINGS, SIZES)
]


def noise(form: YuvFormat, sub: tuple[int, int], size: tuple[int, int]) -> list[NDArray]:
    """Planes of random legal samples."""
    random = np.random.default_rng(5)
    dtype = np.uint8 if form.bits == 8 else np.uint16
    (width, height), (sx, sy) = size, sub
    shapes = [(height, width)] + [(-(-height // sy), -(-width // sx))] * 2
    return [random.integers(0, 2**form.bits, shape).astype(dtype) for shape in shapes]


def encode(rgb: NDArray[np.uint8], form: YuvFormat, sub: tuple[int, int]) -> list[NDArray]:
    """RGB to planes by the definitions of ITU-R BT.601/709, chroma averaged; even sizes."""
    r, g, b = (rgb[..., k].astype(np.float64) / 255 for k in range(3))
    y = form.kr * r + (1 - form.kr - form.kb) * g + form.kb * b
    cb, cr = (b - y) / (2 - 2 * form.kb), (r - y) / (2 - 2 * form.kr)
    top, unit = 2**form.bits - 1, 2 ** (form.bits - 8)
    if form.full_range:
        planes = [y * top, cb * top + 128 * unit, cr * top + 128 * unit]
    else:
        planes = [(16 + 219 * y) * unit, (128 + 224 * cb) * unit, (128 + 224 * cr) * unit]
    sx, sy = sub
    h, w = rgb.shape[:2]
    small = [p.reshape(h // sy, sy, w // sx, sx).mean((1, 3)) for p in planes[1:]]
    dtype = np.uint8 if form.bits == 8 else np.uint16
    return [np.clip(np.rint(p), 0, top).astype(dtype) for p in (planes[0], *small)]


def smooth_picture(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    layers = [60 + 2 * x, 200 - 2 * y, 90 + x + y]
    return np.stack(layers, -1).astype(np.uint8)


@pytest.mark.parametrize(("form", "sub", "size"), EVERY)
def test_a_difference_of_nothing_changes_no_sample(
    form: YuvFormat, sub: tuple[int, int], size: tuple[int, int]
) -> None:
    planes = noise(form, sub, size)
    before = [plane.copy() for plane in planes]
    canvas = YuvCanvas(tuple(planes), form)
    width, height = size
    for box in ((0, 0, width, height), (3, 5, width - 2, height - 1), (width - 1, 0, width, 1)):
        shape = (box[3] - box[1], box[2] - box[0], 3)
        canvas.add_into(box, np.zeros(shape, np.float32))
    for plane, old in zip(planes, before, strict=True):
        np.testing.assert_array_equal(plane, old)


@pytest.mark.parametrize(("form", "sub", "size"), EVERY)
def test_only_samples_under_the_difference_change(
    form: YuvFormat, sub: tuple[int, int], size: tuple[int, int]
) -> None:
    planes = noise(form, sub, size)
    before = [plane.copy() for plane in planes]
    box = (3, 5, 14, 22)
    delta = np.zeros((17, 11, 3), np.float32)
    delta[4:9, 2:6] = [40, -30, 25]
    YuvCanvas(tuple(planes), form).add_into(box, delta)
    changed = np.zeros((size[1], size[0]), bool)
    changed[9:14, 5:9] = True
    sx, sy = sub
    y, x = np.nonzero(changed)
    chroma = np.zeros(planes[1].shape, bool)
    chroma[y // sy, x // sx] = True
    for plane, old, allowed in zip(planes, before, (changed, chroma, chroma), strict=True):
        np.testing.assert_array_equal(plane[~allowed], old[~allowed])
        assert (plane[allowed] != old[allowed]).any()


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.bits}bit-{form.kr}")
@pytest.mark.parametrize("sub", SUBSAMPLINGS, ids=str)
def test_regions_show_the_encoded_colours(form: YuvFormat, sub: tuple[int, int]) -> None:
    picture = smooth_picture()
    canvas = YuvCanvas(tuple(encode(picture, form, sub)), form)
    for box in ((0, 0, 64, 48), (7, 3, 40, 31)):
        x0, y0, x1, y1 = box
        region = canvas.region_rgb(box).astype(int)
        error = np.abs(region - picture[y0:y1, x0:x1])
        assert region.shape == (y1 - y0, x1 - x0, 3)
        # Interpolated chroma is off by up to half a step of the ramps at the picture's edge.
        assert error.max() <= (2 if sub == (1, 1) else 4)
        assert error.mean() < 1


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.bits}bit-{form.kr}")
@pytest.mark.parametrize("sub", SUBSAMPLINGS, ids=str)
def test_what_is_added_is_seen(form: YuvFormat, sub: tuple[int, int]) -> None:
    picture = smooth_picture()
    canvas = YuvCanvas(tuple(encode(picture, form, sub)), form)
    before = canvas.region_rgb((8, 8, 40, 40)).astype(int)
    canvas.add_into((8, 8, 40, 40), np.full((32, 32, 3), [30, -20, 10], np.float32))
    after = canvas.region_rgb((8, 8, 40, 40)).astype(int)
    inside = (after - before)[4:-4, 4:-4] - [30, -20, 10]
    assert np.abs(inside).max() <= 3


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.bits}bit-{form.kr}")
def test_samples_stay_in_their_range(form: YuvFormat) -> None:
    for value in (-255.0, 255.0):
        planes = noise(form, (2, 2), (32, 32))
        YuvCanvas(tuple(planes), form).add_into((0, 0, 32, 32), np.full((32, 32, 3), value, "f"))
        for plane in planes:
            assert plane.max() <= 2**form.bits - 1
        assert (planes[0] == 0).mean() > 0.5 if value < 0 else planes[0].min() > 0


@pytest.mark.parametrize("quarter", [1, 2, 3])
@pytest.mark.parametrize("sub", SUBSAMPLINGS, ids=str)
def test_turned_views_are_read_and_written_through(quarter: int, sub: tuple[int, int]) -> None:
    form = FORMATS[0]
    stored = encode(smooth_picture(), form, sub)
    upright = [np.rot90(plane, quarter) for plane in stored]
    flat = [np.ascontiguousarray(plane) for plane in upright]
    through, copied = YuvCanvas(tuple(upright), form), YuvCanvas(tuple(flat), form)
    assert through.size_wh == copied.size_wh == ((48, 64) if quarter != 2 else (64, 48))
    box = (5, 7, 30, 29)
    np.testing.assert_array_equal(through.region_rgb(box), copied.region_rgb(box))
    np.testing.assert_array_equal(through.thumbnail_rgb(20), copied.thumbnail_rgb(20))
    delta = np.random.default_rng(1).uniform(-40, 40, (22, 25, 3)).astype(np.float32)
    for canvas in (through, copied):
        canvas.add_into(box, delta)
    for plane, other in zip(stored, flat, strict=True):
        np.testing.assert_array_equal(np.rot90(plane, quarter), other)


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        ((1920, 1080), 640, (640, 360)),
        ((1080, 1920), 640, (360, 640)),
        ((300, 200), 640, (300, 200)),
        ((5000, 2), 100, (100, 1)),
        ((1, 1), 64, (1, 1)),
    ],
)
def test_thumbnails_fit_and_never_grow(
    size: tuple[int, int], limit: int, expected: tuple[int, int]
) -> None:
    assert thumbnail_size(size, limit) == expected
    width, height = size
    thumbnail = RgbCanvas(np.zeros((height, width, 3), np.uint8)).thumbnail_rgb(limit)
    assert thumbnail.shape == (expected[1], expected[0], 3)
    planes = noise(FORMATS[0], (2, 2), size)
    thumbnail = YuvCanvas(tuple(planes), FORMATS[0]).thumbnail_rgb(limit)
    assert thumbnail.shape == (expected[1], expected[0], 3)


def test_a_yuv_thumbnail_looks_like_the_picture() -> None:
    picture = astronaut()
    planes = tuple(encode(picture, FORMATS[0], (2, 2)))
    # The larger one is averaged; the smaller one is made of every fourth sample only.
    for limit, most in ((200, 2.5), (64, 9)):
        rgb = RgbCanvas(picture).thumbnail_rgb(limit).astype(int)
        yuv = YuvCanvas(planes, FORMATS[0]).thumbnail_rgb(limit)
        assert np.abs(yuv - rgb).mean() < most


def test_a_thumbnail_is_the_callers_own() -> None:
    canvas = RgbCanvas(smooth_picture())
    before = canvas.rgb.copy()
    canvas.thumbnail_rgb(1000)[:] = 0
    canvas.region_rgb((0, 0, 5, 5))[:] = 0
    canvas.region_rgb((0, 0, 64, 48))[:] = 0
    np.testing.assert_array_equal(canvas.rgb, before)


def test_rgb_adds_rounds_and_clips() -> None:
    rgb = np.full((4, 4, 3), 100, np.uint8)
    delta = np.zeros((2, 2, 3), np.float32)
    delta[0, 0] = [0.4, 0.6, -300]
    delta[1, 1] = [300, -0.4, -0.6]
    RgbCanvas(rgb).add_into((1, 1, 3, 3), delta)
    assert rgb[1, 1].tolist() == [100, 101, 0]
    assert rgb[2, 2].tolist() == [255, 100, 99]
    rgb[1, 1] = rgb[2, 2] = 100
    assert (rgb == 100).all()


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="float32"):
        RgbCanvas(np.zeros((4, 4, 3), np.float32))
    with pytest.raises(InvalidRequest, match=r"\(4, 4\)"):
        RgbCanvas(np.zeros((4, 4), np.uint8))
    luma = np.zeros((8, 8), np.uint8)
    with pytest.raises(InvalidRequest, match="differ"):
        YuvCanvas((luma, luma[:4, :4], luma), FORMATS[0])
    with pytest.raises(InvalidRequest, match="do not fit"):
        YuvCanvas((luma, luma[:3, :3], luma[:3, :3]), FORMATS[0])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_view_of_odd_size_is_read_and_written_as_the_upright_one(turns: int) -> None:
    form = FORMATS[0]
    planes = noise(form, (2, 2), (37, 23))
    straight = YuvCanvas(tuple(plane.copy() for plane in planes), form)
    stored = [plane.copy() for plane in planes]
    views = tuple(np.rot90(plane, turns) for plane in stored)
    mirrored = {1: (False, True), 2: (True, True), 3: (True, False)}[turns]
    turned = YuvCanvas(views, form, mirrored)
    width, height = turned.size_wh
    # Interior pixels: at the edge chroma is interpolated over another neighbour.
    whole = straight.region_rgb((0, 0, 37, 23))
    same = np.rot90(turned.region_rgb((0, 0, width, height)), -turns)
    # Chroma is rounded between the two directions of its interpolation, in another order.
    assert np.abs(whole[3:-3, 3:-3].astype(int) - same[3:-3, 3:-3]).max() <= 3
    delta = np.zeros((23, 37, 3), np.float32)
    delta[8:13, 11:18] = (40, -20, 10)
    straight.add_into((0, 0, 37, 23), delta)
    turned.add_into((0, 0, width, height), np.ascontiguousarray(np.rot90(delta, turns)))
    for expected, written in zip(straight.planes, stored, strict=True):
        assert np.abs(expected.astype(int) - written).max() <= 1

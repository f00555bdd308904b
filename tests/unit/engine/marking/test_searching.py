"""A mark is found at any scale, place and reflection, and only where there is one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from personae.engine.marking import pattern, searching

MARK = 0xC0FFEE1234


def marked(
    size: int = 360, offset: tuple[int, int] = (31, 50), strength: float = 1.8
) -> np.ndarray:
    """A soft grey picture with grain and a mark all over it: float32 (size, size)."""
    random = np.random.default_rng(8)
    soft = cv2.GaussianBlur(random.normal(0, 1, (size, size)), (0, 0), 12)
    picture = 120 + soft / soft.std() * 20 + random.normal(0, 1.5, (size, size))
    picture += strength * pattern.spread(MARK, 72, (size, size), offset)
    return np.rint(picture).astype(np.float32)


def found(luma: np.ndarray, sides: list[float]) -> searching.Reading | None:
    for rough in searching.look(luma, sides)[:8]:
        reading = searching.read(searching.refine(luma, rough))
        if reading is not None:
            return reading
    return None


SIDES = searching.periods((1280, 720))


@pytest.mark.parametrize("by", [0.5, 0.577, 0.71, 0.93, 1.0])
def test_any_scale(by: float) -> None:
    luma = marked(480)
    side = round(480 * by)
    small = cv2.resize(luma, (side, side), interpolation=cv2.INTER_AREA)
    reading = found(small, searching.periods((640, 360)))
    assert reading is not None
    assert reading.mark == MARK
    assert abs(reading.period_px / (72 * by) - 1) < 0.01
    assert 0.4 < reading.confidence <= 1


@pytest.mark.parametrize("offset", [(0, 0), (1, 71), (36, 36), (17, 3)])
def test_any_place(offset: tuple[int, int]) -> None:
    reading = found(marked(offset=offset), SIDES)
    assert reading is not None
    assert (reading.mark, reading.mirrored) == (MARK, False)


def test_mirrored() -> None:
    reading = found(np.ascontiguousarray(marked()[:, ::-1]), SIDES)
    assert reading is not None
    assert (reading.mark, reading.mirrored) == (MARK, True)


def test_frames_too_faint_to_be_read_alone_add_up() -> None:
    sights: list[searching.Sight] = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        luma = marked(300, (seed, 2 * seed), 1.0)
        luma = (luma + random.normal(0, 20, luma.shape)).astype(np.float32)
        sights += searching.look(luma, [72.0])[:1]
    faint = [one for one in sights if searching.read(one) is None and one.score > 5]
    assert len(faint) >= 3
    reading = searching.read(searching.fuse(faint))
    assert reading is not None
    assert reading.mark == MARK


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_where_nothing_is(seed: int) -> None:
    random = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(random.normal(0, 1, (300, 300)), (0, 0), 0.5 + seed)
    luma = (128 + 25 * grain / grain.std()).astype(np.float32)
    assert found(luma, SIDES) is None


@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
def test_a_flat_picture_shows_nothing(level: float) -> None:
    assert found(np.full((200, 220), level, np.float32), SIDES) is None


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (9, 9)])
def test_a_sliver_is_no_trouble(shape: tuple[int, int]) -> None:
    assert found(np.full(shape, 90, np.float32), SIDES) is None


def test_a_search_can_be_stopped() -> None:
    asked: list[int] = []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    searching.look(marked(), SIDES, should_stop)
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("size_wh", "scale", "period"),
    [
        ((640, 360), 0.5, 72),  # of 720p
        ((896, 504), 1.0, 72),  # 70 % of 720p
        ((1280, 720), 0.5, 108),  # of 1440p
        ((1920, 1080), 0.5, 108),  # of 4K
        ((2000, 1500), 0.5, 180),  # of a photo
    ],
)
def test_the_scales_that_may_be_are_tried(
    size_wh: tuple[int, int], scale: float, period: int
) -> None:
    sides = searching.periods(size_wh)
    assert min(abs(side / (period * scale) - 1) for side in sides) < 0.006
    assert len(sides) < 200

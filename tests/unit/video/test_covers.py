"""Covers and thumbnails: which moment, how large, and the whole picture in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from clips import Rgb, audio_only, rotated_clip, write_clip
from personae.errors import Canceled, MediaError
from personae.video.covers import cover_of, thumbnail_of

SIZE_WH = (160, 120)
BOX = (1080, 540)


def plain(colour: tuple[int, int, int], size_wh: tuple[int, int] = SIZE_WH) -> Rgb:
    return np.full((size_wh[1], size_wh[0], 3), colour, np.uint8)


def shade(number: int) -> Rgb:
    """A frame that tells its number by its grey."""
    return plain((60 + number, 60 + number, 60 + number))


def number_of(rgb: Rgb) -> float:
    return float(rgb.mean()) - 60


def test_a_cover_comes_a_tenth_into_a_clip_but_not_after_a_second(tmp_path: Path) -> None:
    short = write_clip(tmp_path / "s.mp4", pictures=map(shade, range(50)), frames=50)
    long = write_clip(tmp_path / "l.mp4", pictures=(shade(i // 2) for i in range(300)), frames=300)
    assert number_of(cover_of(short).rgb) == pytest.approx(5, abs=1.5)
    assert number_of(cover_of(long).rgb) == pytest.approx(25 / 2, abs=1.5)


def test_a_black_beginning_is_no_cover(tmp_path: Path) -> None:
    black = [plain((3, 3, 3))] * 20
    clip = write_clip(
        tmp_path / "c.mp4", pictures=[*black, *[plain((200, 40, 40))] * 20], frames=40
    )
    assert cover_of(clip).rgb[..., 0].mean() > 150
    night = write_clip(tmp_path / "n.mp4", pictures=black, frames=20)
    assert cover_of(night).rgb.shape == (120, 160, 3)
    frames = [Image.fromarray(one) for one in (black[0], black[0], plain((40, 200, 40)))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    assert cover_of(tmp_path / "a.gif").rgb[..., 1].mean() > 150


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_cover_stands_upright(tmp_path: Path, turn: int) -> None:
    upright = plain((90, 90, 90), (120, 160))
    upright[:40] = (230, 60, 60)
    stored = np.ascontiguousarray(np.rot90(upright, turn // 90))
    size_wh = (stored.shape[1], stored.shape[0])
    clip = rotated_clip(
        tmp_path / "c.mp4", turn, pictures=[stored] * 10, frames=10, size_wh=size_wh
    )
    cover = cover_of(clip).rgb
    assert cover.shape == upright.shape
    assert cover[:30, :, 0].mean() > cover[60:, :, 0].mean() + 80


def test_transparent_parts_are_white_and_profiles_stay(tmp_path: Path) -> None:
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[:20] = (200, 0, 0, 255)
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(rgba).save(tmp_path / "p.png", icc_profile=icc)
    cover = cover_of(tmp_path / "p.png")
    assert cover.rgb[5, 5].tolist() == [200, 0, 0]
    assert cover.rgb[30, 5].tolist() == [255, 255, 255]
    assert cover.icc is not None


def test_sound_alone_has_no_cover_and_a_stop_is_heeded(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        cover_of(audio_only(tmp_path / "s.m4a"))

    def stop() -> None:
        raise Canceled

    with pytest.raises(Canceled):
        cover_of(write_clip(tmp_path / "c.mp4"), stop)


@pytest.mark.parametrize(
    "size_wh", [(320, 240), (200, 900), (3000, 400), (1080, 540), (7, 5), (1, 1)]
)
def test_a_thumbnail_shows_the_whole_picture_on_itself_darkened(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    picture = plain((160, 120, 80), size_wh)
    # The four sides in other colours: whatever is cut off is missed.
    if min(size_wh) > 100:
        edge = 20
        picture[:edge], picture[-edge:] = (255, 0, 0), (0, 255, 0)
        picture[:, :edge], picture[:, -edge:] = (0, 0, 255), (255, 255, 0)
    made = thumbnail_of(picture, BOX)
    assert made.shape == (BOX[1], BOX[0], 3)
    fit = min(BOX[0] / width, BOX[1] / height)
    w, h = max(1, round(width * fit)), max(1, round(height * fit))
    x, y = (BOX[0] - w) // 2, (BOX[1] - h) // 2
    inside = made[y : y + h, x : x + w].astype(int)
    middle = inside[h // 2, w // 2]
    assert np.abs(middle - (160, 120, 80)).max() <= 1
    if min(size_wh) > 100:
        assert inside[1, w // 2].argmax() == 0
        assert inside[-2, w // 2].argmax() == 1
        assert inside[h // 2, 1].argmax() == 2
        assert min(inside[h // 2, -2].tolist()[:2]) > 200
    rest = np.ones(made.shape[:2], bool)
    rest[y : y + h, x : x + w] = False
    if rest.any():
        outside = made[rest].astype(float)
        assert outside.mean() < 0.75 * picture.mean()
        assert outside.max() < 200
        assert outside.mean() > 10  # It is not just black.


def test_the_same_picture_gives_the_same_thumbnail() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (333, 777, 3), np.uint8)
    before = noise.copy()
    assert np.array_equal(thumbnail_of(noise, BOX), thumbnail_of(noise, BOX))
    assert np.array_equal(noise, before)

"""Pixel formats, colours and turns."""

from __future__ import annotations

import av
import numpy as np
import pytest

from personae.errors import InvalidRequest, MediaUnsupported
from personae.video.codecs import CODECS, EncodeSettings, choose_encoding
from personae.video.formats import (
    CONVERTED,
    KEPT,
    ColourTags,
    check_colours,
    has_alpha,
    planar_format,
    sample_bits,
    yuv_format,
)
from personae.video.orientation import Orientation, orientation_of

ONE = 1 << 16


@pytest.mark.parametrize("name", sorted(KEPT))
def test_the_table_of_kept_formats_is_ffmpegs(name: str) -> None:
    form = av.VideoFormat(name, 64, 64)
    assert form.is_planar
    assert not form.is_big_endian
    luma, blue, red = form.components
    assert (luma.bits, blue.bits, red.bits) == (KEPT[name].bits,) * 3
    assert (luma.width // blue.width, luma.height // blue.height) == (KEPT[name].sx, KEPT[name].sy)


@pytest.mark.parametrize("name", sorted(CONVERTED))
def test_conversions_never_lose_depth_or_colour(name: str) -> None:
    before, after = av.VideoFormat(name, 64, 64), av.VideoFormat(CONVERTED[name], 64, 64)
    assert CONVERTED[name] in KEPT
    assert sample_bits(CONVERTED[name]) >= sample_bits(name)
    if len(before.components) >= 3 and not before.is_rgb:
        was, becomes = before.components[1], after.components[1]
        assert becomes.width >= was.width
        assert becomes.height >= was.height
    if before.is_rgb:
        assert after.components[1].width == 64


@pytest.mark.parametrize("name", ["yuva420p", "rgba", "bgra", "gbrap", "yuva444p12le", "ya8"])
def test_alpha_is_seen_and_refused(name: str) -> None:
    assert has_alpha(name)
    with pytest.raises(MediaUnsupported, match="transparency"):
        planar_format("a.mov", name)


@pytest.mark.parametrize("name", ["bayer_rggb8", "yuv420p16le", "grayf32le"])
def test_formats_in_no_table_are_refused(name: str) -> None:
    with pytest.raises(MediaUnsupported, match=name):
        planar_format("a.mov", name)


@pytest.mark.parametrize("matrix", [8, 10, 11, 12, 13, 14])
def test_matrices_that_are_not_three_weights_are_refused(matrix: int) -> None:
    with pytest.raises(MediaUnsupported, match="colour matrix"):
        check_colours("a.mp4", ColourTags(matrix=matrix))


@pytest.mark.parametrize(
    ("matrix", "height", "kr"),
    [(1, 100, 0.2126), (6, 1080, 0.299), (5, 1080, 0.299), (9, 100, 0.2627), (2, 719, 0.299),
     (2, 720, 0.2126), (0, 720, 0.2126)],
)  # fmt: skip
def test_a_missing_matrix_goes_by_the_height(matrix: int, height: int, kr: float) -> None:
    check_colours("a.mp4", ColourTags(matrix=matrix))
    assert yuv_format("yuv420p", ColourTags(matrix=matrix), height).kr == kr


def test_range_and_bits_are_read_from_tags_and_names() -> None:
    assert yuv_format("yuvj420p", ColourTags(), 100).full_range
    assert yuv_format("yuv420p", ColourTags(range=2), 100).full_range
    assert not yuv_format("yuv420p", ColourTags(range=1), 100).full_range
    assert not yuv_format("yuv420p", ColourTags(), 100).full_range
    assert yuv_format("yuv422p12le", ColourTags(), 100).bits == 12


TURNS = {
    (ONE, 0, 0, ONE): (0, False),
    (0, ONE, -ONE, 0): (90, False),
    (-ONE, 0, 0, -ONE): (180, False),
    (0, -ONE, ONE, 0): (270, False),
    (-ONE, 0, 0, ONE): (0, True),
    (ONE, 0, 0, -ONE): (180, True),
    (0, ONE, ONE, 0): (90, True),
    (0, -ONE, -ONE, 0): (270, True),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_display_matrix_moves_every_sample_to_its_place(turn: tuple[int, ...]) -> None:
    a, b, c, d = (v // ONE for v in turn)
    orientation = orientation_of((turn[0], turn[1], 0, turn[2], turn[3], 0, 0, 0, 1 << 30))
    coded = np.arange(15).reshape(3, 5)
    upright = orientation.upright(coded)
    places = {(x, y): (a * x + c * y, b * x + d * y) for x in range(5) for y in range(3)}
    left, top = (min(p[i] for p in places.values()) for i in (0, 1))
    for (x, y), (right, down) in places.items():
        assert upright[down - top, right - left] == coded[y, x]
    assert upright.shape == orientation.size_wh((5, 3))[::-1]
    assert (orientation.rotation_deg, orientation.mirrored) == TURNS[turn]
    assert np.shares_memory(upright, coded)


def test_a_tilt_is_kept_for_the_output_and_not_undone() -> None:
    tilted = (46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
    assert orientation_of(tilted) == Orientation(matrix=tilted)
    assert orientation_of(tilted).is_upright


@pytest.mark.parametrize("name", CODECS)
def test_every_codec_has_its_encoder_in_the_wheel(name: str) -> None:
    assert CODECS[name].available
    assert "yuv420p" in CODECS[name].pixel_formats()


@pytest.mark.parametrize(
    ("container", "pixel_format", "codec", "stored"),
    [
        ("mp4", "yuv420p", "h264", "yuv420p"),
        ("mp4", "yuvj420p", "h264", "yuvj420p"),
        ("mp4", "yuv422p10le", "h264", "yuv422p10le"),
        ("mov", "yuv444p12le", "hevc", "yuv444p12le"),
        ("webm", "yuv444p", "vp9", "yuv444p"),
        ("webm", "yuvj420p", "vp9", "yuv420p"),
        ("webm", "yuv420p10le", "av1", "yuv420p10le"),
    ],
)
def test_the_codec_suits_container_and_samples(
    container: str, pixel_format: str, codec: str, stored: str
) -> None:
    made = choose_encoding(container, pixel_format, (64, 64), EncodeSettings())
    assert (made.codec.name, made.pixel_format, made.notes) == (codec, stored, ())


def test_where_no_codec_fits_another_container_is_named() -> None:
    with pytest.raises(MediaUnsupported, match="mkv"):
        choose_encoding("webm", "yuv444p10le", (64, 64), EncodeSettings())


@pytest.mark.parametrize("codec", CODECS)
def test_threads_do_not_reach_options_that_change_bits(codec: str) -> None:
    few, many = (
        choose_encoding("mp4", "yuv420p", (64, 64), EncodeSettings(codec=codec, threads=n)).options
        for n in (1, 8)
    )
    harmless = {"pools=1", "pools=8", "lp=1", "lp=8"}
    for key in few:
        differing = set(few[key].split(":")) ^ set(many[key].split(":"))
        assert differing <= harmless


def test_presets_are_the_same_words_for_all() -> None:
    for codec in CODECS:
        for preset in ("ultrafast", "medium", "veryslow"):
            settings = EncodeSettings(codec=codec, preset=preset)
            choose_encoding("mp4", "yuv420p", (64, 64), settings)
        with pytest.raises(InvalidRequest, match="preset"):
            choose_encoding("mp4", "yuv420p", (64, 64), EncodeSettings(codec=codec, preset="8"))

"""Stills come in upright, whatever their mode, and go out complete or not at all."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from personae.errors import (
    InvalidRequest,
    MediaTooLarge,
    MediaUnreachable,
    MediaUnreadable,
    MediaUnsupported,
)
from personae.video.limits import MediaLimits
from personae.video.saving import EXTENSIONS, save_picture
from personae.video.stills import load_picture

UInt8 = NDArray[np.uint8]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def ramp(width: int = 40, height: int = 30) -> UInt8:
    """A smooth picture in which every corner differs."""
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([x * 255 // width, y * 255 // height, (x + y) * 2]).astype(np.uint8)


def grey_ramp() -> UInt8:
    return np.asarray(Image.fromarray(ramp()).convert("L"), np.uint8)


def written(tmp_path: Path, image: Image.Image, name: str, **options: object) -> Path:
    path = tmp_path / name
    image.save(path, **options)
    return path


def png(width: int, height: int, depth: int, color: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG by hand, for the kinds that Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + body + chunk(b"IEND", b"")


def test_rgb_png_is_read_exactly(tmp_path: Path) -> None:
    picture = load_picture(written(tmp_path, Image.fromarray(ramp()), "a.png"))
    assert np.array_equal(picture.rgb, ramp())
    assert picture.alpha is None
    assert picture.size_wh == (40, 30)
    assert picture.format == "PNG"
    assert picture.notes == ()
    assert picture.rgb.flags.writeable
    assert picture.rgb.flags.c_contiguous


def test_bytes_are_read_like_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, Image.fromarray(ramp()), "a.png")
    assert np.array_equal(load_picture(path.read_bytes()).rgb, ramp())


def test_one_pixel_loads(tmp_path: Path) -> None:
    path = written(tmp_path, Image.new("RGB", (1, 1), (9, 8, 7)), "a.png")
    assert load_picture(path).rgb.tolist() == [[[9, 8, 7]]]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_every_mode_looks_like_the_picture(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(ramp())
    expected = ramp() if mode != "L" else np.repeat(grey_ramp()[:, :, None], 3, axis=2)
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(image, SRGB, lab, outputMode="LAB")
        profile = ImageCms.ImageCmsProfile(lab).tobytes()
        path = written(tmp_path, image, "a.tif", icc_profile=profile)
    else:
        image = image.quantize(256) if mode == "P" else image.convert(mode)
        path = written(tmp_path, image, "a.tif")
    rgb = load_picture(path).rgb.astype(int)
    assert np.abs(rgb - expected).mean() < 4


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    image = Image.fromarray(ramp()).convert("1")
    rgb = load_picture(written(tmp_path, image, "a.png")).rgb
    assert np.array_equal(rgb[:, :, 0], np.asarray(image, np.uint8) * 255)


def test_grey_with_alpha(tmp_path: Path) -> None:
    alpha = ramp()[:, :, 0]
    image = Image.fromarray(np.dstack([grey_ramp(), alpha]), mode="LA")
    picture = load_picture(written(tmp_path, image, "a.png"))
    assert np.array_equal(picture.rgb[:, :, 1], grey_ramp())
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, alpha)


def test_palette_with_a_transparent_entry(tmp_path: Path) -> None:
    image = Image.new("P", (4, 2), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 1), 1)
    picture = load_picture(written(tmp_path, image, "a.png", transparency=1))
    assert picture.alpha is not None
    assert picture.alpha[1, 1] == 0
    assert picture.alpha.sum() == 255 * 7
    assert picture.rgb[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["grey", "rgb"])
def test_sixteen_bits_are_scaled_not_clipped(kind: str) -> None:
    values = np.linspace(0, 65535, 64 * 4).astype(">u2").reshape(4, 64)
    if kind == "grey":
        rows = b"".join(b"\0" + row.tobytes() for row in values)
        data = png(64, 4, 16, 0, rows)
    else:
        rows = b"".join(b"\0" + np.repeat(row, 3).tobytes() for row in values)
        data = png(64, 4, 16, 2, rows)
    picture = load_picture(data)
    expected = values.astype(float) / 257
    assert np.abs(picture.rgb.astype(float) - expected[:, :, None]).max() <= 1
    assert "16-bit" in picture.notes[0]


def test_sixteen_bit_transparent_colour() -> None:
    row = np.array([[40000, 100, 200], [1, 2, 3]], ">u2")
    chunk = b"tRNS" + row[0].tobytes()
    trns = struct.pack(">I", 6) + chunk + struct.pack(">I", zlib.crc32(chunk))
    picture = load_picture(png(2, 1, 16, 2, b"\0" + row.tobytes(), trns))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0, 255]]


@pytest.mark.parametrize("white", [1.0, 255.0])
def test_float_tiff_finds_its_scale(tmp_path: Path, white: float) -> None:
    samples = np.linspace(0, white, 100, dtype=np.float32).reshape(10, 10)
    samples[0, 0] = np.nan
    rgb = load_picture(written(tmp_path, Image.fromarray(samples), "a.tif")).rgb
    assert rgb[0, 0, 0] == 0
    assert rgb[-1, -1].tolist() == [255, 255, 255]
    assert abs(int(rgb[5, 0, 0]) - 129) <= 2


def test_cmyk_goes_through_its_profile(tmp_path: Path) -> None:
    """A profile that is not CMYK must not be used, nor be carried to the RGB output."""
    image = Image.fromarray(ramp()).convert("CMYK")
    picture = load_picture(written(tmp_path, image, "a.jpg", icc_profile=SRGB.tobytes()))
    assert picture.icc is None
    assert np.abs(picture.rgb.astype(int) - ramp()).mean() < 6


def test_rgb_profile_is_carried_along(tmp_path: Path) -> None:
    profile = SRGB.tobytes()
    path = written(tmp_path, Image.fromarray(ramp()), "a.png", icc_profile=profile)
    picture = load_picture(path)
    assert picture.icc == profile
    assert np.array_equal(picture.rgb, ramp())
    out = tmp_path / "out.jpg"
    save_picture(out, picture.rgb, icc=picture.icc)
    assert load_picture(out).icc == profile


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turned_pictures_come_upright(tmp_path: Path, orientation: int) -> None:
    turned = {
        1: ramp(),
        2: ramp()[:, ::-1],
        3: ramp()[::-1, ::-1],
        4: ramp()[::-1],
        5: ramp().transpose(1, 0, 2),
        6: np.rot90(ramp(), 1),
        7: ramp()[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(ramp(), -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    path = written(tmp_path, Image.fromarray(np.ascontiguousarray(turned)), "a.png", exif=exif)
    picture = load_picture(path)
    assert np.array_equal(picture.rgb, ramp())
    out = tmp_path / "out.png"
    save_picture(out, picture.rgb, exif=picture.exif)
    with Image.open(out) as again:
        assert again.getexif().get(0x0112, 1) == 1
        assert again.getexif()[0x010F] == "Maker"


def test_the_exif_preview_is_left_out(tmp_path: Path) -> None:
    """It would go on showing the face that was replaced."""
    preview = b"\xff\xd8" + b"preview" * 20 + b"\xff\xd9"
    first = struct.pack("<HHHI4sI", 1, 0x010F, 2, 4, b"Me\0\0", 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(preview), 0)
    exif = b"Exif\0\0" + struct.pack("<2sHI", b"II", 42, 8) + first + second + preview
    path = written(tmp_path, Image.fromarray(ramp()), "a.jpg", exif=exif)
    assert b"preview" in path.read_bytes()
    cleaned = load_picture(path).exif
    assert cleaned is not None
    assert b"Me" in cleaned
    assert b"preview" not in cleaned


# --- bad input


def test_missing_file_names_itself_and_its_role(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match=r"The donor .*gone\.jpg does not exist"):
        load_picture(tmp_path / "gone.jpg", "donor")


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match="not a file"):
        load_picture(tmp_path)


def test_zero_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(MediaUnreadable, match=r"a\.png is empty"):
        load_picture(tmp_path / "a.png")
    with pytest.raises(MediaUnreadable, match="is empty"):
        load_picture(b"")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.tif", "a.bmp", "a.avif"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_cut_off_pictures_are_refused(tmp_path: Path, name: str, share: float) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    path = written(tmp_path, Image.fromarray(noise), name)
    data = path.read_bytes()
    path.write_bytes(data[: max(8, int(len(data) * share))])
    with pytest.raises((MediaUnreadable, MediaUnsupported)):
        load_picture(path)


def test_noise_after_the_header_is_refused_cleanly(tmp_path: Path) -> None:
    source = written(tmp_path, Image.fromarray(ramp(200, 200)), "a.png").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(source)
        for at in random.integers(8, len(data), 20):
            data[at] = int(random.integers(0, 256))
        try:
            load_picture(bytes(data))
        except (MediaUnreadable, MediaTooLarge, MediaUnsupported):
            continue


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(200), "an MP4 video"),
        (b"%PDF-1.7\n" + bytes(200), "a PDF"),
        (b"hello, world\n" * 20, "unknown kind"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), "HEIC"),
    ],
)
def test_other_files_say_what_they_are(tmp_path: Path, data: bytes, what: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    with pytest.raises(MediaUnsupported, match=what):
        load_picture(path)


def test_huge_pictures_are_refused_from_their_header() -> None:
    """There is no pixel data to decode, so only the header can be the reason."""
    for width, height in ((20_000, 20_000), (60_000, 60_000), (20_000, 2), (10_000, 10_000)):
        with pytest.raises(MediaTooLarge, match=r"allowed|may have"):
            load_picture(png(width, height, 8, 2, b""))


def test_decompression_bomb_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, Image.new("1", (16_000, 16_000)), "bomb.png")
    assert path.stat().st_size < 100_000
    with pytest.raises(MediaTooLarge):
        load_picture(path)


def test_limits_are_the_callers(tmp_path: Path) -> None:
    path = written(tmp_path, Image.fromarray(ramp()), "a.png")
    for limits in (
        MediaLimits(picture_pixels=1199),
        MediaLimits(side_px=39),
        MediaLimits(file_bytes=50),
    ):
        with pytest.raises(MediaTooLarge, match=r"a\.png"):
            load_picture(path, limits=limits)
    load_picture(path, limits=MediaLimits(picture_pixels=1200, side_px=40))


def test_first_of_several_pages_is_used_and_said(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    path = written(tmp_path, pages[0], "a.tif", save_all=True, append_images=pages[1:])
    picture = load_picture(path)
    assert picture.rgb[0, 0].tolist() == [255, 0, 0]
    assert "holds 2 pictures" in picture.notes[0]


# --- out


@pytest.mark.parametrize("extension", sorted(EXTENSIONS))
def test_every_format_is_written_and_read_back(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"out{extension.upper()}"
    save_picture(path, ramp())
    again = load_picture(path)
    assert again.size_wh == (40, 30)
    assert np.abs(again.rgb.astype(int) - ramp()).mean() < 6
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("extension", [".png", ".tif", ".bmp"])
def test_lossless_formats_are_exact(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"out{extension}"
    save_picture(path, ramp())
    assert np.array_equal(load_picture(path).rgb, ramp())


@pytest.mark.parametrize("extension", [".png", ".webp", ".tif", ".avif"])
def test_alpha_is_kept(tmp_path: Path, extension: str) -> None:
    alpha = ramp()[:, :, 1]
    path = tmp_path / f"out{extension}"
    assert save_picture(path, ramp(), alpha) == ()
    again = load_picture(path).alpha
    assert again is not None
    assert np.abs(again.astype(int) - alpha).max() <= (6 if extension == ".avif" else 0)


@pytest.mark.parametrize("extension", [".jpg", ".bmp"])
def test_alpha_is_laid_on_white_where_it_cannot_be_kept(tmp_path: Path, extension: str) -> None:
    alpha = np.zeros((30, 40), np.uint8)
    path = tmp_path / f"out{extension}"
    (note,) = save_picture(path, ramp(), alpha)
    assert "white" in note
    assert load_picture(path).rgb.min() > 250
    assert save_picture(path, ramp(), np.full_like(alpha, 255)) == ()


def test_gif_keeps_few_colours_and_clear_pixels(tmp_path: Path) -> None:
    rgb = (ramp() // 64 * 64).astype(np.uint8)
    alpha = np.where(ramp()[:, :, 0] > 100, 255, 0).astype(np.uint8)
    path = tmp_path / "out.gif"
    assert save_picture(path, rgb, alpha) == ()
    again = load_picture(path)
    assert again.alpha is not None
    assert np.array_equal(again.alpha, alpha)
    assert np.array_equal(again.rgb[alpha > 0], rgb[alpha > 0])
    (note,) = save_picture(path, np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
    assert "256 colours" in note


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".gif", ".avif"])
def test_the_same_picture_gives_the_same_bytes(tmp_path: Path, extension: str) -> None:
    first, second = tmp_path / f"a{extension}", tmp_path / f"b{extension}"
    save_picture(first, ramp(), icc=SRGB.tobytes())
    save_picture(second, ramp(), icc=SRGB.tobytes())
    assert first.read_bytes() == second.read_bytes()


def test_jpeg_keeps_its_chroma(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.jpg", ramp())
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.layer[0][1:3] == image.layer[1][1:3]  # one sampling factor for all


@pytest.mark.parametrize("name", ["out.xyz", "out", "out.mp4"])
def test_unknown_extensions_list_the_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"\.png"):
        save_picture(tmp_path / name, ramp())
    assert list(tmp_path.iterdir()) == []


def test_bad_quality_is_refused(tmp_path: Path) -> None:
    for quality in (0, 101):
        with pytest.raises(InvalidRequest, match="quality"):
            save_picture(tmp_path / "a.jpg", ramp(), quality=quality)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match="nowhere does not exist"):
        save_picture(tmp_path / "nowhere" / "a.png", ramp())
    (tmp_path / "b.png").mkdir()
    with pytest.raises(MediaUnreachable, match="is a folder"):
        save_picture(tmp_path / "b.png", ramp())


@contextmanager
def almost_no_room() -> Iterator[None]:
    """Within the block, and not longer: no file of this process may grow beyond 500 bytes.

    Not a fixture, which would hold while pytest writes its report, perhaps to a file.
    """
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"before")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    with (
        almost_no_room(),
        pytest.raises(MediaUnreachable, match=r"a\.png cannot be written"),
    ):
        save_picture(tmp_path / "a.png", noise)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"before"


def test_impossible_name_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match="name is too long"):
        save_picture(tmp_path / ("a" * 250 + ".png"), ramp())
    assert list(tmp_path.iterdir()) == []


def test_existing_output_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    save_picture(path, ramp())
    assert np.array_equal(load_picture(path).rgb, ramp())


def test_too_long_a_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaTooLarge, match="16383"):
        save_picture(tmp_path / "a.webp", np.zeros((1, 17_000, 3), np.uint8))


def test_a_jpeg_of_thousands_of_passes_is_refused_at_once(tmp_path: Path) -> None:
    held = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 30)).save(held, "JPEG", progressive=True)
    whole = held.getvalue()
    scan = whole[whole.rfind(b"\xff\xda") : -2]
    path = tmp_path / "passes.jpg"
    path.write_bytes(whole)
    assert load_picture(path).rgb.shape == (64, 64, 3)
    path.write_bytes(whole[:-2] + scan * 300 + whole[-2:])
    with pytest.raises(MediaTooLarge, match="passes"):
        load_picture(path)

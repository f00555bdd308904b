"""Media are scaled down to a limit, never up, and stay what they are otherwise."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import ExifTags, Image

import clips
from personae.video.frames import plane_samples
from personae.video.reader import VideoReader
from personae.video.sizing import SizeLimit, fit_picture, fit_pixels
from personae.video.stills import load_picture
from personae.video.writer import VideoWriter

FULL_HD, TWO_K = SizeLimit(1920, 1080), SizeLimit(2560, 1440)


@pytest.mark.parametrize(
    ("limit", "size", "fits"),
    [
        (FULL_HD, (3840, 2160), (1920, 1080)),
        (FULL_HD, (2160, 3840), (1080, 1920)),
        (FULL_HD, (1280, 720), (1280, 720)),
        (FULL_HD, (1919, 1079), (1919, 1079)),  # fits: left alone, odd or not
        (FULL_HD, (4096, 2160), (1920, 1012)),
        (FULL_HD, (4096, 1024), (1920, 480)),
        (FULL_HD, (2000, 2000), (1080, 1080)),
        (TWO_K, (3840, 2160), (2560, 1440)),
        (TWO_K, (1440, 3413), (1080, 2560)),
        (SizeLimit(short_px=720), (1920, 1080), (1280, 720)),
        (SizeLimit(long_px=1000), (1080, 1920), (562, 1000)),
        (SizeLimit(long_px=801), (1602, 901), (800, 450)),
        (SizeLimit(16, 16), (4000, 3), (16, 2)),
        (SizeLimit(), (9999, 9999), (9999, 9999)),
    ],
)
def test_sizes_fit(limit: SizeLimit, size: tuple[int, int], fits: tuple[int, int]) -> None:
    assert limit.fit(size, even=True) == fits


def test_sizes_of_pictures_may_be_odd() -> None:
    assert SizeLimit(long_px=801).fit((1602, 900)) == (801, 450)


def test_a_reader_gives_smaller_frames(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.mp4")
    with VideoReader(path) as whole, VideoReader(path, max_size=SizeLimit(100)) as small:
        assert small.shape.size_wh != whole.shape.size_wh
        assert small.shape.size_wh == SizeLimit(100).fit(whole.shape.size_wh, even=True)
        pairs = list(zip(whole, small, strict=True))
    assert [a.pts for a, _ in pairs] == [b.pts for _, b in pairs]
    for before, after in pairs[::5]:
        assert after.canvas.size_wh == small.shape.size_wh
        assert (after.video.width, after.video.height) == small.shape.coded_wh
        for plane, other in zip(before.video.planes, after.video.planes, strict=True):
            difference = plane_samples(plane, 8).mean() - plane_samples(other, 8).mean()
            assert abs(difference) < 1.5


def test_a_limit_that_fits_changes_no_sample(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.mp4")
    with VideoReader(path) as whole, VideoReader(path, max_size=FULL_HD) as small:
        assert small.shape == whole.shape
        for before, after in zip(whole, small, strict=True):
            for plane, other in zip(before.video.planes, after.video.planes, strict=True):
                np.testing.assert_array_equal(plane_samples(plane, 8), plane_samples(other, 8))


def test_ten_bits_stay_ten_bits(tmp_path: Path) -> None:
    path = clips.ten_bit_clip(tmp_path / "a.mp4")
    with VideoReader(path, max_size=SizeLimit(64)) as reader:
        frames = list(reader)
    assert reader.shape.form.bits == 10
    assert {frame.video.format.name for frame in frames} == {reader.shape.pixel_format}
    assert plane_samples(frames[0].video.planes[0], 10).max() > 255


def test_a_rotated_video_is_measured_upright_and_stays_rotated(tmp_path: Path) -> None:
    path = clips.rotated_clip(tmp_path / "a.mp4", 90)
    output = tmp_path / "b.mp4"
    with VideoReader(path) as whole:
        wide, tall = whole.shape.size_wh
    limit = SizeLimit(long_px=max(wide, tall) // 2)
    with VideoReader(path, max_size=limit) as reader, VideoWriter(output, reader.shape) as writer:
        for frame in reader:
            writer.write(frame)
    with VideoReader(output) as after:
        assert after.shape.orientation.rotation_deg == 90
        assert after.shape.size_wh == reader.shape.size_wh
        assert abs(after.shape.size_wh[0] / after.shape.size_wh[1] - wide / tall) < 0.03


def test_wide_pixels_stay_as_wide(tmp_path: Path) -> None:
    path = _encode(tmp_path / "a.mp4", (720, 576), aspect=Fraction(16, 11))
    with VideoReader(path, max_size=SizeLimit(long_px=360)) as reader:
        assert reader.shape.coded_wh == (360, 288)
        assert reader.shape.aspect == Fraction(16, 11)
        with VideoWriter(tmp_path / "b.mp4", reader.shape) as writer:
            for frame in reader:
                writer.write(frame)
    with VideoReader(tmp_path / "b.mp4") as after:
        assert after.shape.aspect == Fraction(16, 11)


def test_colours_that_depend_on_the_size_are_written_down(tmp_path: Path) -> None:
    """Players take an untagged video for BT.709 from 720 lines up, and for BT.601 below."""
    path = _encode(tmp_path / "a.mp4", (1280, 720))
    with VideoReader(path) as whole, VideoReader(path, max_size=SizeLimit(640)) as reader:
        assert whole.shape.tags.matrix == 2
        assert reader.shape.tags.matrix == 1
        assert reader.shape.form == whole.shape.form
        with VideoWriter(tmp_path / "b.mp4", reader.shape) as writer:
            for frame in reader:
                writer.write(frame)
    with VideoReader(tmp_path / "b.mp4") as after:
        assert after.shape.form == whole.shape.form


def test_hidden_colours_do_not_bleed_into_seen_ones() -> None:
    rgb = np.zeros((40, 40, 3), np.uint8)
    rgb[:, 20:] = 255
    alpha = np.zeros((40, 40), np.uint8)
    alpha[:, 20:] = 255
    small, share = fit_pixels(rgb, alpha, (13, 13))
    assert share is not None
    assert share.shape == small.shape[:2] == (13, 13)
    assert (small[share > 0] == 255).all()
    assert (small[:, :3] == 0).all()


def test_a_pictures_exif_tells_its_new_size(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    exif[ExifTags.Base.ImageWidth] = 400
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageWidth] = 400
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageHeight] = 300
    Image.new("RGB", (400, 300), (9, 8, 7)).save(path, exif=exif)
    picture = load_picture(path)
    assert fit_picture(picture, SizeLimit(400)) is picture
    assert fit_picture(picture, None) is picture
    small = fit_picture(picture, SizeLimit(long_px=200))
    assert small.size_wh == (200, 150)
    assert (np.abs(small.rgb.astype(int) - [9, 8, 7]) <= 2).all()
    told = Image.Exif()
    assert small.exif is not None
    told.load(small.exif)
    assert told[ExifTags.Base.Make] == "Camera"
    assert told[ExifTags.Base.ImageWidth] == 200
    assert told.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageHeight] == 150


def _encode(path: Path, size_wh: tuple[int, int], aspect: Fraction | None = None) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height = size_wh
        stream.pix_fmt = "yuv420p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        rgb = np.full((size_wh[1], size_wh[0], 3), (200, 60, 40), np.uint8)
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path

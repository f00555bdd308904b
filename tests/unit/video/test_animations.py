"""Animations: every frame, its duration and its alpha survive, in and out, one at a time."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from personae.errors import (
    InvalidRequest,
    MediaTooLarge,
    MediaUnreachable,
    MediaUnreadable,
    MediaUnsupported,
)
from personae.video.animation_writing import AnimationWriter
from personae.video.animations import AnimationFrame, AnimationReader
from personae.video.limits import MediaLimits

UInt8 = NDArray[np.uint8]
SIZE_WH = (48, 40)


def flat(seed: int) -> UInt8:
    """A picture of few colours with a square that moves from frame to frame."""
    y, x = np.mgrid[0:40, 0:48]
    rgb = np.dstack([x // 8 * 40, y // 8 * 40, (x + y) // 16 * 40]).astype(np.uint8)
    rgb[5:20, 3 * seed : 3 * seed + 10] = (250, 10 * seed, 5)
    return rgb


def noisy(seed: int) -> UInt8:
    return np.random.default_rng(seed).integers(0, 256, (40, 48, 3), np.uint8)


def frame(
    number: int, rgb: UInt8, duration_ms: float = 100.0, alpha: UInt8 | None = None
) -> AnimationFrame:
    return AnimationFrame(number, 0.0, duration_ms, rgb, alpha)


def write(path: Path, frames: list[AnimationFrame], **options: int) -> Path:
    with AnimationWriter(path, SIZE_WH, **options) as writer:
        for one in frames:
            writer.write(one)
    return path


def read(path: Path) -> list[AnimationFrame]:
    with AnimationReader(path) as reader:
        return list(reader)


@pytest.mark.parametrize("extension", [".gif", ".webp", ".png", ".apng"])
def test_frames_and_durations_in_are_frames_and_durations_out(
    tmp_path: Path, extension: str
) -> None:
    """Also of frames that equal the one before, and of durations that differ or are 0."""
    durations = [100.0, 40.0, 40.0, 0.0, 1230.0]
    pictures = [flat(0), flat(1), flat(1), flat(2), flat(0)]
    path = write(
        tmp_path / f"a{extension}",
        [frame(i, *pair) for i, pair in enumerate(zip(pictures, durations, strict=True))],
    )
    again = read(path)
    assert [one.number for one in again] == [0, 1, 2, 3, 4]
    assert [one.duration_ms for one in again] == durations
    assert [one.time_s for one in again] == pytest.approx([0, 0.1, 0.14, 0.18, 0.28])
    for one, picture in zip(again, pictures, strict=True):
        assert np.array_equal(one.rgb, picture)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("extension", [".gif", ".webp", ".png"])
@pytest.mark.parametrize("plays", [0, 1, 2, 7])
def test_plays_are_kept(tmp_path: Path, extension: str, plays: int) -> None:
    path = write(tmp_path / f"a{extension}", [frame(0, flat(0)), frame(1, flat(1))], plays=plays)
    with AnimationReader(path) as reader:
        assert reader.plays == plays
        assert reader.frames == 2
        assert reader.size_wh == SIZE_WH
        assert reader.format == {".gif": "GIF", ".webp": "WEBP", ".png": "PNG"}[extension]


@pytest.mark.parametrize("extension", [".webp", ".png"])
def test_soft_alpha_is_kept(tmp_path: Path, extension: str) -> None:
    alphas = [flat(i)[:, :, 0] for i in range(3)]
    frames = [frame(i, noisy(i), alpha=alpha) for i, alpha in enumerate(alphas)]
    for one, alpha in zip(read(write(tmp_path / f"a{extension}", frames)), alphas, strict=True):
        assert one.alpha is not None
        assert np.array_equal(one.alpha, alpha)
        assert np.array_equal(one.rgb[alpha > 0], noisy(one.number)[alpha > 0])


@pytest.mark.parametrize("extension", [".gif", ".webp", ".png"])
def test_holes_open_and_close(tmp_path: Path, extension: str) -> None:
    """A GIF cannot draw a hole, so the screen has to be cleared in time."""
    alphas = [np.full((40, 48), 255, np.uint8) for _ in range(4)]
    alphas[1][10:20, 10:20] = 0
    alphas[2][0:5] = 0
    frames = [frame(i, flat(i % 2), alpha=alpha) for i, alpha in enumerate(alphas)]
    for one, alpha in zip(read(write(tmp_path / f"a{extension}", frames)), alphas, strict=True):
        shown = one.alpha if one.alpha is not None else np.full_like(alpha, 255)
        assert np.array_equal(shown, alpha)
        assert np.array_equal(one.rgb[alpha > 0], flat(one.number % 2)[alpha > 0])


def test_gif_surroundings_stay_exact_where_the_face_has_too_many_colours(tmp_path: Path) -> None:
    scene = write(tmp_path / "scene.gif", [frame(i, flat(i)) for i in range(3)])
    out = tmp_path / "out.gif"
    with AnimationReader(scene) as reader, AnimationWriter(out, reader.size_wh) as writer:
        for one in reader:
            one.rgb[20:35, 20:40] = noisy(one.number)[20:35, 20:40]
            writer.write(one)
    for one in read(out):
        expected = flat(one.number)
        inside = np.zeros((40, 48), bool)
        inside[20:35, 20:40] = True
        assert np.array_equal(one.rgb[~inside], expected[~inside])
        error = one.rgb[inside].astype(int) - noisy(one.number)[inside]
        assert np.abs(error).mean() < 32


def test_gif_of_256_colours_stays_exact(tmp_path: Path) -> None:
    table = np.arange(256, dtype=np.uint8)
    rgb = np.resize(np.stack([table, table[::-1], table // 2], axis=1), (40 * 48, 3))
    first = rgb.reshape(40, 48, 3)
    second = first.copy()
    second[:1] = first[0, 0]
    path = write(tmp_path / "a.gif", [frame(0, first), frame(1, second)])
    one, two = read(path)
    assert np.array_equal(one.rgb, first)
    assert np.array_equal(two.rgb, second)


def notes(path: Path, frames: list[AnimationFrame]) -> tuple[str, ...]:
    with AnimationWriter(path, SIZE_WH) as writer:
        for one in frames:
            writer.write(one)
    return writer.notes


def test_a_gif_says_what_it_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    hard = np.full((40, 48), 255, np.uint8)
    hard[:9] = 0
    soft = hard.copy()
    soft[3] = 77
    few, many = frame(0, flat(0)), frame(1, noisy(1))
    assert notes(path, [few, frame(1, flat(1), alpha=hard)]) == ()
    (note,) = notes(path, [few, many])
    assert "256 colours" in note
    assert str(path) in note
    (note,) = notes(path, [few, frame(1, flat(1), alpha=soft)])
    assert "half transparency" in note
    assert len(notes(path, [many, frame(1, flat(1), alpha=soft)])) == 2
    for ending in (".png", ".webp"):
        soft_one = frame(0, noisy(0), alpha=soft)
        assert notes(path.with_suffix(ending), [soft_one, many]) == ()


def test_true_colour_gif_is_close_on_average(tmp_path: Path) -> None:
    y, x = np.mgrid[0:40, 0:48]
    rgb = np.dstack([x * 5, y * 6, (x + y) * 2]).astype(np.uint8)
    (one,) = read(write(tmp_path / "a.gif", [frame(0, rgb)]))
    blurred = (one.rgb.astype(int) - rgb).reshape(10, 4, 12, 4, 3).mean(axis=(1, 3))
    assert np.abs(blurred).mean() < 4


def test_what_does_not_change_does_not_flicker_in_a_true_colour_gif(tmp_path: Path) -> None:
    pictures = [noisy(0).copy() for _ in range(3)]
    for i, picture in enumerate(pictures):
        picture[10:20, 10:20] = noisy(i)[10:20, 10:20]
    path = write(tmp_path / "a.gif", [frame(i, picture) for i, picture in enumerate(pictures)])
    first, *rest = read(path)
    for one in rest:
        assert np.array_equal(one.rgb[20:], first.rgb[20:])


def test_rounding_of_durations_does_not_add_up(tmp_path: Path) -> None:
    frames = [frame(i, flat(i % 3), 1000 / 30) for i in range(30)]
    assert sum(one.duration_ms for one in read(write(tmp_path / "a.gif", frames))) == 1000
    assert sum(one.duration_ms for one in read(write(tmp_path / "a.webp", frames))) == 1000
    exact = read(write(tmp_path / "a.png", frames))
    assert [one.duration_ms for one in exact] == pytest.approx([1000 / 30] * 30)


@pytest.mark.parametrize("extension", [".gif", ".webp", ".png"])
def test_formats_cross(tmp_path: Path, extension: str) -> None:
    scene = write(tmp_path / "scene.gif", [frame(i, flat(i), 70) for i in range(4)], plays=3)
    out = tmp_path / f"out{extension}"
    with (
        AnimationReader(scene) as reader,
        AnimationWriter(out, reader.size_wh, plays=reader.plays) as writer,
    ):
        for one in reader:
            writer.write(one)
    again = read(out)
    assert [one.duration_ms for one in again] == [70.0] * 4
    for one in again:
        assert np.array_equal(one.rgb, flat(one.number))


def test_lossy_webp_is_told_from_lossless(tmp_path: Path) -> None:
    y, x = np.mgrid[0:40, 0:48]
    smooth = np.dstack([x * 5, y * 6, (x + y) * 2]).astype(np.uint8)
    frames = [frame(0, smooth), frame(1, smooth[::-1].copy())]
    lossy = write(tmp_path / "a.webp", frames, quality=90)
    exact = write(tmp_path / "b.webp", frames)
    with AnimationReader(lossy) as one, AnimationReader(exact) as two:
        assert one.lossy
        assert not two.lossy
        for got, want in zip(one, two, strict=True):
            assert np.abs(got.rgb.astype(int) - want.rgb).mean() < 6


def test_pillows_own_animations_are_read(tmp_path: Path) -> None:
    """Frames of other writers use disposal and blending that ours does not."""
    pictures = [Image.fromarray(flat(i)) for i in range(4)]
    for name, options in {
        "a.gif": {"disposal": 2},
        "c.png": {"disposal": 1, "blend": 1},
        "d.webp": {"lossless": True},
    }.items():
        path = tmp_path / name
        pictures[0].save(
            path, save_all=True, append_images=pictures[1:], duration=80, loop=0, **options
        )
        again = read(path)
        assert len(again) == 4
        for one in again:
            assert one.duration_ms == 80
            # Pillow's own palette for a GIF loses a little.
            assert np.abs(one.rgb.astype(int) - flat(one.number)).mean() < 3


def gif(*images: tuple[int, int | None, tuple[int, int, int, int], int]) -> bytes:
    """A GIF of 6 x 4 by hand: disposal, clear index, box (x, y, w, h) and colour of each image."""
    data = b"GIF89a\6\0\4\0\xf1\0\0" + bytes([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    for disposal, clear, box, color in images:
        flags = disposal << 2 | (clear is not None)
        data += bytes([0x21, 0xF9, 4, flags, 5, 0, clear or 0, 0, 0x2C])
        data += b"".join(side.to_bytes(2, "little") for side in box) + b"\0"
        # Codes of 3 bits, cleared before each pixel so that they never grow: 4 clears, 5 ends.
        bits = "".join(
            format(code, "03b")[::-1] for _ in range(box[2] * box[3]) for code in (4, color)
        )
        bits += "101"
        codes = bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))
        data += bytes([2, len(codes)]) + codes + b"\0"
    return data + b";"


RED, GREEN, BLUE, CLEAR = 1, 2, 3, 0


def colors_of(one: AnimationFrame) -> list[str]:
    """The frame as rows of letters: r, g, b, k and . for clear."""
    alpha = one.alpha if one.alpha is not None else np.full(one.rgb.shape[:2], 255)
    names = {(255, 0, 0): "r", (0, 255, 0): "g", (0, 0, 255): "b", (0, 0, 0): "k"}
    return [
        "".join(names[tuple(p)] if a else "." for p, a in zip(row, solid, strict=True))
        for row, solid in zip(one.rgb.tolist(), alpha, strict=True)
    ]


def test_gif_disposals_are_those_of_browsers(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(
        gif(
            (0, None, (0, 0, 6, 4), RED),
            (3, None, (1, 1, 2, 2), GREEN),  # gone again afterwards
            (2, None, (3, 0, 2, 2), BLUE),  # leaves a hole, though no colour is transparent
            (0, None, (0, 3, 6, 1), GREEN),  # says nothing: stays, not inheriting the hole
            (0, CLEAR, (0, 0, 1, 1), CLEAR),  # draws nothing
            (1, None, (5, 2, 4, 4), BLUE),  # over the edge
        )
    )
    frames = read(tmp_path / "a.gif")
    assert [one.duration_ms for one in frames] == [50.0] * 6
    assert colors_of(frames[0]) == ["rrrrrr", "rrrrrr", "rrrrrr", "rrrrrr"]
    assert colors_of(frames[1]) == ["rrrrrr", "rggrrr", "rggrrr", "rrrrrr"]
    assert colors_of(frames[2]) == ["rrrbbr", "rrrbbr", "rrrrrr", "rrrrrr"]
    assert colors_of(frames[3]) == ["rrr..r", "rrr..r", "rrrrrr", "gggggg"]
    assert colors_of(frames[4]) == colors_of(frames[3])
    assert colors_of(frames[5]) == ["rrr..r", "rrr..r", "rrrrrb", "gggggb"]


def test_interlaced_gif_is_put_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    Image.fromarray(flat(1)).quantize(256).save(path, interlace=True)
    (one,) = read(path)
    assert np.array_equal(one.rgb, flat(1))


def test_the_still_stand_in_of_an_apng_is_no_frame(tmp_path: Path) -> None:
    pictures = [Image.fromarray(flat(i)) for i in range(3)]
    path = tmp_path / "a.png"
    Image.fromarray(noisy(0)).save(
        path, save_all=True, append_images=pictures, default_image=True, duration=50
    )
    again = read(path)
    assert len(again) == 3
    assert np.array_equal(again[0].rgb, flat(0))


def test_frames_reach_the_engine_and_come_back_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gif", [frame(0, flat(0), 50), frame(1, flat(1), 50)])
    with AnimationReader(path) as reader:
        for one in reader:
            scene = one.scene_frame()
            assert (scene.number, scene.time_s) == (one.number, one.time_s)
            scene.canvas.add_into((0, 0, 2, 2), np.full((2, 2, 3), 9, np.float32))
            changed = one.changed()
            assert changed is not None
            assert changed.sum() == 4
            assert one.rgb[0, 0, 0] == flat(one.number)[0, 0, 0] + 9


def test_an_animation_can_be_read_twice(tmp_path: Path) -> None:
    for extension in (".gif", ".webp", ".png"):
        path = write(tmp_path / f"a{extension}", [frame(i, flat(i)) for i in range(3)])
        with AnimationReader(path) as reader:
            first = [one.rgb for one in reader]
            second = [one.rgb for one in reader]
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("extension", [".gif", ".webp", ".png"])
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, extension: str) -> None:
    frames = [frame(i, noisy(i)) for i in range(3)]
    first = write(tmp_path / f"a{extension}", frames).read_bytes()
    assert write(tmp_path / f"b{extension}", frames).read_bytes() == first


# --- bad input


@pytest.mark.parametrize("extension", [".gif", ".png", ".webp"])
def test_cut_off_animation_gives_what_decodes(tmp_path: Path, extension: str) -> None:
    path = write(tmp_path / f"a{extension}", [frame(i, noisy(i)) for i in range(8)])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with AnimationReader(path) as reader:
        frames = list(reader)
        assert 3 <= len(frames) <= 5
        assert reader.frames_lost == reader.frames - len(frames) > 0


def test_webp_without_one_whole_frame_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.webp", [frame(i, noisy(i)) for i in range(4)])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 8])
    with pytest.raises(MediaUnreadable, match=r"a\.webp"):
        read(path)


@pytest.mark.parametrize("extension", [".gif", ".png", ".webp"])
def test_damage_never_ends_in_a_strange_error(tmp_path: Path, extension: str) -> None:
    source = write(tmp_path / f"a{extension}", [frame(i, flat(i)) for i in range(4)])
    data = source.read_bytes()
    random = np.random.default_rng(1)
    for _ in range(40):
        bad = bytearray(data)
        for at in random.integers(6, len(bad), 8):
            bad[at] = int(random.integers(0, 256))
        source.write_bytes(bytes(bad))
        try:
            read(source)
        except (MediaUnreadable, MediaTooLarge, MediaUnsupported):
            continue


def test_limits_count_frames_and_pixels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gif", [frame(i, flat(i)) for i in range(4)])
    for limits in (
        MediaLimits(animation_frames=3),
        MediaLimits(animation_pixels=48 * 40 * 4 - 1),
        MediaLimits(frame_pixels=48 * 40 - 1),
    ):
        with pytest.raises(MediaTooLarge, match=r"a\.gif"):
            AnimationReader(path, limits)
    AnimationReader(path, MediaLimits(animation_frames=4)).close()


def test_a_jpeg_is_no_animation(tmp_path: Path) -> None:
    Image.fromarray(flat(0)).save(tmp_path / "a.gif", "JPEG")
    with pytest.raises(MediaUnsupported, match="no animation"):
        AnimationReader(tmp_path / "a.gif")


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"before")
    broken = [frame(0, flat(0)), frame(1, flat(1)), frame(2, flat(2)[:20])]
    with pytest.raises(InvalidRequest, match="does not fit"):
        write(tmp_path / "a.gif", broken)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gif"]
    assert (tmp_path / "a.gif").read_bytes() == b"before"


def test_an_animation_needs_a_frame(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="without frames"):
        write(tmp_path / "a.gif", [])
    assert list(tmp_path.iterdir()) == []


def test_outputs_that_are_no_animation_list_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"\.gif \.webp \.png"):
        AnimationWriter(tmp_path / "a.jpg", SIZE_WH)
    with pytest.raises(InvalidRequest, match="quality"):
        AnimationWriter(tmp_path / "a.webp", SIZE_WH, quality=0)
    with pytest.raises(MediaTooLarge, match="16383"):
        AnimationWriter(tmp_path / "a.webp", (17_000, 2))


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match="nowhere does not exist"):
        write(tmp_path / "nowhere" / "a.gif", [frame(0, flat(0))])


def drawn_gif(images: list[tuple[int, int, int, int, int | None, int]], size: int) -> bytes:
    """A GIF of a square screen: left, top, side, colour, the clear one, disposal of each image."""
    parts = [b"GIF89a" + size.to_bytes(2, "little") * 2 + b"\x80\0\0" + bytes(3) + b"\xff" * 3]
    for left, top, side, colour, clear, disposal in images:
        control = bytes([disposal << 2 | (clear is not None)]) + b"\x05\0" + bytes([clear or 0])
        parts.append(b"\x21\xf9\x04" + control + b"\0")
        held = io.BytesIO()
        flat = Image.new("P", (side, side), colour)
        flat.putpalette([0, 0, 0, 255, 255, 255])
        flat.save(held, "GIF", optimize=False)
        gif = held.getvalue()
        at = gif.index(b",", 13 + (3 << (gif[10] & 7) + 1 if gif[10] & 0x80 else 0))
        place = left.to_bytes(2, "little") + top.to_bytes(2, "little")
        parts.append(b"," + place + gif[at + 5 : -1])
    return b"".join([*parts, b";"])


@pytest.mark.parametrize("disposals", [(0, 0, 0), (2, 0, 0), (3, 3, 0), (0, 2, 0), (0, 3, 2)])
@pytest.mark.parametrize("clear", [None, 1])
def test_lengths_say_what_the_frames_show(
    tmp_path: Path, disposals: tuple[int, int, int], clear: int | None
) -> None:
    path = tmp_path / "drawn.gif"
    places = ((0, 0, 8, 0), (2, 2, 3, 1), (1, 1, 5, 0))
    images = [(*at, clear, how) for at, how in zip(places, disposals, strict=True)]
    path.write_bytes(drawn_gif(images, 8))
    with AnimationReader(path) as reader:
        frames = list(reader)
    seen = [any(f.alpha is not None for f in frames[: n + 1]) for n in range(3)]
    with AnimationReader(path) as reader:
        assert list(reader.lengths()) == list(zip([50.0] * 3, seen, strict=True))


def test_an_image_far_larger_than_the_screen_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "large.gif"
    path.write_bytes(drawn_gif([(0, 0, 8, 0, None, 0), (0, 0, 3000, 1, None, 0)], 8))
    with AnimationReader(path) as reader:
        assert len(list(reader)) == 1
        assert reader.frames_lost == 1

"""What bad input gets: one sentence that names the file, the right exit code, and no file."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import personae
from clips import audio_only, truncated_copy, write_clip
from e2e.shell import Ended, listing, run
from faces import Name, Placed, compose, headshot, nodding
from personae.errors import DonorUnusable
from personae.library import swap_file

MEDIA, NO_FACE, DONOR, USAGE, LOSSES = 3, 4, 5, 2, 7
FACELESS = (90, 120, 90)


@pytest.fixture(scope="session")
def good(photos: Mapping[Name, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a donor photo, a picture, a clip and an animation that are all right."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "donor.png").write_bytes(photos["collins"].read_bytes())
    scene = headshot("hopper", 110, (200, 240))
    Image.fromarray(scene).save(folder / "scene.png")
    Image.fromarray(scene).save(folder / "scene.jpg")
    clip = list(nodding("hopper", 40))
    write_clip(folder / "scene.mp4", frames=40, size_wh=(320, 240), pictures=clip)
    write_clip(folder / "scene.mkv", frames=40, size_wh=(320, 240), pictures=clip)
    frames = [Image.fromarray(frame) for frame in clip[:4]]
    for name in ("scene.gif", "scene.apng"):
        frames[0].save(folder / name, save_all=True, append_images=frames[1:], duration=80)
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    """A working folder with the good files in it."""
    for path in good.iterdir():
        os.link(path, tmp_path / path.name)
    return tmp_path


# --- Files that cannot be used. Each function writes one, and gives its name.


def faceless(folder: Path) -> str:
    Image.new("RGB", (200, 200), FACELESS).save(folder / "lawn.png")
    return "lawn.png"


def faceless_clip(folder: Path) -> str:
    pictures = [np.full((120, 160, 3), (90, 120, 90 + i), np.uint8) for i in range(12)]
    write_clip(folder / "lawn.mp4", frames=12, pictures=pictures)
    return "lawn.mp4"


def faceless_animation(folder: Path) -> str:
    frames = [Image.new("RGB", (100, 80), (90, 120, 90 + 20 * i)) for i in range(3)]
    frames[0].save(folder / "lawn.gif", save_all=True, append_images=frames[1:], duration=80)
    return "lawn.gif"


def blurred(folder: Path) -> str:
    soft = cv2.GaussianBlur(headshot("collins"), (0, 0), 5)
    Image.fromarray(soft).save(folder / "blurred.png")
    return "blurred.png"


def tiny_face(folder: Path) -> str:
    Image.fromarray(headshot("collins", 34, (90, 100))).save(folder / "far.png")
    return "far.png"


def night(folder: Path) -> str:
    dark = (headshot("collins") * 0.05).astype(np.uint8)
    Image.fromarray(dark).save(folder / "night.png")
    return "night.png"


def empty(ending: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / f"empty{ending}").touch()
        return f"empty{ending}"

    return write


def text(ending: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / f"text{ending}").write_text("Dear reader,\nthis is no picture.\n" * 40)
        return f"text{ending}"

    return write


def noise(ending: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        junk = np.random.default_rng(1).integers(0, 256, 40_000).astype(np.uint8)
        (folder / f"noise{ending}").write_bytes(b"\x07" + junk.tobytes())
        return f"noise{ending}"

    return write


def cut(name: str, keep: float) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        truncated_copy(folder / f"cut_{name}", folder / name, keep)
        return f"cut_{name}"

    return write


def one_pixel(folder: Path) -> str:
    Image.new("RGB", (1, 1), FACELESS).save(folder / "pixel.png")
    return "pixel.png"


def one_pixel_clip(folder: Path) -> str:
    options = {"crf": "30"}
    dots = [np.zeros((2, 2, 3), np.uint8)] * 3
    write_clip(folder / "dot.mp4", frames=3, size_wh=(2, 2), pictures=dots, options=options)
    return "dot.mp4"


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(width: int, height: int, *extra: bytes, bits: int = 8, colour: int = 2) -> bytes:
    """A PNG that promises many pixels and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [_chunk(b"IHDR", header), *extra, _chunk(b"IDAT", zlib.compress(bytes(4096)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + _chunk(b"IEND", b"")


def huge_png(folder: Path) -> str:
    (folder / "huge.png").write_bytes(png(20_000, 20_000))
    return "huge.png"


def long_png(folder: Path) -> str:
    (folder / "long.png").write_bytes(png(2_000_000_000, 1))
    return "long.png"


def bomb_png(folder: Path) -> str:
    """16,000 x 12,000 real pixels in a few kilobytes."""
    deflate = zlib.compressobj(9)
    rows = [deflate.compress(bytes(2001 * 1000)) for _ in range(12)]
    data = b"".join(rows) + deflate.flush()
    header = struct.pack(">IIBBBBB", 16_000, 12_000, 1, 0, 0, 0, 0)
    whole = _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + whole)
    return "bomb.png"


def text_bomb(folder: Path) -> str:
    """A small picture with a comment that unpacks to 200 million letters."""
    deflate = zlib.compressobj(9)
    letters = b"".join(deflate.compress(bytes(10**6)) for _ in range(200)) + deflate.flush()
    comment = _chunk(b"zTXt", b"Comment\0\0" + letters)
    (folder / "wordy.png").write_bytes(png(64, 64, comment))
    return "wordy.png"


def huge_gif(folder: Path) -> str:
    """Two frames on a screen of 60,000 x 60,000."""
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"
    screen = b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + b"\x80\0\0" + bytes(6)
    (folder / "huge.gif").write_bytes(screen + frame * 2 + b";")
    return "huge.gif"


def huge_clip(folder: Path) -> str:
    """A video whose headers claim 16,000 x 12,000 pixels, in a codec that believes them."""
    path = write_clip(
        folder / "huge.avi", codec="huffyuv", pixel_format="yuv422p", frames=3, options={}
    )
    data = path.read_bytes()
    size = struct.pack("<II", 160, 120)
    assert size in data
    path.write_bytes(data.replace(size, struct.pack("<II", 16_000, 12_000)))
    return "huge.avi"


def sound(folder: Path) -> str:
    audio_only(folder / "song.m4a")
    return "song.m4a"


def sound_as_video(folder: Path) -> str:
    audio_only(folder / "song.mp4")
    return "song.mp4"


def picture_as_video(folder: Path) -> str:
    (folder / "really_a_picture.mp4").write_bytes((folder / "scene.jpg").read_bytes())
    return "really_a_picture.mp4"


def video_as_picture(folder: Path) -> str:
    (folder / "really_a_video.jpg").write_bytes((folder / "scene.mp4").read_bytes())
    return "really_a_video.jpg"


def playlist(folder: Path) -> str:
    """A file that asks FFmpeg to open another one."""
    (folder / "list.mp4").write_text(f"ffconcat version 1.0\nfile '{folder / 'scene.mp4'}'\n")
    return "list.mp4"


def document(folder: Path) -> str:
    (folder / "paper.jpg").write_bytes(b"%PDF-1.7\n" + b"1 0 obj\n" * 200)
    return "paper.jpg"


def drawing(folder: Path) -> str:
    (folder / "drawing.png").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>' * 10)
    return "drawing.png"


def headless_clip(folder: Path) -> str:
    """The packets are all there, and none of them decodes."""
    data = bytearray((folder / "scene.mp4").read_bytes())
    begin = data.index(b"mdat") + 4
    length = struct.unpack(">I", data[begin - 8 : begin - 4])[0] - 8
    data[begin : begin + length] = b"\xff" * length
    (folder / "junk.mp4").write_bytes(data)
    return "junk.mp4"


def missing(folder: Path) -> str:
    return "gone.png"


def a_folder(folder: Path) -> str:
    (folder / "album.jpg").mkdir()
    return "album.jpg"


def a_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.mp4")
    return "pipe.mp4"


@dataclass(frozen=True)
class Case:
    """A file in one of its parts, the exit code, and words that the sentence must have."""

    write: Callable[[Path], str]
    role: str
    code: int
    words: tuple[str, ...]
    output: str = "out.png"


CASES = {
    # No face, or none that can be used.
    "donor without a face": Case(faceless, "donor", NO_FACE, ("donor", "face")),
    "picture without a face": Case(faceless, "scene", NO_FACE, ("No face", "lawn.png")),
    "clip without a face": Case(faceless_clip, "scene", NO_FACE, ("scene",), "out.mp4"),
    "animation without a face": Case(faceless_animation, "scene", NO_FACE, ("scene",), "out.gif"),
    "reference without a face": Case(faceless, "reference", NO_FACE, ("reference",)),
    "blurred donor": Case(blurred, "donor", DONOR, ("blurred", "another photo")),
    "donor far away": Case(tiny_face, "donor", DONOR, ("px tall", "another photo")),
    "donor at night": Case(night, "donor", DONOR, ("dark", "another photo")),
    # Nothing, or something else.
    "empty donor": Case(empty(".jpg"), "donor", MEDIA, ("empty", "0 bytes")),
    "empty picture": Case(empty(".jpg"), "scene", MEDIA, ("empty", "0 bytes")),
    "empty clip": Case(empty(".mp4"), "scene", MEDIA, ("empty", "0 bytes"), "out.mp4"),
    "empty reference": Case(empty(".png"), "reference", MEDIA, ("empty",)),
    "text as donor": Case(text(".jpg"), "donor", MEDIA, ("text",)),
    "text as picture": Case(text(".jpg"), "scene", MEDIA, ("text",)),
    "text as clip": Case(text(".mp4"), "scene", MEDIA, ("text",), "out.mp4"),
    "noise as picture": Case(noise(".png"), "scene", MEDIA, ()),
    "noise as clip": Case(noise(".mp4"), "scene", MEDIA, (), "out.mp4"),
    "document as donor": Case(document, "donor", MEDIA, ("PDF",)),
    "drawing as picture": Case(drawing, "scene", MEDIA, ("SVG",)),
    "playlist as clip": Case(playlist, "scene", MEDIA, (), "out.mp4"),
    "sound": Case(sound, "scene", MEDIA, ("sound",), "out.mp4"),
    "sound with a video's name": Case(sound_as_video, "scene", MEDIA, ("sound",), "out.mp4"),
    "video as donor": Case(video_as_picture, "donor", MEDIA, ("video", "not a picture")),
    "video as reference": Case(video_as_picture, "reference", MEDIA, ("video", "not a picture")),
    # Damaged.
    "cut JPEG": Case(cut("scene.jpg", 0.5), "scene", MEDIA, ("cut off",)),
    "cut JPEG as donor": Case(cut("scene.jpg", 0.5), "donor", MEDIA, ("cut off",)),
    "cut PNG": Case(cut("scene.png", 0.5), "scene", MEDIA, ("cut off",)),
    "JPEG with a header only": Case(cut("scene.jpg", 0.005), "scene", MEDIA, ("damaged",)),
    "clip without its index": Case(cut("scene.mp4", 0.4), "scene", MEDIA, ("cut off",), "out.mp4"),
    "clip of junk": Case(headless_clip, "scene", MEDIA, ("decode",), "out.mp4"),
    # Too small and too large.
    "one pixel": Case(one_pixel, "scene", NO_FACE, ("No face",)),
    "one pixel as donor": Case(one_pixel, "donor", NO_FACE, ("donor",)),
    "clip of four pixels": Case(one_pixel_clip, "scene", NO_FACE, ("No face",), "out.mp4"),
    "20,000 x 20,000": Case(huge_png, "scene", MEDIA, ("400 million pixels",)),
    "20,000 x 20,000 as donor": Case(huge_png, "donor", MEDIA, ("400 million pixels",)),
    "two thousand million wide": Case(long_png, "scene", MEDIA, ()),
    "bomb of pixels": Case(bomb_png, "scene", MEDIA, ("million",)),
    "bomb of text": Case(text_bomb, "scene", MEDIA, ()),
    "animation of huge frames": Case(huge_gif, "scene", MEDIA, ("3600 million pixels",), "out.gif"),
    "clip of huge frames": Case(huge_clip, "scene", MEDIA, ("67 million pixels",), "out.mp4"),
    # Not there.
    "missing donor": Case(missing, "donor", MEDIA, ("does not exist",)),
    "missing scene": Case(missing, "scene", MEDIA, ("does not exist",)),
    "missing reference": Case(missing, "reference", MEDIA, ("does not exist",)),
    "a folder as donor": Case(a_folder, "donor", MEDIA, ("not a file",)),
    "a folder as scene": Case(a_folder, "scene", MEDIA, ("not a file",)),
    "a pipe as scene": Case(a_pipe, "scene", MEDIA, ("not a file",), "out.mp4"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_cannot_be_used(case: Case, folder: Path) -> None:
    bad = case.write(folder)
    before = listing(folder)
    ended = run(folder, "swap", *_arguments(case.role, bad, case.output), before=_bounded)
    assert ended.code == case.code, ended.err
    said = ended.error
    assert bad in said
    for word in case.words:
        assert word.lower() in said.lower()
    assert said.endswith(".")
    assert ended.out == ""
    assert listing(folder) == before


def _arguments(role: str, bad: str, output: str) -> list[str]:
    if role == "donor":
        return [bad, "scene.png", "-o", output]
    if role == "scene":
        return ["donor.png", bad, "-o", output]
    return ["scene.png", "--map", f"donor.png={bad}", "-o", output]


def _bounded() -> None:
    """A bomb that goes off is noticed, and does not take the machine with it."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (3 * 2**30, 3 * 2**30))


@pytest.mark.parametrize("write", [blurred, tiny_face, night])
def test_a_refused_donor_can_be_accepted(write: Callable[[Path], str], folder: Path) -> None:
    bad = write(folder)
    order = ("swap", bad, "scene.png", "-o", "out.png", "--json")
    refused = run(folder, *order)
    assert refused.code == DONOR
    assert "--allow-poor-donor" in refused.json["error"]["message"]
    why = refused.error.split("cannot be used: ")[1].split(";")[0]
    ended = run(folder, *order, "--allow-poor-donor")
    assert ended.code == 0, ended.err
    assert ended.json["faces_swapped"] == 1
    (warning,) = [text for text in ended.json["warnings"] if bad in text]
    assert "not ideal" in warning
    assert why in warning
    assert f"Warning: {warning}" in ended.err


def test_a_refused_donor_of_a_map_can_be_accepted(folder: Path) -> None:
    order = ("swap", "scene.png", "--map", f"{blurred(folder)}=0", "-o", "out.png", "--json")
    assert run(folder, *order).code == DONOR
    assert run(folder, *order, "--allow-poor-donor").json["faces_swapped"] == 1


def test_a_refused_donor_given_as_a_photo_can_be_accepted(folder: Path) -> None:
    scene, output, bad = folder / "scene.png", folder / "out.png", folder / blurred(folder)
    with pytest.raises(DonorUnusable):
        swap_file(scene, output, bad)
    assert swap_file(scene, output, bad, allow_poor=True).faces_swapped == 1


# --- Files that can be used, with something to say


def test_several_faces_in_the_donor_photo(folder: Path) -> None:
    both = [Placed("hopper", 90, 130, 80), Placed("collins", 260, 130, 120)]
    Image.fromarray(compose(both, (360, 260))).save(folder / "party.png")
    ended = run(folder, "swap", "party.png", "scene.png", "-o", "out.png", "--json")
    assert ended.code == 0
    (warning,) = [text for text in ended.json["warnings"] if "faces" in text]
    assert "party.png shows 2 faces" in warning
    assert f"Warning: {warning}" in ended.err
    seen = personae.embed(folder / "out.png")
    to_largest = personae.distance(seen, personae.embed(folder / "donor.png"))
    assert to_largest < personae.distance(seen, personae.embed(folder / "scene.png"))


def test_a_picture_with_a_videos_name_becomes_a_picture(folder: Path) -> None:
    bad = picture_as_video(folder)
    assert run(folder, "swap", "donor.png", bad, "-o", "out.png", "--json").json["frames"] == 1
    assert Image.open(folder / "out.png").size == Image.open(folder / "scene.jpg").size


def test_a_picture_does_not_become_a_video(folder: Path) -> None:
    bad = picture_as_video(folder)
    before = listing(folder)
    ended = run(folder, "swap", "donor.png", bad, "-o", "out.mp4")
    assert ended.code == USAGE
    assert "out.mp4" in ended.error
    assert "picture" in ended.error
    assert listing(folder) == before


def test_a_video_with_a_pictures_name_becomes_a_video(folder: Path) -> None:
    bad = video_as_picture(folder)
    ended = run(folder, "swap", "donor.png", bad, "-o", "out.mp4", "--json")
    assert (ended.json["kind"], ended.json["frames"]) == ("video", 40)


@pytest.mark.parametrize("name", ["scene.mkv", "scene.apng"])
@pytest.mark.parametrize(("flag", "code"), [((), 0), (("--strict",), LOSSES)], ids=["", "strict"])
def test_what_decodes_of_a_cut_file_is_swapped(
    name: str, flag: tuple[str, ...], code: int, folder: Path
) -> None:
    bad = cut(name, 0.55)(folder)
    output = f"out{Path(name).suffix}"
    ended = run(folder, "swap", "donor.png", bad, "-o", output, "--json", *flag)
    assert ended.code == code, ended.err
    report = ended.json
    whole = {"scene.mkv": 40, "scene.apng": 4}[name]
    assert 0 < report["frames"] < whole
    assert report["frames"] + report["frames_lost"] == whole
    assert report["faces_swapped"] == report["frames"]
    (warning,) = [text for text in report["warnings"] if bad in text]
    assert str(report["frames_lost"]) in warning
    assert set(listing(folder)) >= {output}
    assert personae.probe(folder / output).frames == report["frames"]


def test_strict_says_nothing_of_a_whole_clip(folder: Path) -> None:
    ended = run(folder, "swap", "donor.png", "scene.mp4", "-o", "out.mp4", "--strict", "--json")
    assert (ended.code, ended.json["frames_lost"]) == (0, 0)


# --- Outputs that cannot be


@pytest.mark.parametrize(
    ("scene", "output", "code", "words"),
    [
        ("scene.png", "nowhere/out.png", MEDIA, ("nowhere", "does not exist")),
        ("scene.mp4", "nowhere/out.mp4", MEDIA, ("nowhere", "does not exist")),
        ("scene.gif", "nowhere/out.gif", MEDIA, ("nowhere", "does not exist")),
        ("scene.png", "donor.png/out.png", MEDIA, ("donor.png",)),
        ("scene.png", "album.png", MEDIA, ("album.png", "folder")),
        ("scene.mp4", "album.mp4", MEDIA, ("album.mp4", "folder")),
        ("scene.png", "x" * 300 + ".png", MEDIA, ("too long",)),
        ("scene.png", "out.xyz", USAGE, ("out.xyz", ".png")),
        ("scene.mp4", "out.xyz", USAGE, ("out.xyz", ".mp4")),
        ("scene.gif", "out.xyz", USAGE, ("out.xyz", ".gif")),
        ("scene.png", "out", USAGE, ("out", ".png")),
        ("scene.png", "scene.png", USAGE, ("scene.png", "input")),
        ("scene.mp4", "scene.mp4", USAGE, ("scene.mp4", "input")),
        ("scene.mp4", "donor.png", USAGE, ("donor.png", "input")),
        ("scene.mp4", "alias.mp4", USAGE, ("alias.mp4", "input")),
        ("scene.mp4", "./scene.mp4", USAGE, ("scene.mp4", "input")),
    ],
)
def test_outputs_that_cannot_be(
    scene: str, output: str, code: int, words: tuple[str, ...], folder: Path
) -> None:
    (folder / "album.png").mkdir()
    (folder / "album.mp4").mkdir()
    (folder / "alias.mp4").symlink_to("scene.mp4")
    before = listing(folder)
    ended = run(folder, "swap", "donor.png", scene, "-o", output)
    assert ended.code == code, ended.err
    for word in words:
        assert word in ended.error
    assert listing(folder) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
@pytest.mark.parametrize("scene", ["scene.png", "scene.mp4", "scene.gif"])
def test_a_read_only_folder(scene: str, folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o555)
    output = f"locked/out{Path(scene).suffix}"
    ended = run(folder, "swap", "donor.png", scene, "-o", output)
    assert ended.code == MEDIA
    assert output in ended.error
    assert "permission" in ended.error
    assert listing(folder / "locked") == {}


def _files_of_4_kib() -> None:
    """Every write beyond the first 4 KiB of a file fails, as on a disk that is full."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("output", ["out.png", "out.jpg"])
def test_no_room_for_a_picture(output: str, folder: Path) -> None:
    _no_room("scene.png", output, folder)


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv", "out.webm"])
def test_no_room_for_a_video(output: str, folder: Path) -> None:
    _no_room("scene.mp4", output, folder)


@pytest.mark.parametrize("output", ["out.gif", "out.webp", "out.apng"])
def test_no_room_for_an_animation(output: str, folder: Path) -> None:
    _no_room("scene.gif", output, folder)


def _no_room(scene: str, output: str, folder: Path) -> Ended:
    (folder / output).write_bytes(b"what was there before")
    before = listing(folder)
    ended = run(folder, "swap", "donor.png", scene, "-o", output, before=_files_of_4_kib)
    assert ended.code == MEDIA, ended.err
    assert output in ended.error
    assert "cannot be written" in ended.error
    assert listing(folder) == before
    assert (folder / output).read_bytes() == b"what was there before"
    return ended


# --- Settings that make no sense


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scene.mp4", "-o", "out.mp4", "--codec", "divx"), ("divx", "h264")),
        (("scene.mp4", "-o", "out.webm", "--codec", "h264"), ("webm", "vp9")),
        (("scene.mp4", "-o", "out.mp4", "--preset", "warp"), ("warp", "medium")),
        (("scene.mp4", "-o", "out.mp4", "--crf", "60"), ("60", "51")),
        (("scene.mp4", "-o", "out.mp4", "--start", "60"), ("scene.mp4", "60")),
        (("scene.mp4", "-o", "out.mp4", "--start", "1", "--end", "0.5"), ("--end", "--start")),
        (("scene.png", "-o", "out.png", "--start", "1"), ("scene.png", "picture")),
        (("scene.png", "-o", "out.png", "--codec", "h264"), ("scene.png", "picture")),
        (("scene.png", "-o", "out.png", "--face", "1"), ("scene.png", "1")),
        (("scene.mp4", "-o", "out.mp4", "--face", "3"), ("scene.mp4", "3")),
    ],
    ids=lambda value: " ".join(value[2:]) if "-o" in value else "",
)
def test_settings_that_make_no_sense(
    arguments: tuple[str, ...], words: tuple[str, ...], folder: Path
) -> None:
    before = listing(folder)
    ended = run(folder, "swap", "donor.png", *arguments)
    assert ended.code == USAGE, ended.err
    for word in words:
        assert word in ended.error
    assert listing(folder) == before


def test_an_existing_output_is_kept_when_the_work_fails(folder: Path) -> None:
    (folder / "out.png").write_bytes(b"what was there before")
    ended = run(folder, "swap", faceless(folder), "scene.png", "-o", "out.png")
    assert ended.code == NO_FACE
    assert (folder / "out.png").read_bytes() == b"what was there before"

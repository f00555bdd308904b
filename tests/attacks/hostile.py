"""Thousands of damaged media files from one seed: what attackers and bad disks hand in.

A file is made of a whole one (a *seed*: a real face in a small picture or clip) by one of
`MUTATIONS`, or by hand to lie about itself (`lies`). The same seed and count make the same bytes
as long as the libraries that write the whole files do.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from attacks.containers import ebml_pieces, joined, mp4_boxes, pieces_of
from clips import write_clip
from faces import headshot, nodding

SEED = 20_260_821
PICTURES = ("jpeg", "png", "webp", "gif")
ANIMATIONS = ("gif-animated", "webp-animated", "apng")
CLIPS = ("mp4", "mov", "mkv", "webm")
FORMATS = (*PICTURES, *ANIMATIONS, *CLIPS)
_FRAMES = 6
_CLIP_WH = (160, 128)


@dataclass(frozen=True)
class Hostile:
    """One file: what it was made of, what was done to it, and its bytes."""

    form: str
    how: str
    number: int
    data: bytes

    @property
    def name(self) -> str:
        """A name for reports and files."""
        return f"{self.form}-{self.how}-{self.number:05d}"


def seeds(folder: Path) -> dict[str, bytes]:
    """A whole file of every format, by its name."""
    made: dict[str, bytes] = {}
    face = Image.fromarray(headshot("hopper", 90, (160, 192)))
    for form in PICTURES:
        made[form] = _saved(face, form.upper())
    frames = [Image.fromarray(rgb) for rgb in nodding("collins", _FRAMES, _CLIP_WH)]
    more = {"save_all": True, "append_images": frames[1:], "duration": 80, "loop": 0}
    made["gif-animated"] = _saved(frames[0], "GIF", **more)
    made["webp-animated"] = _saved(frames[0], "WEBP", **more)
    made["apng"] = _saved(frames[0], "PNG", **more)
    for form in CLIPS:
        path = folder / f"seed.{form}"
        codec = {"codec": "libvpx-vp9", "options": {"crf": "40", "b": "0", "cpu-used": "8"}}
        write_clip(
            path,
            pictures=list(nodding("collins", 2 * _FRAMES, _CLIP_WH)),
            frames=2 * _FRAMES,
            size_wh=_CLIP_WH,
            container_options={"fflags": "+bitexact"},  # No random names inside.
            **(codec if form == "webm" else {}),
        )
        made[form] = path.read_bytes()
    return made


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


# --- Mutations: each takes the whole file and some dice


def flip_bits(data: bytes, dice: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 2, 8, 40))):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def flip_head(data: bytes, dice: Random) -> bytes:
    """As `flip_bits`, where the structure is."""
    reach = min(len(data), dice.choice((32, 128, 600)))
    return flip_bits(data[:reach], dice) + data[reach:]


def truncate(data: bytes, dice: Random) -> bytes:
    return data[: dice.randrange(1, len(data))]


def zero(data: bytes, dice: Random) -> bytes:
    begin = dice.randrange(len(data))
    length = min(dice.choice((4, 16, 200, 4000)), len(data) - begin)
    fill = dice.choice((b"\0", b"\xff", b"\x80"))
    return data[:begin] + fill * length + data[begin + length :]


def edit_number(data: bytes, dice: Random) -> bytes:
    """Overwrite two or four bytes with a number at which arithmetic goes wrong."""
    begin = dice.randrange(max(1, min(len(data), dice.choice((64, 400, len(data)))) - 4))
    form = dice.choice((">I", "<I", ">H", "<H"))
    edge = (0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF)
    wide = (*edge, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFF0, len(data), len(data) + 1)
    number = struct.pack(form, dice.choice(wide if form[1] == "I" else edge))
    return data[:begin] + number + data[begin + len(number) :]


def insert(data: bytes, dice: Random) -> bytes:
    begin = dice.randrange(len(data))
    return data[:begin] + dice.randbytes(dice.choice((1, 3, 64, 1000))) + data[begin:]


def cut_out(data: bytes, dice: Random) -> bytes:
    begin = dice.randrange(len(data))
    return data[:begin] + data[begin + dice.choice((1, 3, 64, 1000)) :]


def repeat_range(data: bytes, dice: Random) -> bytes:
    begin = dice.randrange(len(data))
    piece = data[begin : begin + dice.choice((16, 256, 4096))]
    return data[:begin] + piece * dice.choice((2, 5, 50)) + data[begin + len(piece) :]


def swap_pieces(data: bytes, dice: Random) -> bytes:
    """Two boxes, chunks or segments change places."""
    pieces = pieces_of(data)
    if len(pieces) < 2:
        return flip_bits(data, dice)
    one, other = dice.sample(range(len(pieces)), 2)
    pieces[one], pieces[other] = pieces[other], pieces[one]
    return joined(data, pieces)


def repeat_piece(data: bytes, dice: Random) -> bytes:
    pieces = pieces_of(data)
    if not pieces:
        return flip_bits(data, dice)
    at = dice.randrange(len(pieces))
    pieces[at:at] = [pieces[at]] * dice.choice((1, 3, 100))
    return joined(data, pieces)


def drop_piece(data: bytes, dice: Random) -> bytes:
    pieces = pieces_of(data)
    if not pieces:
        return flip_bits(data, dice)
    del pieces[dice.randrange(len(pieces))]
    return joined(data, pieces)


def edit_length(data: bytes, dice: Random) -> bytes:
    """A box, chunk or segment says that it is of another length."""
    pieces = [one for one in pieces_of(data) if one.length_bytes]
    if not pieces:
        return edit_number(data, dice)
    one = dice.choice(pieces)
    most = (1 << (8 * one.length_bytes)) - 1
    told = dice.choice((0, 1, 7, one.length - 1, one.length + 1, one.length * 2, most, most >> 1))
    number = (max(0, told) & most).to_bytes(one.length_bytes, one.order)
    begin = one.begin + one.length_at
    return data[:begin] + number + data[begin + one.length_bytes :]


MUTATIONS: dict[str, Callable[[bytes, Random], bytes]] = {
    one.__name__: one
    for one in (
        flip_bits,
        flip_head,
        truncate,
        zero,
        edit_number,
        insert,
        cut_out,
        repeat_range,
        swap_pieces,
        repeat_piece,
        drop_piece,
        edit_length,
    )
}


def splice(head: bytes, tail: bytes, dice: Random) -> bytes:
    """One format's beginning on another's rest."""
    reach = dice.choice((12, 32, 200, 1000))
    return head[:reach] + tail[dice.randrange(max(1, len(tail) - reach)) :]


def mutated(whole: dict[str, bytes], count: int, seed: int = SEED) -> Iterator[Hostile]:
    """So many files, no two alike and none whole: what `lies` makes, and mutations for the rest.

    Mutations are spread evenly over formats and kinds.
    """
    seen = {hashlib.sha256(data).digest() for data in whole.values()}
    for one in _fresh(lies(whole), seen):
        yield one
        count -= 1
    for one in _fresh(mutations(whole, seed), seen):
        if count <= 0:
            return
        yield one
        count -= 1


def _fresh(files: Iterator[Hostile], seen: set[bytes]) -> Iterator[Hostile]:
    for one in files:
        digest = hashlib.sha256(one.data).digest()
        if one.data and digest not in seen:
            seen.add(digest)
            yield one


def mutations(whole: dict[str, bytes], seed: int = SEED) -> Iterator[Hostile]:
    """Damaged files without end: formats in turn, and each kind of damage for all of them."""
    kinds = [*MUTATIONS, "splice"]
    for number in itertools.count():
        form = FORMATS[number % len(FORMATS)]
        how = kinds[(number // len(FORMATS)) % len(kinds)]
        dice = Random(f"{seed} {number}")
        if how == "splice":
            other = dice.choice([one for one in FORMATS if one != form])
            data = splice(whole[form], whole[other], dice)
        else:
            data = MUTATIONS[how](whole[form], dice)
            if data and dice.random() < 0.25:  # Now and then two wrongs.
                data = MUTATIONS[dice.choice([*MUTATIONS])](data, dice)
        yield Hostile(form, how, number, data)


# --- Files that lie about themselves


def lies(whole: dict[str, bytes]) -> Iterator[Hostile]:
    """Files made by hand: absurd sizes, counts, depths and times."""
    made: list[tuple[str, str, bytes]] = [
        *_png_lies(),
        *_gif_lies(whole),
        *_webp_lies(whole),
        *_jpeg_lies(whole),
        *_mp4_lies(whole),
        *_mkv_lies(whole),
    ]
    for number, (form, how, data) in enumerate(made):
        yield Hostile(form, how, number, data)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with a right checksum (PNG, 5.3)."""
    body = kind + data
    return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def png_of(width: int, height: int, *between: bytes, pixels: int = 100_000) -> bytes:
    """A PNG that announces a size and brings `pixels` bytes of it, packed a thousandfold."""
    header = struct.pack(">II", width, height) + bytes([8, 2, 0, 0, 0])
    packed = zlib.compress(bytes(pixels), 9)
    chunks = (png_chunk(b"IHDR", header), *between, png_chunk(b"IDAT", packed))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b"")


def _png_lies() -> Iterator[tuple[str, str, bytes]]:
    for width, height in (
        *((60_000, 60_000), (0x7FFF_FFFF, 1), (1, 0x7FFF_FFFF), (0, 0), (16_384, 16_384)),
        *((16_384, 3906), (7_900, 7_900), (0xFFFF_FFFF, 0xFFFF_FFFF)),
    ):
        yield "png", f"absurd {width}x{height}", png_of(width, height)
    # A thousand of text, packed a thousandfold: decoders that unpack it hold gigabytes.
    text = b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)
    yield "png", "text bomb", png_of(64, 64, *[png_chunk(b"zTXt", text)] * 40, pixels=64 * 193)
    profile = b"icc\0\0" + zlib.compress(bytes(200_000_000), 9)
    yield "png", "profile bomb", png_of(64, 64, png_chunk(b"iCCP", profile), pixels=64 * 193)
    control = png_chunk(b"acTL", struct.pack(">II", 0x7FFF_FFFF, 0))
    yield "apng", "2^31 frames", png_of(64, 64, control, pixels=64 * 193)
    yield "apng", "frames of nothing", _apng_of(20_001)
    yield "apng", "huge and many", _apng_of(5_000, 8192, 8192)


def _apng_of(frames: int, width: int = 16, height: int = 16) -> bytes:
    """An animation of one pixel drawn again and again."""
    header = struct.pack(">II", width, height) + bytes([8, 2, 0, 0, 0])
    pixel = zlib.compress(bytes(4), 9)
    whole = zlib.compress(bytes((width * 3 + 1) * height), 9)
    parts = [
        b"\x89PNG\r\n\x1a\n",
        png_chunk(b"IHDR", header),
        png_chunk(b"acTL", struct.pack(">II", frames, 0)),
        png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 100, 0, 0)),
        png_chunk(b"IDAT", whole),
    ]
    sequence = 1
    for _ in range(frames - 1):
        control = struct.pack(">IIIIIHHBB", sequence, 1, 1, 0, 0, 1, 1000, 0, 0)
        parts.append(png_chunk(b"fcTL", control))
        parts.append(png_chunk(b"fdAT", struct.pack(">I", sequence + 1) + pixel))
        sequence += 2
    return b"".join([*parts, png_chunk(b"IEND", b"")])


def gif_of(width: int, height: int, frames: int, delay_cs: int = 1) -> bytes:
    """A GIF of so many frames of one pixel each."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    control = b"\x21\xf9\x04\x00" + struct.pack("<H", delay_cs) + b"\0\0"
    # One pixel: clear code, 0, end code (LZW of two bits).
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + (control + image) * frames + b"\x3b"


def _gif_lies(whole: dict[str, bytes]) -> Iterator[tuple[str, str, bytes]]:
    yield "gif-animated", "65535x65535", gif_of(65_535, 65_535, 2)
    yield "gif-animated", "8000x8000, 200 frames", gif_of(8_000, 8_000, 200)
    yield "gif-animated", "16000x4000, 249 frames", gif_of(16_000, 4_000, 249)
    yield "gif-animated", "20000 frames", gif_of(64, 64, 20_000)
    yield "gif-animated", "20001 frames", gif_of(64, 64, 20_001)
    yield "gif-animated", "10^6 frames", gif_of(16, 16, 1_000_000)
    yield "gif-animated", "no time", gif_of(64, 64, 500, 0)
    yield "gif-animated", "no end", gif_of(64, 64, 500)[:-1]
    yield "gif", "no pixels", gif_of(0, 0, 1)
    screen = bytearray(whole["gif-animated"])
    screen[6:10] = b"\xff\xff\xff\xff"
    yield "gif-animated", "absurd screen", bytes(screen)
    comments = b"\x21\xfe" + (b"\xff" + bytes(255)) * 40_000 + b"\0"
    yield "gif-animated", "10 MB of comment", gif_of(64, 64, 2)[:-1] + comments * 3 + b"\x3b"


def _webp_lies(whole: dict[str, bytes]) -> Iterator[tuple[str, str, bytes]]:
    screen = bytearray(whole["webp-animated"])
    at = screen.find(b"VP8X") + 12
    screen[at : at + 6] = b"\xff" * 6
    yield "webp-animated", "2^24 x 2^24", bytes(screen)
    screen[at : at + 6] = struct.pack("<I", 16_000)[:3] + struct.pack("<I", 4_000)[:3]
    yield "webp-animated", "16000x4000", bytes(screen)
    begin = whole["webp-animated"].find(b"ANMF")
    frames = whole["webp-animated"][begin:]
    for times in (300, 5_000):
        body = whole["webp-animated"][12:begin] + frames * times
        data = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
        yield "webp-animated", f"{times * _FRAMES} frames", data


def _jpeg_lies(whole: dict[str, bytes]) -> Iterator[tuple[str, str, bytes]]:
    data = whole["jpeg"]
    at = data.find(b"\xff\xc0") + 5
    for height, width in ((65_535, 65_535), (0, 0), (1, 65_535), (16_000, 4_000), (0, 160)):
        size = struct.pack(">HH", height, width)
        yield "jpeg", f"absurd {width}x{height}", data[:at] + size + data[at + 4 :]
    yield "jpeg", "100 MB of nothing", data[:2] + (b"\xff\xfe\xff\xff" + bytes(65_533)) * 1500
    # Progressive scans repeated without end: each costs a pass over the whole picture.
    held = io.BytesIO()
    Image.fromarray(np.zeros((4000, 4000, 3), np.uint8)).save(held, "JPEG", progressive=True)
    huge = held.getvalue()
    scan = huge[huge.rfind(b"\xff\xda") : -2]
    yield "jpeg", "3000 scans", huge[:-2] + scan * 3000 + b"\xff\xd9"
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHII", 1, 0x0112, 3, 0x7FFF_FFFF, 8)
    exif += struct.pack(">I", 8)  # Its own next directory.
    marker = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    yield "jpeg", "EXIF in a circle", data[:2] + marker + data[2:]


def box(kind: bytes, body: bytes) -> bytes:
    """A box of ISO 14496-12."""
    return struct.pack(">I", len(body) + 8) + kind + body


def _mp4_lies(whole: dict[str, bytes]) -> Iterator[tuple[str, str, bytes]]:
    data = whole["mp4"]
    deep = b""
    for _ in range(20_000):
        deep = box(b"moov", deep)
    kind = data[: struct.unpack(">I", data[:4])[0]]
    yield "mp4", "20000 boxes deep", kind + deep
    deep = b""
    for _ in range(5_000):
        deep = box(b"trak", box(b"mdia", deep))
    yield "mp4", "10000 tracks deep", kind + box(b"moov", deep)
    yield "mp4", "a million boxes", kind + box(b"free", b"") * 1_000_000 + data[len(kind) :]
    yield "mp4", "2000 tracks", _more_tracks(data, 2_000)
    yield "mp4", "64 tracks", _more_tracks(data, 63)
    for name, where, number in _FIELDS:
        for value in (0, 1, 10**6, 0x7FFF_FFFF, 0xFFFF_FFFF):
            changed = _edited(data, name, where, value)
            yield "mp4", f"{name.decode()} {number} {value}", changed
            mov = _edited(whole["mov"], name, where, value)
            yield "mov", f"{name.decode()} {number} {value}", mov


# Where numbers stand in full boxes of version 0 (ISO 14496-12), counted from the box's body.
_FIELDS = (
    (b"mvhd", 12, "timescale"),
    (b"mvhd", 16, "duration"),
    (b"mdhd", 12, "timescale"),
    (b"mdhd", 16, "duration"),
    (b"tkhd", 20, "duration"),
    (b"tkhd", 76, "width"),
    (b"stts", 4, "entries"),
    (b"stts", 8, "sample count"),
    (b"stts", 12, "sample delta"),
    (b"stsz", 4, "sample size"),
    (b"stsz", 8, "sample count"),
    (b"stsc", 4, "entries"),
    (b"stsc", 12, "samples per chunk"),
    (b"stco", 4, "entries"),
    (b"stco", 8, "offset"),
    (b"stss", 4, "entries"),
    (b"elst", 8, "duration"),
    (b"elst", 12, "media time"),
    (b"avc1", 24, "width and height"),
)


def _edited(data: bytes, name: bytes, where: int, value: int) -> bytes:
    at = data.rfind(name)
    if at < 0:
        return data
    begin = at + 4 + where
    return data[:begin] + struct.pack(">I", value) + data[begin + 4 :]


def _more_tracks(data: bytes, count: int) -> bytes:
    """Every track again and again; the offsets stay right, because the index comes last."""
    boxes = mp4_boxes(data, 0, len(data))
    moov = next(one for one in boxes if one.kind == b"moov")
    inner = mp4_boxes(data, moov.begin + 8, moov.end)
    track = next(one for one in inner if one.kind == b"trak")
    body = data[moov.begin + 8 : moov.end] + data[track.begin : track.end] * count
    return data[: moov.begin] + box(b"moov", body) + data[moov.end :]


def _mkv_lies(whole: dict[str, bytes]) -> Iterator[tuple[str, str, bytes]]:
    for form in ("mkv", "webm"):
        data = whole[form]
        for name, element, numbers in _ELEMENTS:
            at = data.find(element)
            if at < 0:
                continue
            size = data[at + len(element)] & 0x7F
            begin = at + len(element) + 1
            for number in numbers:
                packed = (
                    struct.pack(">d" if size == 8 else ">f", number)
                    if isinstance(number, float)
                    else (number & ((1 << 8 * size) - 1)).to_bytes(size, "big")
                )
                yield form, f"{name} {number}", data[:begin] + packed + data[begin + size :]
        tracks = next((one for one in ebml_pieces(data) if one.kind == b"\x16\x54\xae\x6b"), None)
        if tracks is not None:
            again = data[tracks.begin : tracks.end] * 500
            yield form, "500 lists of tracks", data[: tracks.end] + again + data[tracks.end :]
        nested = b""
        for _ in range(3_000):
            nested = b"\x18\x53\x80\x67\x01" + len(nested).to_bytes(7, "big") + nested
        yield form, "3000 segments deep", data[: data.find(b"\x18\x53\x80\x67")] + nested


_ELEMENTS: Sequence[tuple[str, bytes, Sequence[int | float]]] = (
    ("duration", b"\x44\x89", (0.0, 1e18, float("nan"), float("inf"), -1.0)),
    ("timestamp scale", b"\x2a\xd7\xb1", (0, 1, 0xFFFFFF)),
    ("pixel width", b"\xb0", (0, 1, 0xFFFF)),
    ("pixel height", b"\xba", (0, 1, 0xFFFF)),
    ("default duration", b"\x23\xe3\x83", (0, 1, 0xFFFF_FFFF)),
)

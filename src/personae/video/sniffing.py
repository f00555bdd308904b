"""What a file is, by its content: names lie."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Literal

from personae.video.files import check_readable, unreachable

Kind = Literal["picture", "animation", "video", "audio", "unknown"]
"""``animation``: GIF, WebP or PNG with more than one frame."""

HEAD_BYTES = 4096

_Table = tuple[tuple[bytes, str], ...]
_STILLS: _Table = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF87a", "a GIF"),
    (b"GIF89a", "a GIF"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"P5\n", "a PGM picture"),
    (b"P6\n", "a PPM picture"),
)
_VIDEOS: _Table = (
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM video"),
    (b"FLV", "an FLV video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media video"),
    (b"\0\0\x01\xba", "an MPEG video"),
    (b"\0\0\x01\xb3", "an MPEG video"),
    (b"\0\0\0\x01", "a raw video stream"),
    (b"YUV4MPEG2", "a raw video"),
    (b"DKIF", "an IVF video"),
)
_AUDIO: _Table = (
    (b"ID3", "an MP3 sound file"),
    (b"\xff\xfb", "an MP3 sound file"),
    (b"\xff\xf3", "an MP3 sound file"),
    (b"\xff\xf1", "an AAC sound file"),
    (b"\xff\xf9", "an AAC sound file"),
    (b"fLaC", "a FLAC sound file"),
    (b"#!AMR", "an AMR sound file"),
)
_OTHER: _Table = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"8BPS", "a Photoshop document"),
    (b"<svg", "an SVG drawing"),
    (b"<!DOCTYPE html", "a web page"),
    (b"<html", "a web page"),
)


def sniff(path: Path) -> Kind:
    """Tell by its content whether a file is a picture, an animation, a video or sound.

    Raises
    ------
    MediaUnreachable
        If it cannot be opened.
    MediaUnreadable
        If it is empty.
    """
    check_readable(path, str(path))
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            kind = sniff_head(head)
            if kind == "picture" and _has_frames(file, head):
                return "animation"
            return kind
    except OSError as error:
        raise unreachable(f"{path} cannot be opened", error) from error


def sniff_head(head: bytes) -> Kind:
    """The same from a file's first bytes; animations are not told from pictures."""
    return _classify(head)[0]


def describe_kind(head: bytes) -> str:
    """What a file is, in words with an article: ``a PDF document``, ``an MP4 video``."""
    return _classify(head)[1]


def _classify(head: bytes) -> tuple[Kind, str]:
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head[:4] in (b"RIFF", b"FORM", b"OggS"):
        return _chunked(head)
    tables: tuple[tuple[_Table, Kind], ...]
    tables = ((_STILLS, "picture"), (_VIDEOS, "video"), (_AUDIO, "audio"))
    for table, kind in tables:
        for magic, words in table:
            if head.startswith(magic):
                return kind, words
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "video", "a QuickTime video"
    if head[:1] == b"G" and head[188:189] == b"G":
        return "video", "an MPEG transport stream"
    for magic, words in _OTHER:
        if head.lstrip().lower().startswith(magic.lower()):
            return "unknown", words
    return "unknown", "of an unknown kind"


def _iso_media(head: bytes) -> tuple[Kind, str]:
    """The brands of ISO 14496-12 files, major and compatible."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    brands = {major, *(head[i : i + 4] for i in range(16, length - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "picture", "an AVIF picture"
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}:
        return "unknown", "a HEIC picture, which is not supported"
    if major in (b"M4A ", b"M4B ", b"M4P "):
        return "audio", "an M4A sound file"
    return "video", "a QuickTime video" if major == b"qt  " else "an MP4 video"


def _chunked(head: bytes) -> tuple[Kind, str]:
    form = head[8:12]
    if head[:4] == b"OggS":
        video = b"\x80theora" in head[:256]
        return ("video", "an Ogg video") if video else ("audio", "an Ogg sound file")
    if form == b"WEBP":
        return "picture", "a WebP picture"
    if form == b"AVI ":
        return "video", "an AVI video"
    if form in (b"WAVE", b"AIFF", b"AIFC"):
        return "audio", "a WAV or AIFF sound file"
    return "unknown", "of an unknown kind"


def is_hdr_avif(head: bytes) -> bool:
    """Whether an AVIF picture's samples are meant for PQ or HLG (ITU-T H.273, table 3)."""
    if head[4:8] != b"ftyp":
        return False
    at = head.find(b"colrnclx")
    transfer = int.from_bytes(head[at + 10 : at + 12], "big") if at >= 0 else 0
    return transfer in (16, 18)


def _has_frames(file: BinaryIO, head: bytes) -> bool:
    if head.startswith(b"GIF8"):
        return count_gif_images(file, 2) == 2
    if head.startswith(b"\x89PNG"):
        return _has_animation_chunk(file)
    if head[8:12] == b"WEBP":
        return head[12:16] == b"VP8X" and bool(head[20] & 0x02)
    return False


def _has_animation_chunk(file: BinaryIO) -> bool:
    """Whether a PNG has an acTL chunk of more than one frame before its pixels."""
    file.seek(8)
    while len(header := file.read(8)) == 8:
        length, kind = int.from_bytes(header[:4], "big"), header[4:]
        if kind == b"acTL":
            return int.from_bytes(file.read(4), "big") > 1
        if kind in (b"IDAT", b"IEND"):
            break
        file.seek(length + 4, 1)
    return False


def count_gif_images(file: BinaryIO, enough: int = 2**31) -> int:
    """How many images a GIF has, counted up to `enough` by walking over its blocks."""
    file.seek(10)
    packed = file.read(3)
    if len(packed) < 3:
        return 0
    file.seek(_gif_table_bytes(packed[0]), 1)
    found = 0
    while found < enough and (mark := file.read(1)) in (b"!", b","):
        if mark == b",":
            descriptor = file.read(9)
            if len(descriptor) < 9:
                break
            found += 1
            file.seek(_gif_table_bytes(descriptor[8]), 1)
        file.read(1)  # the extension's label, or the image's code size
        while length := int.from_bytes(file.read(1), "big"):
            file.seek(length, 1)
    return found


def count_jpeg_scans(file: BinaryIO) -> int:
    """How many scans a JPEG has, at most: markers of their start, from the file's beginning.

    In a scan's own bits 0xFF never stands before 0xDA (ITU-T T.81, B.1.1.5), so what else is
    counted are previews and chance. The file's position stays as it was.
    """
    position, found, last = file.tell(), 0, b""
    file.seek(0)
    while block := file.read(1 << 20):
        found += (last + block).count(b"\xff\xda")
        last = block[-1:]
    file.seek(position)
    return found


def _gif_table_bytes(packed: int) -> int:
    """Size of the colour table that a GIF's packed field announces."""
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0

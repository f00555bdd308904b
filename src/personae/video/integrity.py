"""Damage: what was lost while decoding, and whether a file ends before it should."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067


@dataclass(slots=True)
class Damage:
    """What went wrong while a video was read; all zero for a sound file.

    Attributes
    ----------
    truncated : bool
        The file ends before its own headers say it does.
    errors : int
        Packets that could not be read or decoded.
    frames_damaged : int
        Frames that came out, with parts that the decoder had to make up.
    frames_lost : int
        Frames that the container promised and that did not come out; an estimate from duration
        and rate where the container does not count frames. Complete once reading has ended.
    timestamps_repaired : int
        Frames whose timestamp was missing or not later than the one before.
    """

    truncated: bool = False
    errors: int = 0
    frames_damaged: int = 0
    frames_lost: int = 0
    timestamps_repaired: int = 0

    def __bool__(self) -> bool:
        return self.truncated or self.errors + self.frames_damaged + self.frames_lost > 0


def ends_early(path: Path) -> bool:
    """Whether a file of MP4, Matroska or AVI is shorter than its outermost headers say.

    Other containers, and those written without knowing their end, are taken as whole.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return _boxes_end(file, size) > size
        if head[:4] == b"\x1a\x45\xdf\xa3":
            return _segment_end(file) > size
        if head[:4] == b"RIFF":
            return int.from_bytes(head[4:8], "little") + 8 > size
    return False


def _boxes_end(file: BinaryIO, size: int) -> int:
    """Where the last top-level box of an ISO 14496-12 file ends."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0 means "to the end of the file"
            return size
        at += length
    return at


def _segment_end(file: BinaryIO) -> int:
    """Where the first Segment of a Matroska file ends (RFC 9559); 0 when it does not say."""
    file.seek(0)
    for _ in range(8):
        element = _vint(file, keep_marker=True)
        length = _vint(file, keep_marker=False)
        if element is None or length is None:
            return 0
        if element == _SEGMENT:
            return file.tell() + length
        file.seek(length, 1)
    return 0


def _vint(file: BinaryIO, *, keep_marker: bool) -> int | None:
    """Read a variable-size integer of RFC 8794; None at the end, or when all bits are ones."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()
    raw = int.from_bytes(first + file.read(length - 1), "big")
    if keep_marker:
        return raw
    value = raw & ((1 << (7 * length)) - 1)
    return None if value == (1 << (7 * length)) - 1 else value

"""Where the pieces of a media file begin and end: boxes, chunks, segments, elements.

Only as much as mutations need; a file whose structure cannot be followed has no pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Piece:
    """A part of a file with a length of its own.

    ``length_at`` and ``length_bytes``: where its length stands, from its beginning; 0 bytes if it
    is not a plain number.
    """

    kind: bytes
    begin: int
    end: int
    length: int
    length_at: int
    length_bytes: int
    order: Literal["big", "little"] = "big"


def pieces_of(data: bytes) -> list[Piece]:
    """The pieces of a file, in order, by what it begins with; they do not overlap."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    if data[:4] == b"RIFF":
        return _riff(data)
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:3] == b"GIF":
        return _gif(data)
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return ebml_pieces(data)
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide"):
        boxes = mp4_boxes(data, 0, len(data))
        moov = next((one for one in boxes if one.kind == b"moov"), None)
        if moov is None:
            return boxes
        inner = mp4_boxes(data, moov.begin + 8, moov.end)
        return sorted([one for one in boxes if one is not moov] + inner, key=lambda p: p.begin)
    return []


def joined(data: bytes, pieces: Sequence[Piece]) -> bytes:
    """The file with its pieces in this order; what lies between them stays where it was."""
    known = pieces_of(data)
    gaps, at = [], 0
    for one in known:
        gaps.append(data[at : one.begin])
        at = one.end
    rest = data[at:]
    parts: list[bytes] = []
    for number, one in enumerate(pieces):
        if number < len(gaps):
            parts.append(gaps[number])
        parts.append(data[one.begin : one.end])
    return b"".join([*parts, *gaps[len(pieces) :], rest])


def mp4_boxes(data: bytes, begin: int, end: int) -> list[Piece]:
    """Boxes next to each other (ISO 14496-12, 4.2)."""
    found: list[Piece] = []
    while begin + 8 <= end:
        length = int.from_bytes(data[begin : begin + 4], "big")
        if length < 8 or begin + length > end:
            break
        kind = data[begin + 4 : begin + 8]
        found.append(Piece(kind, begin, begin + length, length, 0, 4))
        begin += length
    return found


def _png(data: bytes) -> list[Piece]:
    found, begin = [], 8
    while begin + 12 <= len(data):
        length = int.from_bytes(data[begin : begin + 4], "big")
        end = begin + 12 + length
        if end > len(data):
            break
        found.append(Piece(data[begin + 4 : begin + 8], begin, end, length, 0, 4))
        begin = end
    return found


def _riff(data: bytes) -> list[Piece]:
    found, begin = [], 12
    while begin + 8 <= len(data):
        length = int.from_bytes(data[begin + 4 : begin + 8], "little")
        end = begin + 8 + length + length % 2
        if end > len(data):
            break
        found.append(Piece(data[begin : begin + 4], begin, end, length, 4, 4, "little"))
        begin = end
    return found


def _jpeg(data: bytes) -> list[Piece]:
    found, begin = [], 2
    while begin + 4 <= len(data) and data[begin] == 0xFF:
        length = int.from_bytes(data[begin + 2 : begin + 4], "big")
        end = begin + 2 + length
        if length < 2 or end > len(data):
            break
        found.append(Piece(data[begin : begin + 2], begin, end, length, 2, 2))
        begin = end
        if found[-1].kind == b"\xff\xda":  # Behind a scan's header come its bits.
            break
    return found


def _gif(data: bytes) -> list[Piece]:
    """Graphic control extensions and what follows each: frames."""
    marks, at = [], data.find(b"\x21\xf9\x04")
    while at >= 0:
        marks.append(at)
        at = data.find(b"\x21\xf9\x04", at + 1)
    if not marks:
        return []
    ends = [*marks[1:], len(data) - 1]
    return [Piece(b"frame", b, e, e - b, 0, 0) for b, e in zip(marks, ends, strict=True) if e > b]


def ebml_pieces(data: bytes) -> list[Piece]:
    """Elements inside the first segment (RFC 8794, 4 and 5), besides those without a size."""
    at = data.find(b"\x18\x53\x80\x67")
    if at < 0:
        return []
    begin = at + 4 + _width(data[at + 4])
    found: list[Piece] = []
    while begin + 2 < len(data):
        name = _width(data[begin])
        if name > 4 or begin + name >= len(data):
            break
        size = _width(data[begin + name])
        if size > 8:
            break
        raw = data[begin + name : begin + name + size]
        length = int.from_bytes(raw, "big") & ((1 << 7 * size) - 1)
        end = begin + name + size + length
        if end > len(data):
            break
        kind = data[begin : begin + name]
        # The length with its marker bits is edited as a whole: other widths come out of it.
        found.append(Piece(kind, begin, end, length, name, size))
        begin = end
    return found


def _width(first: int) -> int:
    """How many bytes a number takes, by its first one."""
    return 9 - first.bit_length() if first else 9

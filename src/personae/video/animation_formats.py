"""The containers of GIF, APNG and animated WebP, written frame by frame.

Pillow compresses single frames and this module puts them together, because Pillow's own writers
hold every frame in memory, drop frames that equal the one before, and cannot keep chosen colours.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import numpy as np
from PIL import Image

from personae.engine.types import Bool, BoxXYXY, UInt8
from personae.video.gif_colours import index_colours


class _Clock:
    """Durations in whole units of a format, such that rounding does not add up."""

    def __init__(self, unit_ms: float, largest: int) -> None:
        self._unit_ms = unit_ms
        self._largest = largest
        self._time_ms = 0.0

    def units(self, duration_ms: float) -> int:
        start = round(self._time_ms / self._unit_ms)
        self._time_ms += duration_ms
        return min(round(self._time_ms / self._unit_ms) - start, self._largest)


def _box_of(mask: Bool) -> BoxXYXY | None:
    """The smallest box around the pixels that are set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _samples(rgb: UInt8, alpha: UInt8 | None) -> UInt8:
    """uint8 (H, W, 4) RGBA, a copy."""
    if alpha is None:
        alpha = np.full(rgb.shape[:2], 255, np.uint8)
    return np.dstack([rgb, alpha])


# --- GIF: https://www.w3.org/Graphics/GIF/spec-gif89a.txt


@dataclass(frozen=True, slots=True, eq=False)
class _GifFrame:
    """A frame that waits until the next one is known, for only then its disposal is."""

    rgb: UInt8
    opaque: Bool
    free: Bool | None
    delay: int
    below: tuple[UInt8, Bool] | None


class GifBody:
    """GIF89a: each frame stores the pixels that differ from what is already on the screen.

    Attributes
    ----------
    reduced : bool
        Whether a frame had more colours than fit.
    hardened : bool
        Whether a half transparent pixel was made opaque or clear.
    """

    def __init__(self, file: BinaryIO, size_wh: tuple[int, int], plays: int) -> None:
        self._file = file
        self._size_wh = size_wh
        self._clock = _Clock(10.0, 65_535)
        self._waiting: _GifFrame | None = None
        self.reduced = self.hardened = False
        width, height = (side.to_bytes(2, "little") for side in size_wh)
        file.write(b"GIF89a" + width + height + b"\x70\0\0")
        if plays != 1:
            repeats = max(plays - 1, 0).to_bytes(2, "little")
            file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + repeats + b"\0")

    def add(self, rgb: UInt8, alpha: UInt8 | None, duration_ms: float, free: Bool | None) -> None:
        opaque = np.ones(rgb.shape[:2], np.bool_) if alpha is None else alpha >= 128
        if alpha is not None and not self.hardened:
            self.hardened = bool(((alpha > 0) & (alpha < 255)).any())
        below: tuple[UInt8, Bool] | None = None
        if self._waiting is not None:
            # A GIF cannot draw holes: where something disappears, the screen is cleared first.
            holes = bool((self._waiting.opaque & ~opaque).any())
            self._write(self._waiting, clear_after=holes)
            if not holes:
                below = self._waiting.rgb, self._waiting.opaque
        delay = self._clock.units(duration_ms)
        self._waiting = _GifFrame(rgb.copy(), opaque, free, delay, below)

    def finish(self) -> None:
        if self._waiting is not None:
            self._write(self._waiting, clear_after=False)
        self._file.write(b";")

    def _write(self, frame: _GifFrame, *, clear_after: bool) -> None:
        draw = frame.opaque
        if frame.below is not None:
            rgb, opaque = frame.below
            draw = draw & ~(opaque & (rgb == frame.rgb).all(axis=2))
        indexed = index_colours(frame.rgb, draw, frame.free)
        if not indexed.exact and frame.opaque.all():
            # Drawing every pixel spares the clear index: 256 colours fit where 255 do not.
            whole = index_colours(frame.rgb, frame.opaque, frame.free)
            if whole.exact:
                indexed, draw = whole, frame.opaque
        self.reduced |= not indexed.exact
        whole_screen = clear_after or frame.below is None
        full = (0, 0, *self._size_wh)
        box = full if whole_screen else _box_of(draw) or (0, 0, 1, 1)
        flags = (2 if clear_after else 1) << 2 | (indexed.clear is not None)
        control = bytes([flags]) + frame.delay.to_bytes(2, "little") + bytes([indexed.clear or 0])
        bits = max(1, (len(indexed.palette) - 1).bit_length())
        table = indexed.palette.tobytes().ljust(3 << bits, b"\0")
        x0, y0, x1, y1 = box
        corner = b"".join(value.to_bytes(2, "little") for value in (x0, y0, x1 - x0, y1 - y0))
        self._file.write(b"!\xf9\x04" + control + b"\0," + corner + bytes([0x80 | bits - 1]))
        self._file.write(table + _gif_codes(indexed.indices[y0:y1, x0:x1]))


def _gif_codes(indices: UInt8) -> bytes:
    """A frame's indices as GIF stores them: code size and LZW blocks up to the empty one.

    Taken out of the one-frame GIF that Pillow writes: a screen descriptor of 13 bytes, its
    colour table, perhaps extensions, an image descriptor of 10 bytes without a table, the codes,
    and one byte at the end.
    """
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(indices)).save(
        encoded, "GIF", optimize=False, interlace=False
    )
    data = encoded.getvalue()
    at = 13 + ((3 << (data[10] & 7) + 1) if data[10] & 0x80 else 0)
    while data[at] == 0x21:
        at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    return data[at + 10 : -1]


# --- APNG: https://www.w3.org/TR/png-3/#11Ani-chunks


class ApngBody:
    """PNG with an animation: RGBA of 8 bits, each frame the box that changed."""

    def __init__(
        self, file: BinaryIO, size_wh: tuple[int, int], plays: int, icc: bytes | None
    ) -> None:
        self._file = file
        self._plays = plays
        self._sequence = 0
        self._frames = 0
        self._before: UInt8 | None = None
        width, height = (side.to_bytes(4, "big") for side in size_wh)
        file.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", width + height + b"\x08\x06\0\0\0")
        if icc:
            self._chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc))
        self._control_at = file.tell()
        self._chunk(b"acTL", bytes(8))

    def add(self, rgb: UInt8, alpha: UInt8 | None, duration_ms: float, free: Bool | None) -> None:
        samples = _samples(rgb, alpha)
        box: BoxXYXY = (0, 0, rgb.shape[1], rgb.shape[0])
        if self._before is not None:
            box = _box_of((samples != self._before).any(axis=2)) or (0, 0, 1, 1)
        self._before = samples
        x0, y0, x1, y1 = box
        delay = _fraction(duration_ms)
        placing = b"".join(value.to_bytes(4, "big") for value in (x1 - x0, y1 - y0, x0, y0))
        timing = delay.numerator.to_bytes(2, "big") + delay.denominator.to_bytes(2, "big")
        self._chunk(b"fcTL", self._next() + placing + timing + b"\0\0")
        for data in _png_data(samples[y0:y1, x0:x1]):
            if self._frames == 0:
                self._chunk(b"IDAT", data)
            else:
                self._chunk(b"fdAT", self._next() + data)
        self._frames += 1

    def finish(self) -> None:
        self._chunk(b"IEND", b"")
        self._file.seek(self._control_at)
        self._chunk(b"acTL", self._frames.to_bytes(4, "big") + self._plays.to_bytes(4, "big"))

    def _next(self) -> bytes:
        self._sequence += 1
        return (self._sequence - 1).to_bytes(4, "big")

    def _chunk(self, kind: bytes, data: bytes) -> None:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        self._file.write(len(data).to_bytes(4, "big") + kind + data + check)


def _fraction(duration_ms: float) -> Fraction:
    """Seconds as a fraction of two numbers of 16 bits; the longest is a little over 18 hours."""
    seconds = min(Fraction(duration_ms) / 1000, Fraction(65_535))
    largest = 65_535 if seconds <= 1 else max(1, int(65_535 / seconds))
    return seconds.limit_denominator(largest)


def _png_data(samples: UInt8) -> list[bytes]:
    """The compressed pixels of a picture: the contents of its IDAT chunks."""
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(samples)).save(encoded, "PNG", compress_level=4)
    data, at, found = encoded.getvalue(), 8, list[bytes]()
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            found.append(data[at + 8 : at + 8 + length])
        at += length + 12
    return found


# --- WebP: https://developers.google.com/speed/webp/docs/riff_container


class WebpBody:
    """WebP with an animation: lossless, or with loss at a quality; each frame a box."""

    def __init__(
        self,
        file: BinaryIO,
        size_wh: tuple[int, int],
        plays: int,
        quality: int | None,
        icc: bytes | None,
    ) -> None:
        self._file = file
        self._clock = _Clock(1.0, 2**24 - 1)
        self._quality = quality
        self._flags = 0x02 | (0x20 if icc else 0)
        self._before: UInt8 | None = None
        self._size = b"".join((side - 1).to_bytes(3, "little") for side in size_wh)
        file.write(b"RIFF\0\0\0\0WEBP")
        self._describe()
        if icc:
            self._chunk(b"ICCP", icc)
        self._chunk(b"ANIM", bytes(4) + min(plays, 65_535).to_bytes(2, "little"))

    def add(self, rgb: UInt8, alpha: UInt8 | None, duration_ms: float, free: Bool | None) -> None:
        samples = _samples(rgb, alpha)
        box: BoxXYXY = (0, 0, rgb.shape[1], rgb.shape[0])
        if self._before is not None:
            box = _box_of((samples != self._before).any(axis=2)) or (0, 0, 1, 1)
        self._before = samples
        x0, y0, x1, y1 = box
        x0, y0 = x0 & ~1, y0 & ~1  # offsets are stored halved
        part = samples[y0:y1, x0:x1]
        if bool((part[:, :, 3] < 255).any()):
            self._flags |= 0x10
        else:
            part = part[:, :, :3]
        placing = (x0 // 2, y0 // 2, x1 - x0 - 1, y1 - y0 - 1, self._clock.units(duration_ms))
        header = b"".join(value.to_bytes(3, "little") for value in placing)
        # Flag 2: the box replaces what is below it, with its alpha; it stays for the next frame.
        self._chunk(b"ANMF", header + b"\x02" + self._picture(part))

    def finish(self) -> None:
        length = self._file.tell() - 8
        self._file.seek(4)
        self._file.write(length.to_bytes(4, "little"))
        self._file.seek(12)
        self._describe()

    def _describe(self) -> None:
        self._chunk(b"VP8X", bytes([self._flags, 0, 0, 0]) + self._size)

    def _chunk(self, kind: bytes, data: bytes) -> None:
        pad = b"\0" * (len(data) & 1)
        self._file.write(kind + len(data).to_bytes(4, "little") + data + pad)

    def _picture(self, samples: UInt8) -> bytes:
        """The bitstream chunks of one frame, taken out of the still WebP that Pillow writes."""
        encoded = io.BytesIO()
        image = Image.fromarray(np.ascontiguousarray(samples))
        if self._quality is None:
            # For lossless WebP the quality is the effort.
            image.save(encoded, "WEBP", lossless=True, quality=50, method=2, exact=True)
        else:
            image.save(encoded, "WEBP", quality=self._quality, method=4, exact=True)
        data, at, found = encoded.getvalue(), 12, b""
        while at < len(data):
            length = int.from_bytes(data[at + 4 : at + 8], "little")
            end = at + 8 + length + (length & 1)
            if data[at : at + 4] in (b"VP8 ", b"VP8L", b"ALPH"):
                found += data[at:end]
            at = end
        return found

"""GIF in: the blocks of the file, composited as browsers do.

Pillow decodes the pixels of single images. It is not asked to composite them, because where a
frame is cleared and no colour is transparent it paints the background colour, and a frame that
says nothing about its disposal inherits the one before; viewers do neither.
Format: https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

from __future__ import annotations

import io
from collections.abc import Generator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image

from personae.engine.types import UInt8

_CLEAR, _RESTORE = 2, 3
_MOST_SCREENS = 4
_ALWAYS_DRAWN = 1 << 20
"""Images beside the screen are not shown, and only hostile files have much of them: of one, so
many times the pixels of the screen are decoded, or so many pixels of a small screen's."""

_Region = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True, slots=True)
class _Control:
    """What a graphic control extension says about the image that follows."""

    disposal: int = 0
    duration_ms: float = 0.0
    clear: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GifImage:
    """The whole screen after one image was drawn.

    ``rgba``: uint8 (H, W, 4), the reader's own buffer, valid until the next image is asked for.
    """

    rgba: UInt8
    duration_ms: float


class GifStream:
    """Walk once over an open GIF, image by image.

    An image costs what it draws, not what the screen holds: a file that draws one pixel at a time
    on a huge screen is small, and must not take minutes to be looked at.

    Parameters
    ----------
    file : binary file
        At any position; it is read from its start.
    size_wh : pixels
        The screen; what the images draw outside it is not shown.
    """

    def __init__(self, file: BinaryIO, size_wh: tuple[int, int]) -> None:
        self._file = file
        self._canvas = np.zeros((size_wh[1], size_wh[0], 4), np.uint8)
        self._open: _Region | None = (slice(None), slice(None))

    def see_through(self) -> bool:
        """Whether any pixel of the screen is transparent now; looks only where one can be."""
        if self._open is not None and not (self._canvas[self._open][..., 3] < 255).any():
            self._open = None
        return self._open is not None

    def images(self) -> Generator[GifImage]:
        """Draw one image after the other.

        Raises
        ------
        OSError, EOFError, ValueError, IndexError
            If the file is damaged, ends in the middle of an image, or has one that is far larger
            than the screen.
        """
        self._file.seek(6)
        common = self._table(self._take(7)[4])
        control = _Control()
        while (mark := self._file.read(1)) in (b"!", b","):
            if mark == b"!":
                label = self._take(1)[0]
                blocks = self._blocks()
                if label == 0xF9 and len(blocks) >= 4:
                    control = _control(blocks)
                continue
            open_before = self._open
            region, before = self._draw(control, common)
            yield GifImage(self._canvas, control.duration_ms)
            if before is not None:
                self._canvas[region] = before
                self._open = open_before
            elif control.disposal == _CLEAR:
                self._canvas[region] = 0
                self._open = region if self._open is None else (slice(None), slice(None))
            control = _Control()

    def _draw(self, control: _Control, common: UInt8) -> tuple[_Region, UInt8 | None]:
        """Draw the image that starts here; where, and what was there if that is to come back."""
        place = self._take(9)
        x, y, width, height = (int.from_bytes(place[i : i + 2], "little") for i in (0, 2, 4, 6))
        table = self._table(place[8]) if place[8] & 0x80 else common
        canvas_h, canvas_w = self._canvas.shape[:2]
        if width * height > max(_MOST_SCREENS * canvas_h * canvas_w, _ALWAYS_DRAWN):
            raise ValueError("an image far larger than the screen")
        rows = slice(min(y, canvas_h), min(y + height, canvas_h))
        columns = slice(min(x, canvas_w), min(x + width, canvas_w))
        shown = (rows.stop - rows.start, columns.stop - columns.start)
        indices = self._indices(width, height, bool(place[8] & 0x40))[: shown[0], : shown[1]]
        region = self._canvas[rows, columns]
        before = region.copy() if control.disposal == _RESTORE else None
        drawn = table[indices]
        if control.clear is None:
            region[...] = drawn
        else:
            seen = indices != control.clear
            region[seen] = drawn[seen]
        return (rows, columns), before

    def _indices(self, width: int, height: int, interlaced: bool) -> UInt8:
        """Palette indices, uint8 (height, width), of the compressed image that starts here."""
        code_bits = self._take(1)
        codes = self._blocks(keep_lengths=True)
        if width == 0 or height == 0:
            return np.zeros((height, width), np.uint8)
        size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
        flags = b"\x40" if interlaced else b"\0"
        # A GIF without any table is grey to Pillow, so its pixels are the indices themselves.
        alone = b"GIF89a" + size + b"\0\0\0," + bytes(4) + size + flags + code_bits + codes + b";"
        with Image.open(io.BytesIO(alone), formats=["GIF"]) as image:
            return np.asarray(image, np.uint8)

    def _table(self, packed: int) -> UInt8:
        """The colour table that starts here: uint8 (256, 4) RGBA, opaque, filled up with black."""
        table = np.zeros((256, 4), np.uint8)
        table[:, 3] = 255
        if packed & 0x80:
            count = 2 << (packed & 7)
            table[:count, :3] = np.frombuffer(self._take(3 * count), np.uint8).reshape(count, 3)
        return table

    def _blocks(self, *, keep_lengths: bool = False) -> bytes:
        """The sub-blocks that start here, up to the empty one, joined."""
        parts: list[bytes] = []
        while length := self._take(1)[0]:
            data = self._take(length)
            parts.append(bytes([length]) + data if keep_lengths else data)
        return b"".join(parts) + (b"\0" if keep_lengths else b"")

    def _take(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise EOFError("the file ends too early")
        return data


def _control(block: bytes) -> _Control:
    return _Control(
        disposal=block[0] >> 2 & 7,
        duration_ms=10.0 * int.from_bytes(block[1:3], "little"),
        clear=block[3] if block[0] & 1 else None,
    )

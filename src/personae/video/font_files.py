"""Letters from a font file, shaped by HarfBuzz: for scripts that the built-in letters lack."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from personae.engine.types import UInt8
from personae.errors import InvalidRequest

MOST_BYTES = 64 << 20
_NOWHERE = "\U0010fffe"
"""No font has a letter for this: it is drawn as whatever stands for missing letters."""
_UNSEEN = "\u200c\u200d"


def lettering_of(path: Path) -> Callable[[str, int], tuple[UInt8, int]]:
    """What draws lines with a font file; see `personae.engine.label.Lettering`.

    Raises
    ------
    InvalidRequest
        If it is no font, or this machine cannot shape text.
    """
    name = f"The font {path.name}"
    if not features.check("raqm"):
        raise InvalidRequest("This machine cannot shape text for a font file: it lacks FriBiDi.")
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise InvalidRequest(f"{name} has more than {MOST_BYTES >> 20} MiB.")
        # Read once: the file may be replaced while a clip is being written.
        data = path.read_bytes()
        _sized(data, 24)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{name} cannot be read as a font; give a TTF or OTF.") from error
    lock = threading.Lock()

    def draw(text: str, em_px: int) -> tuple[UInt8, int]:
        with lock:  # FreeType's faces are not for several threads at once.
            return _draw(_sized(data, em_px), text, em_px, name)

    return draw


def _sized(data: bytes, em_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BytesIO(data), em_px, layout_engine=ImageFont.Layout.RAQM)


def _draw(font: ImageFont.FreeTypeFont, text: str, em_px: int, name: str) -> tuple[UInt8, int]:
    missing = _ink(font, _NOWHERE, em_px)
    for char in dict.fromkeys(text):
        if char.isspace() or char in _UNSEEN:
            continue
        ink = _ink(font, char, em_px)
        if not ink.any() or np.array_equal(ink, missing):
            raise InvalidRequest(f"{name} has no {char!r} (U+{ord(char):04X}); use another font.")
    ink, base = _ink(font, text, em_px), 3 * em_px
    columns, rows = np.flatnonzero(ink.any(axis=0)), np.flatnonzero(ink.any(axis=1))
    if not columns.size:
        raise InvalidRequest("A label needs letters.")
    # Cut as if every line had capitals and descenders, so that lines of one size stand alike.
    top = min(int(rows[0]), base - round(0.72 * em_px))
    bottom = max(int(rows[-1]) + 1, base + round(0.2 * em_px))
    return np.ascontiguousarray(ink[top:bottom, columns[0] : columns[-1] + 1]), base - top


def _ink(font: ImageFont.FreeTypeFont, text: str, em_px: int) -> UInt8:
    """uint8 (5 em, w): a line whose base is 3 em below the top."""
    image = Image.new("L", (int(font.getlength(text)) + 4 * em_px, 5 * em_px))
    ImageDraw.Draw(image).text((2 * em_px, 3 * em_px), text, 255, font, anchor="ls")
    return np.asarray(image, np.uint8)

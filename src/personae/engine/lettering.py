"""Letters from the fonts inside OpenCV: Latin, Cyrillic, Greek, Chinese, Japanese and Korean.

OpenCV 5 carries Rubik and WenQuanYi Micro Hei and draws them itself, in software, so that the same
text gives the same pixels wherever the same version is installed. It knows no shaping and no
writing from right to left; such scripts need a font file and `personae.video.font_files`.
"""

from __future__ import annotations

from typing import Any, Final, cast

import cv2
import numpy as np

from personae.engine.types import UInt8
from personae.errors import InvalidRequest, ModelError

_FONT: Final = "sans"
_WEIGHT: Final = 600
_STAND_IN: Final = "?"
"""What OpenCV draws for a character that none of its fonts has."""


def draw_line(text: str, em_px: int) -> tuple[UInt8, int]:
    """One line in white on black, cut to the width of its ink; see `label.Lettering`.

    Raises
    ------
    InvalidRequest
        If the fonts lack a character.
    ModelError
        If the OpenCV that is installed has no fonts.
    """
    font = _font()
    for char in dict.fromkeys(text):
        if not char.isspace() and not _has(font, char):
            raise InvalidRequest(
                f"The built-in letters have no {char!r} (U+{ord(char):04X}); use other words, or "
                "give a font file that has it."
            )
    ink = _draw(font, text, em_px)
    base = 2 * em_px
    columns = np.flatnonzero(ink.any(axis=0))
    rows = np.flatnonzero(ink.any(axis=1))
    if not columns.size:
        raise InvalidRequest("A label needs letters.")
    # Cut as if every line had capitals and descenders, so that lines of one size stand alike.
    tops = min(int(rows[0]), base - round(0.72 * em_px))
    bottoms = max(int(rows[-1]) + 1, base + round(0.2 * em_px))
    cut = ink[tops:bottoms, columns[0] : columns[-1] + 1]
    return np.ascontiguousarray(cut), base - tops


def _font() -> Any:
    made = getattr(cv2, "FontFace", None)
    font = None if made is None else made(_FONT)
    if font is None or font.getName() != _FONT:
        raise ModelError("Labels need the fonts of OpenCV 5; install opencv-python-headless 5.")
    return font


def _has(font: Any, char: str) -> bool:
    """Whether the fonts have a character: then it is not blank, nor drawn as the stand-in."""
    ink = _draw(font, char, 24)
    return bool(ink.any()) and (
        char == _STAND_IN or not np.array_equal(ink, _draw(font, _STAND_IN, 24))
    )


def _draw(font: Any, text: str, em_px: int) -> UInt8:
    """uint8 (3.5 em, w): a line whose base is 2 em below the top."""
    base = 2 * em_px
    image = np.zeros((base + base * 3 // 4, (len(text) + 2) * base), np.uint8)
    # The stubs know this form of the call for colours of several channels only.
    cv2.putText(cast("Any", image), text, (em_px, base), cast("Any", 255), font, em_px, _WEIGHT)
    return image

"""Before and after in one picture, for people who look rather than read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from personae.photos import load_pixels

if TYPE_CHECKING:
    from personae.engine.types import UInt8

_BAR_PX: Final = 34
_SMALL_WH: Final = (320, 180)
_BEFORE: Final = "before"
_AFTER: Final = "after: the faces are not real"


def picture_sheet(before: Path, after: Path, sheet: Path) -> None:
    """Lay a picture before and after its swap side by side, as a JPEG."""
    halves = [
        _captioned(load_pixels(path, "scene").rgb, words)
        for path, words in ((before, _BEFORE), (after, _AFTER))
    ]
    Image.fromarray(np.hstack(halves)).save(sheet, "JPEG", quality=92)


def clip_sheet(before: Path, after: Path, sheet: Path, frames: Sequence[int]) -> None:
    """Lay some frames of a clip above the same frames after its swap, as a JPEG."""
    rows = [
        _captioned(np.hstack(_taken(path, frames)), words)
        for path, words in ((before, _BEFORE), (after, _AFTER))
    ]
    Image.fromarray(np.vstack(rows)).save(sheet, "JPEG", quality=92)


def _captioned(rgb: UInt8, words: str) -> UInt8:
    """A picture under a bar that says what it is."""
    bar = Image.new("RGB", (rgb.shape[1], _BAR_PX), (24, 24, 28))
    draw = ImageDraw.Draw(bar)
    draw.text((10, 5), words, fill=(240, 240, 240), font=ImageFont.load_default(20))
    return np.vstack([np.asarray(bar), rgb])


def _taken(path: Path, frames: Sequence[int]) -> list[UInt8]:
    """These frames of a video, small."""
    wanted = set(frames)
    opened: Any = av.open(str(path))  # Its stubs know only parts of its types.
    with opened as container:
        return [
            np.asarray(frame.to_image(width=_SMALL_WH[0], height=_SMALL_WH[1]))
            for number, frame in enumerate(container.decode(video=0))
            if number in wanted
        ]

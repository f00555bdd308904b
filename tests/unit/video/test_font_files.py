"""Letters from a font file: shaped, from right to left, and refused where they are missing."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import features

from personae.errors import InvalidRequest
from personae.video.font_files import lettering_of

FONT = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
shaped = pytest.mark.skipif(not features.check("raqm"), reason="no FriBiDi on this machine")


@shaped
def test_arabic_letters_are_joined() -> None:
    draw = lettering_of(FONT)
    together = draw("بببب", 40)[0].shape[1]
    alone = sum(draw("ب", 40)[0].shape[1] for _ in range(4))
    assert together < 0.75 * alone


@shaped
def test_hebrew_runs_from_right_to_left() -> None:
    draw = lettering_of(FONT)
    # Yod is narrow and high, final kaf reaches below the line with its right leg: left of the yod.
    ink, base = draw("יך", 40)
    below = np.flatnonzero(ink[base + 3 :].any(axis=0))
    assert below.max() < 0.75 * ink.shape[1]


@shaped
def test_missing_letters_are_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match=r"DejaVuSans.ttf has no '由' \(U\+7531\)"):
        lettering_of(FONT)("AI 由", 20)


@shaped
@pytest.mark.parametrize("data", [b"", b"no font at all", FONT.read_bytes()[:300]])
def test_what_is_no_font_is_refused_without_its_folder(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "some.ttf"
    path.write_bytes(data)
    with pytest.raises(InvalidRequest, match="cannot be read as a font") as caught:
        lettering_of(path)
    assert str(tmp_path) not in caught.value.message

"""Outputs that no scene of a kind can have are refused before any work is done."""

from __future__ import annotations

import pytest

from personae.app.outcomes import check_output
from personae.domain.swap import SwapOutput
from personae.errors import InvalidRequest


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("picture", SwapOutput(container="mp4")),
        ("picture", SwapOutput(crf=20)),
        ("animation", SwapOutput(container="jpeg")),
        ("image", SwapOutput(container="webm")),
        ("image", SwapOutput(codec="h264")),
        ("any", SwapOutput(container="bmp")),
        ("video", SwapOutput(container="gif")),
        ("video", SwapOutput(quality=80)),
        ("video", SwapOutput(container="webm", codec="h264")),
        ("video", SwapOutput(crf=60)),
        ("video", SwapOutput(codec="hevc", crf=52)),
    ],
)
def test_what_cannot_be_written_is_refused(kind: str, output: SwapOutput) -> None:
    with pytest.raises(InvalidRequest):
        check_output(output, kind)


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("picture", SwapOutput(container="webp", quality=80)),
        ("animation", SwapOutput(container="gif")),
        ("image", SwapOutput(container="jpeg")),
        ("any", SwapOutput(container="jpeg")),
        ("any", SwapOutput(container="mp4", codec="h264", crf=20)),
        ("any", SwapOutput(container="webp", quality=80)),
        ("video", SwapOutput()),
        ("video", SwapOutput(container="webm", crf=60)),
        ("picture", SwapOutput(max_long_px=1920, max_short_px=1080)),
        ("video", SwapOutput(container="mkv", codec="hevc", crf=51, preset="fast")),
    ],
)
def test_what_can_be_written_passes(kind: str, output: SwapOutput) -> None:
    check_output(output, kind)


@pytest.mark.parametrize(
    ("kind", "output", "field"),
    [
        ("video", SwapOutput(quality=80), "output.quality"),
        ("animation", SwapOutput(crf=20), "output.crf"),
        ("picture", SwapOutput(preset="fast"), "output.preset"),
        ("video", SwapOutput(container="gif"), "output.container"),
        ("video", SwapOutput(max_long_px=8), "output.max_long_px"),
        ("picture", SwapOutput(max_short_px=100_000), "output.max_short_px"),
        ("video", SwapOutput(container="webm", codec="h264"), "output.codec"),
    ],
)
def test_a_refusal_names_the_field(kind: str, output: SwapOutput, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field.replace(".", r"\.")):
        check_output(output, kind)

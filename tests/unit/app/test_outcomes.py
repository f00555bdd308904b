"""Outputs that no scene of a kind can have are refused before any work is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from personae.app.outcomes import check_output
from personae.domain.media import MediaFacts
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
        ("picture", SwapOutput(max_long_px=64, max_short_px=64)),
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
        ("video", SwapOutput(max_long_px=63), "output.max_long_px"),
        ("picture", SwapOutput(max_short_px=100_000), "output.max_short_px"),
        ("video", SwapOutput(container="webm", codec="h264"), "output.codec"),
    ],
)
def test_a_refusal_names_the_field(kind: str, output: SwapOutput, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field.replace(".", r"\.")):
        check_output(output, kind)


def clip(*codecs: str, content_type: str = "video/mp4") -> MediaFacts:
    """What a probe says of a clip with sound."""
    return MediaFacts("video", content_type, 64, 48, audio_streams=len(codecs), audio_codecs=codecs)


def test_sound_that_the_container_does_not_hold_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_output(SwapOutput(container="webm"), clip("opus", "aac"))
    assert refused.value.message == (
        "The output.container webm does not hold the sound of the scene (opus, aac), which is "
        "never compressed anew; choose mp4 or mov or mkv, which takes it unchanged, or convert it "
        "first."
    )
    for held in (clip("opus", "vorbis"), clip()):
        check_output(SwapOutput(container="webm"), held)


def test_the_container_that_nobody_chose_holds_the_sound_too() -> None:
    avi = clip("pcm_u8", content_type="video/x-msvideo")  # Written as MP4.
    with pytest.raises(InvalidRequest, match=r"output\.container mp4 .* choose mov or mkv,"):
        check_output(SwapOutput(), avi)
    check_output(SwapOutput(), clip("pcm_u8", content_type="video/quicktime"))


def test_a_container_is_not_recommended_to_a_codec_that_it_does_not_take() -> None:
    with pytest.raises(InvalidRequest, match="choose mp4 or mkv,"):
        check_output(SwapOutput(container="mov", codec="h264"), clip("vorbis"))
    with pytest.raises(InvalidRequest, match="choose mp4 or mkv or webm,"):
        check_output(SwapOutput(container="mov"), clip("vorbis"))


def test_sound_that_goes_nowhere_has_to_be_converted() -> None:
    for container in (None, "mp4", "mov", "mkv", "webm"):
        with pytest.raises(InvalidRequest, match="compressed anew; convert it first"):
            check_output(SwapOutput(container=container), clip("unknown"))


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
def test_exactly_the_sound_that_cannot_be_written_is_refused(
    tmp_path: Path, container: Any
) -> None:
    refused = {name for name in decoded_sounds() if not written(tmp_path, container, name)}
    assert {name for name in decoded_sounds() if not passes(container, name)} == refused


def decoded_sounds() -> set[str]:
    """All kinds of sound that a scene may have."""
    codecs = [av.Codec(name, "r") for name in av.codecs_available if can_read(name)]
    return {codec.canonical_name for codec in codecs if codec.type == "audio"}


def can_read(name: str) -> bool:
    try:
        av.Codec(name, "r")
    except ValueError:
        return False
    return True


def written(folder: Path, container: str, codec: str) -> bool:
    """Whether FFmpeg's muxer takes such sound."""
    with av.open(str(folder / f"a.{container}"), "w") as output:
        try:
            output.add_mux_stream(codec, rate=48_000)
        except ValueError:
            return False
    return True


def passes(container: Any, codec: str) -> bool:
    try:
        check_output(SwapOutput(container=container), clip(codec))
    except InvalidRequest:
        return False
    return True

"""Which encoder writes a clip, in which pixel format and with which settings.

Every choice depends on the clip and the request alone. Encoders get a fixed number of threads
where their bits depend on it, so a clip comes out the same on any machine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import av

from personae.errors import InvalidRequest, MediaUnsupported
from personae.video.formats import KEPT, Layout

CONTAINERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
}
"""Output name endings and FFmpeg's name for the container."""

PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
"""Speed against size, fastest first; the same words for every codec."""

# x264's bits depend on its number of threads; four outrun the engine on any number of cores, and
# more get in its way on few.
_X264_THREADS = 4


@dataclass(frozen=True, slots=True)
class EncodeSettings:
    """What may be chosen about the output's video stream.

    Attributes
    ----------
    codec : "h264", "hevc", "vp9", "av1" or None
        None takes what suits the container and the clip.
    crf : int or None
        Constant quality, lower is better; 0 is lossless (not for av1). None is a value at which
        differences are hard to see.
    preset : one of `PRESETS` or None
    threads : int
        For encoders whose bits do not depend on it (all but h264); 0 takes one per core.
    """

    codec: str | None = None
    crf: int | None = None
    preset: str | None = None
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec and the encoder that this build of FFmpeg has for it.

    Attributes
    ----------
    name, encoder : str
    crf, crf_limit : int
        Default and worst.
    preset : one of `PRESETS`
    containers : tuple of str
        Values of `CONTAINERS` that take it.
    even_chroma : bool
        Frames with subsampled chroma must have even sides.
    """

    name: str
    encoder: str
    crf: int
    crf_limit: int
    preset: str
    containers: tuple[str, ...]
    even_chroma: bool

    @property
    def available(self) -> bool:
        """Whether the encoder is there."""
        try:
            av.Codec(self.encoder, "w")
        except ValueError:
            return False
        return True

    def pixel_formats(self) -> frozenset[str]:
        """What the encoder takes."""
        formats = av.Codec(self.encoder, "w").video_formats or ()
        return frozenset(f.name for f in formats)


_ISO = ("mp4", "mov", "matroska")
CODECS = {
    codec.name: codec
    for codec in (
        Codec("h264", "libx264", 17, 51, "veryfast", _ISO, True),
        Codec("hevc", "libx265", 19, 51, "fast", _ISO, True),
        Codec("vp9", "libvpx-vp9", 22, 63, "fast", ("mp4", "matroska", "webm"), False),
        Codec("av1", "libsvtav1", 22, 63, "fast", ("mp4", "mov", "matroska", "webm"), False),
    )
}


def check_settings(settings: EncodeSettings) -> None:
    """Refuse settings that suit no clip and no container.

    Raises
    ------
    InvalidRequest
        For an unknown codec or preset, a quality out of range, or a negative number of threads.
    """
    codec = None if settings.codec is None else _named(settings.codec)
    limit = max(c.crf_limit for c in CODECS.values()) if codec is None else codec.crf_limit
    if settings.crf is not None and not 0 <= settings.crf <= limit:
        who = "an encoder" if codec is None else codec.name
        raise InvalidRequest(
            f"A quality (crf) of {settings.crf} is out of range; {who} takes 0 to {limit}."
        )
    if codec is not None and codec.name == "av1" and settings.crf == 0:
        raise InvalidRequest("av1 is not lossless here; choose a crf of 1 or more, or h264.")
    if settings.preset is not None and settings.preset not in PRESETS:
        raise InvalidRequest(
            f"There is no preset '{settings.preset}'; choose one of {', '.join(PRESETS)}."
        )
    if settings.threads < 0:
        raise InvalidRequest(f"{settings.threads} threads make no sense; give 0 for all cores.")


@dataclass(frozen=True, slots=True)
class Encoding:
    """Everything needed to open an encoder for one clip.

    ``pixel_format`` is what the encoder is given; ``full_range_tag`` says that frames of a
    ``yuvj`` format go to it under their plain name.
    """

    codec: Codec
    pixel_format: str
    options: dict[str, str]
    notes: tuple[str, ...] = ()


def output_container(path: Path) -> str:
    """FFmpeg's name for the container that a file's name asks for.

    Raises
    ------
    InvalidRequest
        For an ending that is not a video's.
    """
    try:
        return CONTAINERS[path.suffix.lower()]
    except KeyError:
        raise InvalidRequest(
            f"{path}: a video cannot be written as '{path.suffix or path.name}'; use "
            f"one of {', '.join(CONTAINERS)}."
        ) from None


def choose_encoding(
    container: str, pixel_format: str, size_wh: tuple[int, int], settings: EncodeSettings
) -> Encoding:
    """Pick codec, pixel format and options so that no sample loses depth or chroma.

    Parameters
    ----------
    container : str
        A value of `CONTAINERS`.
    pixel_format : str
        One of `KEPT`: of the frames to encode.
    size_wh : (int, int), pixels
        Of the planes.
    settings : EncodeSettings

    Raises
    ------
    InvalidRequest
        For an unknown codec or preset, a quality out of range, or a codec that the container
        does not take.
    MediaUnsupported
        If the codec asked for cannot store such samples.
    """
    if settings.codec is None:
        codec, stored = _suitable(container, pixel_format, size_wh)
    else:
        codec = _named(settings.codec)
        if container not in codec.containers:
            fitting = ", ".join(c.name for c in CODECS.values() if container in c.containers)
            raise InvalidRequest(
                f"A {container} file does not hold {codec.name}; choose one of {fitting}."
            )
        found = _stored_as(codec, pixel_format, size_wh)
        if found is None:
            raise MediaUnsupported(_no_room(codec, container, pixel_format, size_wh))
        stored = found
    notes = ()
    if KEPT[stored] != KEPT[pixel_format]:
        width, height = size_wh
        notes = (
            f"{width}x{height} is odd, so {codec.name} stores full colour resolution (4:4:4) to "
            "keep the size; some players need vp9 or av1 instead.",
        )
    return Encoding(codec, stored, _options(codec, stored, settings), notes)


def _suitable(container: str, pixel_format: str, size_wh: tuple[int, int]) -> tuple[Codec, str]:
    for codec in CODECS.values():
        if container in codec.containers and codec.available:
            stored = _stored_as(codec, pixel_format, size_wh)
            if stored is not None:
                return codec, stored
    raise MediaUnsupported(
        f"No codec of a {container} file stores {pixel_format} as it is; write to .mkv instead."
    )


def _named(name: str) -> Codec:
    there = [codec.name for codec in CODECS.values() if codec.available]
    if name not in there:
        raise InvalidRequest(f"There is no encoder for '{name}'; choose one of {', '.join(there)}.")
    return CODECS[name]


def _stored_as(codec: Codec, pixel_format: str, size_wh: tuple[int, int]) -> str | None:
    """The format that the encoder is given, with the same samples or more; None if it has none."""
    layout = KEPT[pixel_format]
    width, height = size_wh
    if codec.even_chroma and (width % layout.sx or height % layout.sy):
        layout = Layout(1, 1, layout.bits)
    taken = codec.pixel_formats()
    full_range = pixel_format.startswith("yuvj")
    for name in sorted(taken & KEPT.keys(), key=lambda n: n.startswith("yuvj") != full_range):
        if KEPT[name] == layout:
            return name
    return None


def _no_room(codec: Codec, container: str, pixel_format: str, size_wh: tuple[int, int]) -> str:
    able = [
        other.name
        for other in CODECS.values()
        if other.available
        and container in other.containers
        and _stored_as(other, pixel_format, size_wh)
    ]
    advice = f"choose {' or '.join(able)}" if able else "write to .mkv"
    return (
        f"{codec.name} cannot store {pixel_format} here without losing depth or colour; {advice}."
    )


def _options(codec: Codec, pixel_format: str, settings: EncodeSettings) -> dict[str, str]:
    # Once more with the codec that was chosen, whose limits may be narrower.
    check_settings(replace(settings, codec=codec.name))
    crf = codec.crf if settings.crf is None else settings.crf
    preset = settings.preset or codec.preset
    build = {"h264": _x264, "hevc": _x265, "vp9": _vpx, "av1": _svt}[codec.name]
    return build(crf, preset, settings.threads)


def _x264(crf: int, preset: str, threads: int) -> dict[str, str]:
    del threads  # would change the bits
    fixed = f"threads={_X264_THREADS}:lookahead-threads=1:cpu-independent=1"
    if PRESETS.index(preset) >= PRESETS.index("fast"):
        # The slower presets look 30 to 60 frames ahead: 200 MB more at 1080p, for no visible gain.
        fixed += ":rc-lookahead=20"
    quality = {"qp": "0"} if crf == 0 else {"crf": str(crf)}
    return {**quality, "preset": preset, "x264-params": fixed}


def _x265(crf: int, preset: str, threads: int) -> dict[str, str]:
    fixed = ["log-level=none", "info=0", "frame-threads=2", "wpp=1"]
    if threads:
        fixed.append(f"pools={threads}")
    quality = {}
    if crf == 0:
        fixed.append("lossless=1")
    else:
        quality = {"crf": str(crf)}
    return {**quality, "preset": preset, "x265-params": ":".join(fixed)}


def _vpx(crf: int, preset: str, threads: int) -> dict[str, str]:
    del threads  # set on the context; with fixed tiles and no row-mt, bits do not depend on it
    speed = max(0, 8 - PRESETS.index(preset))
    common = {"b": "0", "deadline": "good", "row-mt": "0", "tile-columns": "2"}
    quality = {"lossless": "1"} if crf == 0 else {"crf": str(crf)}
    return {**quality, **common, "cpu-used": str(min(speed, 8))}


def _svt(crf: int, preset: str, threads: int) -> dict[str, str]:
    # The encoder greets on the standard error otherwise; this is the only switch it has.
    os.environ.setdefault("SVT_LOG", "1")
    speed = min(9, 12 - PRESETS.index(preset))  # from 10 up it warns of visible artefacts
    return {"crf": str(crf), "preset": str(speed), "svtav1-params": f"lp={threads}"}

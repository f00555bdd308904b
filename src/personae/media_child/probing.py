"""The job ``probe``: what a file is. It loads no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from personae.domain.media import MediaFacts
from personae.media_child.jobs import Context
from personae.video import media
from personae.video.info import MediaInfo

_PICTURES = {
    **{name: f"image/{name}" for name in ("jpeg", "png", "webp", "avif", "gif", "bmp", "tiff")},
    "mpo": "image/jpeg",
    "dib": "image/bmp",
    "ppm": "image/x-portable-anymap",
    "jpeg2000": "image/jp2",
    "tga": "image/x-tga",
    "ico": "image/vnd.microsoft.icon",
}
_CONTAINERS = {
    "mp4": "mp4",
    "matroska": "x-matroska",
    "webm": "webm",
    "mov": "quicktime",
    "avi": "x-msvideo",
    "mpegts": "mp2t",
    "mpeg": "mpeg",
    "mpegvideo": "mpeg",
    "flv": "x-flv",
    "asf": "x-ms-asf",
    "ogg": "ogg",
    "dv": "dv",
}
_SOUNDS = {
    "mp3": "mpeg",
    "aac": "aac",
    "flac": "flac",
    "wav": "wav",
    "aiff": "aiff",
    "amr": "amr",
    "mov": "mp4",
}


def probe(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Look at ``path`` by its content; the fields of `MediaFacts`.

    Raises
    ------
    MediaError
    """
    path = Path(job["path"])
    context.check_stop()

    def decoded(frames: int) -> None:
        context.check_stop()
        context.report("probe", frames, None)

    return asdict(facts_of(path, media.probe(path, on_frame=decoded)))


def facts_of(path: Path, info: MediaInfo) -> MediaFacts:
    """What the service keeps of a `MediaInfo`."""
    width, height = info.size_wh or (None, None)
    return MediaFacts(
        kind="sound" if info.kind == "audio" else info.kind,
        content_type=_content_type(path, info),
        width=width,
        height=height,
        duration_s=info.duration_s,
        frames=info.frames,
        fps=None if info.frame_rate is None else float(info.frame_rate),
        codec=info.codec or (info.audio[0].codec if info.audio else None),
        rotation=info.rotation_deg,
        audio_streams=len(info.audio),
        audio_codecs=tuple(one.codec for one in info.audio),
    )


def _content_type(path: Path, info: MediaInfo) -> str:
    """The media type (IANA's where there is one) by what is inside."""
    name = info.container
    if info.kind in ("picture", "animation"):
        return _PICTURES.get(name, "application/octet-stream")
    if name == "matroska" and _is_webm(path):
        name = "webm"
    if info.kind == "audio":
        return f"audio/{_SOUNDS.get(name) or _CONTAINERS.get(name, 'octet-stream')}"
    known = _CONTAINERS.get(name)
    return f"video/{known}" if known else "application/octet-stream"


def _is_webm(path: Path) -> bool:
    """Whether a Matroska file calls itself WebM (RFC 8794, 11.2.6: the element DocType)."""
    with path.open("rb") as file:
        head = file.read(64)
    return b"\x42\x82\x84webm" in head

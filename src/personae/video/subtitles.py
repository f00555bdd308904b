"""Text subtitles between containers that store them differently."""

from __future__ import annotations

import re

TEXT_CODECS = frozenset({"subrip", "srt", "mov_text", "ass", "ssa", "webvtt", "text"})
"""Kinds that can become one another, losing at most their styling."""

STORED_AS = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}
"""The kind that each container takes."""

_TAGS = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_ASS_FIELDS_BEFORE_TEXT = 8


def convert_text(payload: bytes, codec: str, becomes: str) -> bytes:
    """One subtitle's packet in another kind; colours, fonts and positions are dropped.

    Parameters
    ----------
    payload : bytes
        A packet of `codec`, as FFmpeg's demuxers give it.
    codec, becomes : str
        Of `TEXT_CODECS`, and of the values of `STORED_AS`.
    """
    if codec == "mov_text":
        length = int.from_bytes(payload[:2], "big")
        payload = payload[2 : 2 + length]
    text = payload.decode("utf-8", "replace")
    if codec in ("ass", "ssa"):
        text = text.split(",", _ASS_FIELDS_BEFORE_TEXT)[-1]
        text = text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    plain = _TAGS.sub("", text).strip().encode()
    if becomes == "mov_text":
        plain = plain[: 2**16 - 1]
        return len(plain).to_bytes(2, "big") + plain
    return plain

"""Files that a `FakeMediaHost` takes for media: a real beginning and a script, no pixels."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.errors import MediaUnreachable, MediaUnreadable, MediaUnsupported

MARK = b"\npersonae-fake:"
OUTPUT_MARK = b"\npersonae-fake-output:"

# Where the first bytes are, the bytes, kind, content type.
_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "picture", "image/png"),
    (0, b"\xff\xd8\xff", "picture", "image/jpeg"),
    (8, b"WEBP", "picture", "image/webp"),
    (0, b"GIF8", "animation", "image/gif"),
    (4, b"ftyp", "video", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video", "video/webm"),
    (0, b"ID3", "sound", "audio/mpeg"),
    (0, b"fLaC", "sound", "audio/flac"),
    (8, b"WAVE", "sound", "audio/wav"),
)
_HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/webp": b"RIFF\0\0\0\0WEBP",
    "image/gif": b"GIF89a",
    "video/mp4": b"\0\0\0\x18ftypisom",
    "video/webm": b"\x1a\x45\xdf\xa3",
    "audio/mpeg": b"ID3",
}
_SCANNED_BYTES = 65_536


def fake_media(content_type: str = "image/png", *, filler: bytes = b"", **script: Any) -> bytes:
    """A small file that a `FakeMediaHost` takes for media, and that may say what befalls it.

    Parameters
    ----------
    content_type : str
        image/png, image/jpeg, image/webp, image/gif, video/mp4, video/webm or audio/mpeg.
    filler : bytes
        Makes files differ.
    **script
        Facts that `probe` shall tell (``duration_s``, ``frames``, ``fps``, ``width``, …) and what
        shall happen: see `FakeMediaHost`.
    """
    return _HEADS[content_type] + filler + MARK + json.dumps(script).encode() + b"\n"


def script_of(path: Path, default: Mapping[str, Any]) -> dict[str, Any]:
    """What shall happen to a file: what it says itself, over the `default`."""
    head = read(path)[:_SCANNED_BYTES]
    at = head.find(MARK)
    if at < 0:
        return dict(default)
    line = head[at + len(MARK) :].split(b"\n", 1)[0]
    return {**default, **json.loads(line)}


def facts_of(path: Path, default: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `domain.media.MediaFacts`, by a file's first bytes and its script.

    Raises
    ------
    MediaError
        If it is missing, empty or begins like nothing we know.
    """
    data = read(path)
    if not data:
        raise MediaUnreadable(f"{path.name} is empty (0 bytes).")
    found = [(k, t) for at, magic, k, t in _MAGIC if data[at : at + len(magic)] == magic]
    if not found:
        raise MediaUnsupported(
            f"{path.name} is of an unknown kind; give a picture, an animation or a video."
        )
    kind, content_type = found[0]
    facts: dict[str, Any] = {
        "kind": kind,
        "content_type": content_type,
        "width": None if kind == "sound" else 320,
        "height": None if kind == "sound" else 240,
        "duration_s": None if kind == "picture" else 2.0,
        "frames": 1 if kind == "picture" else None,
        "fps": 25.0 if kind in ("video", "animation") else None,
        "codec": {"video": "h264", "sound": "mp3"}.get(kind, content_type.split("/")[1]),
        "rotation": 0,
        "audio_streams": int(kind == "sound"),
        "audio_codecs": ["mp3"] if kind == "sound" else [],
    }
    script = script_of(path, default)
    facts |= {name: script[name] for name in facts if name in script}
    if facts["frames"] is None and facts["fps"]:
        facts["frames"] = round(facts["duration_s"] * facts["fps"])
    return facts


def faces_in(path: Path, default: Mapping[str, Any]) -> int:
    """How many faces a file shows.

    Raises
    ------
    MediaError
        As `facts_of`.
    """
    facts_of(path, default)
    return int(script_of(path, default).get("faces", 1))


def picture_bytes(path: Path, mark: str) -> bytes:
    """One grey pixel, as far as the path's ending allows, and a mark."""
    head = png() if path.suffix == ".png" else _HEADS["image/jpeg"]
    return head + OUTPUT_MARK + mark.encode() + b"\n"


def png() -> bytes:
    """One grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\x80"))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


def read(path: Path) -> bytes:
    """A file's bytes; `MediaUnreachable` if it cannot be opened."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise MediaUnreachable(f"{path.name} cannot be opened: {error.strerror}.") from error


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """A whole file or none; `MediaUnreachable` if it cannot be written."""
    target = Path(path)
    aside = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        aside.write_bytes(data)
        aside.replace(target)
    except OSError as error:
        raise MediaUnreachable(f"{target.name} cannot be written: {error.strerror}.") from error


def sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal digits."""
    return hashlib.sha256(read(path)).hexdigest()

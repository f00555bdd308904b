"""Names of files that clients gave, and endings of those that we write."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_MAX_CHARS = 150
# Control characters, and those that make a name read differently from what it is.
_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/apng": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/x-matroska": ".mkv",
    "video/webm": ".webm",
    "video/x-msvideo": ".avi",
    "video/mp2t": ".ts",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
}


def suffix_for(content_type: str) -> str:
    """The ending that files of a type have; empty if it has none that matters here."""
    return _SUFFIXES.get(content_type, "")


def clean_filename(name: str | None) -> str | None:
    """A client's file name without folders and hidden characters, at most 150 characters long.

    It is only ever shown; no file is written under it.
    """
    if not name:
        return None
    bare = _HIDDEN.sub("", re.split(r"[/\\]", name)[-1]).strip(" .")
    if len(bare) > _MAX_CHARS:
        stem, dot, ending = bare.rpartition(".")
        kept = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
        bare = bare[: _MAX_CHARS - len(kept)] + kept
    return bare or None


def shown_asset(asset_id: str, filename: str | None) -> str:
    """What messages call an asset: as its owner knows it."""
    return f"{filename} ({asset_id})" if filename else asset_id


def shown_url(url: str) -> str:
    """What messages call the file behind a URL; its query stays out, which may be a secret."""
    name = filename_of_url(url) or urlsplit(url).hostname or "the file"
    return f"{name} (from the URL)"


def filename_of_url(url: str) -> str | None:
    """What a browser would call the file behind a URL."""
    return clean_filename(unquote(urlsplit(url).path.rpartition("/")[2], errors="replace"))

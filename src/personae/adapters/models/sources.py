"""In which order the places are tried where a published file may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from personae.engine.card import Source
from personae.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where else to look: an address in place of a URL's host, or a folder.

    Of a URL ``https://host/some/path/file.onnx`` an address ``https://mirror/base`` has
    ``https://mirror/base/some/path/file.onnx``, and a folder has ``some/path/file.onnx`` or
    ``file.onnx``.
    """

    base: str = ""
    folder: Path | None = None

    def place(self, url: str) -> str | Path | None:
        """Where this mirror has what is at `url`; None if it is a folder without it."""
        path = urlsplit(url).path.lstrip("/")
        if self.folder is None:
            return f"{self.base}/{path}"
        parts = Path(unquote(path))
        if ".." in parts.parts:
            return None
        tried = (self.folder / parts, self.folder / parts.name)
        return next((each for each in tried if each.is_file()), None)


def read_mirrors(text: str) -> tuple[Mirror, ...]:
    """The mirrors in a setting: addresses and folders with commas between them.

    Raises
    ------
    InvalidRequest
        If one is neither.
    """
    return tuple(_mirror(each.strip()) for each in text.split(",") if each.strip())


def _mirror(text: str) -> Mirror:
    split = urlsplit(text)
    if split.scheme in ("http", "https") and split.netloc:
        return Mirror(base=text.rstrip("/"))
    from urllib.request import url2pathname  # Brings all of HTTP along.

    path = Path(url2pathname(split.path) if split.scheme == "file" else text).expanduser()
    if not path.is_absolute():
        raise InvalidRequest(
            f"PERSONAE_MODEL_MIRRORS has {text!r}, which is neither an http address nor a whole "
            "path of a folder; write one of these."
        )
    return Mirror(folder=path)


def places(source: Source, mirrors: Sequence[Mirror]) -> list[str | Path]:
    """Where the published file of a card may be, in the order in which to look."""
    return _places((source.url, *source.mirrors), mirrors)


def crc32_places(source: Source, mirrors: Sequence[Mirror]) -> list[str | Path]:
    """Where its publisher may tell the file's CRC-32, in the order in which to look.

    The card names one place; beside each copy of the file there is one of the same name.
    """
    name = source.crc32_url.rpartition("/")[2]
    beside = (f"{mirror.rpartition('/')[0]}/{name}" for mirror in source.mirrors)
    return _places((source.crc32_url, *beside), mirrors)


def _places(urls: Sequence[str], mirrors: Sequence[Mirror]) -> list[str | Path]:
    own = [mirror.place(url) for mirror in mirrors for url in urls if url]
    found = [place for place in own if place is not None]
    return list(dict.fromkeys([*found, *(url for url in urls if url)]))

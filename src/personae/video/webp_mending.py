"""Animated WebP files that were cut off: what is whole of them, as a file that decodes.

The decoder behind Pillow refuses a file that is shorter than its header says.
"""

from __future__ import annotations

from pathlib import Path

# ``RIFF``, the length behind it, and ``WEBP``; then chunks: a name, a length, an even number of
# bytes. See https://developers.google.com/speed/webp/docs/riff_container
_HEADER = 12


def mended_webp(path: Path) -> tuple[bytes, int] | None:
    """The whole chunks of a WebP that ends too early, under a header of the right length.

    Returns
    -------
    bytes and how many frames are lost at least, or None
        None if the file is no WebP, or not cut off. How many frames there were it does not say:
        1 stands for the rest, 0 for a file that breaks off in the tags behind its frames.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEADER)
        promised = int.from_bytes(head[4:8], "little") + 8
        if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or size >= promised:
            return None
        data = head + file.read()
    at = _HEADER
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + (length & 1)
        if end > len(data):
            break
        at = end
    lost = 0 if data[at : at + 4] in (b"EXIF", b"XMP ") else 1
    return data[:4] + (at - 8).to_bytes(4, "little") + data[8:at], lost

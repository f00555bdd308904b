"""What a browser calls the file that it downloads."""

from __future__ import annotations

import re
from urllib.parse import quote

_UNSAFE = re.compile(r"[^ !#$&+.0-9A-Z^_`a-z{}~()\[\],;=@-]")


def content_disposition(filename: str) -> str:
    """The header value that makes a browser save a download under `filename`.

    Names beyond ASCII are given twice, as RFC 6266 (appendix D) advises: approximately for old
    clients, and in full in the encoding of RFC 8187. Nothing in the name can end the header.
    """
    plain = _UNSAFE.sub("_", filename) or "download"
    value = f'attachment; filename="{plain}"'
    if plain != filename and filename:
        full = quote(filename.encode("utf-8", "replace"), safe="!#$&+-.^_`|~")
        value += f"; filename*=UTF-8''{full}"
    return value

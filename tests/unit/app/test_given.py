"""Base64 becomes bytes piece by piece, whatever it is wrapped in."""

from __future__ import annotations

import base64
import tracemalloc

import pytest

from personae.app.given import decoded
from personae.errors import InvalidRequest

DATA = bytes(range(256)) * 7000
TEXT = base64.b64encode(DATA).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.rstrip("="),
        f"data:image/png;base64,{TEXT}",
        f"data:;base64,{TEXT}",
        f"data:image/svg+xml;charset=utf-8;base64,{TEXT}",
        base64.encodebytes(DATA).decode(),
        f"\r\n {TEXT}\t\n",
        base64.urlsafe_b64encode(DATA).decode(),
    ],
)
def test_bytes_come_back(text: str) -> None:
    assert b"".join(decoded(text)) == DATA


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 1000])
def test_short_ones_too(size: int) -> None:
    assert b"".join(decoded(base64.b64encode(DATA[:size]).decode())) == DATA[:size]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "data:image/png;base64,",
        "====",
        "/static/face.webp",
        "héllo",
        "A",
        "AB*=",
        "\x00",
    ],
)
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        list(decoded(text))


def test_a_mistake_at_the_end_is_found() -> None:
    with pytest.raises(InvalidRequest, match="base64"):
        list(decoded(TEXT + "*"))


def test_a_large_file_is_not_held_again() -> None:
    text = "QUJD" * (4 << 20)
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in decoded(text)) == 3 * (4 << 20)
        assert tracemalloc.get_traced_memory()[1] < len(text) / 2
    finally:
        tracemalloc.stop()

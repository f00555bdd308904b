"""Bodies that are JSON or forms are read with little memory."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.requests import Request

from personae.wire.bodies import read_body
from personae.wire.problems import WireError

PIECE = 65_536


class Wanted(BaseModel):
    """What the tests ask for."""

    text: str
    many: list[str] = []


def request_of(body: bytes, kind: str) -> Request:
    pieces = iter([body[at : at + PIECE] for at in range(0, len(body), PIECE)])

    async def receive() -> dict[str, Any]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    headers = [(b"content-type", kind.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def keep(chunks: AsyncIterator[bytes], filename: str | None) -> str:
    return f"{filename}: {sum([len(chunk) async for chunk in chunks])}"


def read(body: bytes, kind: str = "application/json") -> Wanted:
    return asyncio.run(read_body(request_of(body, kind), Wanted, ("text",), keep, 1000))


def test_a_long_text_is_held_twice_at_most() -> None:
    letters = 16 << 20
    body = json.dumps({"text": "A" * letters}).encode()
    request = request_of(body, "application/json")
    del body

    async def measured() -> int:
        made = await read_body(request, Wanted, (), keep, 0)
        assert len(made.text) == letters
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak = asyncio.run(measured())
    finally:
        tracemalloc.stop()
    # The body, a little more while it grows, and the text that is made of it.
    assert peak < 2.5 * letters


def test_a_file_of_a_form_is_kept_as_it_comes() -> None:
    boundary = "multipart/form-data; boundary=frontier"
    head = b'--frontier\r\nContent-Disposition: form-data; name="text"; filename="a.png"\r\n\r\n'
    body = head + b"x" * (4 * PIECE) + b"\r\n--frontier--\r\n"
    assert read(body, boundary).text == f"a.png: {4 * PIECE}"


def test_fields_that_come_again_are_lists() -> None:
    kind = "application/x-www-form-urlencoded"
    assert read(b"text=a+b&many=1&many=2", kind).many == ["1", "2"]
    assert read(b"text=a&many[]=1", kind) == Wanted(text="a", many=["1"])
    with pytest.raises(RequestValidationError):
        read(b"text=a&text=b", kind)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"&".join(b"text=a" for _ in range(300)), "application/x-www-form-urlencoded"),
        (b"text=a", "text/plain"),
        (b"text=a", "multipart/form-data"),
        (
            b'--f\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\n' * 300 + b"--f--\r\n",
            "multipart/form-data; boundary=f",
        ),
    ],
)
def test_other_bodies_are_refused(body: bytes, kind: str) -> None:
    with pytest.raises(WireError):
        read(body, kind)

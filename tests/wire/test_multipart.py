"""Forms are taken apart as they come, whatever the size of their pieces."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from personae.wire.multipart import FormFile
from personae.wire.problems import WireError

KIND = "multipart/form-data; boundary=frontier"
HEAD = (
    b"--frontier\r\nContent-Disposition: form-data; name=note\r\n\r\nhello\r\n"
    b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="a \\"b\\".bin"\r\n'
    b"Content-Type: application/x-thing\r\n\r\n"
)
TAIL = b"\r\n--frontier--\r\n"


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


async def read(chunks: AsyncIterator[bytes], kind: str = KIND) -> tuple[FormFile, bytes]:
    form = FormFile(chunks, kind)
    await form.open()
    return form, b"".join([chunk async for chunk in form.data()])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_pieces_may_end_anywhere(size: int) -> None:
    data = b"\r\n--frontie\r\n--\r\n\r" * 40
    form, got = asyncio.run(read(in_pieces(HEAD + data + TAIL, size)))
    assert got == data
    assert (form.filename, form.content_type) == ('a "b".bin', "application/x-thing")


def test_a_form_that_is_cut_off_is_no_form() -> None:
    whole = HEAD + b"x" * 1000 + TAIL
    for end in (len(HEAD), len(HEAD) + 500, len(whole) - len(TAIL), len(whole) - 5):
        with pytest.raises(WireError, match="whole"):
            asyncio.run(read(in_pieces(whole[:end], 100)))


def test_a_large_file_is_never_held() -> None:
    piece, count = b"x" * 65_536, 1024

    async def body() -> AsyncIterator[bytes]:
        yield HEAD
        for _ in range(count):
            yield piece
        yield TAIL

    async def size() -> int:
        form = FormFile(body(), KIND)
        await form.open()
        total = 0
        async for chunk in form.data():
            total += len(chunk)
        return total

    tracemalloc.start()
    try:
        assert asyncio.run(size()) == len(piece) * count
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()

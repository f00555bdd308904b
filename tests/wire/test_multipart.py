"""Forms are taken apart as they come, whatever the size of their pieces."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from personae.wire.multipart import FormFile, FormParts
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


def part(name: str, data: bytes, more: str = "") -> bytes:
    head = f'--frontier\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + data + b"\r\n"


FORM = (
    part("a", b"one\r\n--frontie")
    + part("a", b"")
    + part("f", b"x" * 300, '; filename="\u00e9.png"')
    + part("g", b"", '; filename=""')
    + b"--frontier--\r\n"
)


async def all_of(body: bytes, size: int, *, reading: bool) -> list[tuple[str, bool, bytes]]:
    found: list[tuple[str, bool, bytes]] = []
    async for one in FormParts(in_pieces(body, size), KIND):
        data = b"".join([chunk async for chunk in one.data]) if reading else b""
        found.append((one.name, one.is_file, data))
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_every_part_of_a_form_comes_in_turn(size: int) -> None:
    expected = [
        ("a", False, b"one\r\n--frontie"),
        ("a", False, b""),
        ("f", True, b"x" * 300),
        ("g", True, b""),
    ]
    assert asyncio.run(all_of(FORM, size, reading=True)) == expected
    names = [(name, is_file, b"") for name, is_file, _ in expected]
    assert asyncio.run(all_of(FORM, size, reading=False)) == names


@pytest.mark.parametrize("reading", [True, False])
def test_parts_of_a_form_that_is_cut_off(reading: bool) -> None:
    for end in range(0, len(FORM) - 4, 13):
        with pytest.raises(WireError, match="whole"):
            asyncio.run(all_of(FORM[:end], 50, reading=reading))


def test_parts_with_endless_headers_are_refused() -> None:
    head = b"--frontier\r\n" + b"".join(f"H{n}: x\r\n".encode() for n in range(1000))
    with pytest.raises(WireError, match="whole"):
        asyncio.run(all_of(head, 50, reading=True))

"""What serves HTTP: compiled code, and no request that fills the memory."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from personae.hosting.bounded_http import HEAD_BYTES, BoundedHttp, most_connections


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not there")
def test_events_are_waited_for_by_compiled_code() -> None:
    factory = uvicorn.Config("personae:none").get_loop_factory()
    assert factory is not None
    loop = factory()
    loop.close()
    assert type(loop).__module__.startswith("uvloop")


def send(pieces: Iterator[bytes]) -> bytes:
    """What a server answers to these bytes, which stop when it has closed the connection."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        told = str(size).encode()
        length = [(b"content-length", str(len(told)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": told})

    async def work() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            config = uvicorn.Config(app, http=BoundedHttp, log_config=None, lifespan="off")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[sock]))
            reader, writer = await asyncio.open_connection(*sock.getsockname())
            answering = asyncio.create_task(reader.read())
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
            except ConnectionError:
                pass
            async with asyncio.timeout(20):
                try:
                    return await answering
                except ConnectionError:
                    return b"cut"
                finally:
                    writer.close()
                    server.should_exit = True
                    await serving

    return asyncio.run(work())


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
GET_HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
MUCH = 64 * HEAD_BYTES
LINE = b"X-A: " + b"a" * 8000 + b"\r\n"


@pytest.mark.parametrize(
    ("begin", "middle", "end"),
    [
        (GET_HEAD, LINE, b"\r\n"),
        (GET_HEAD + b"X-A: ", b"a" * 8000, b"\r\n\r\n"),
        (b"GET /", b"a" * 8000, GET_HEAD.removeprefix(b"GET /") + b"\r\n"),
        (HEAD + b"\r\n1\r\na\r\n0\r\n", LINE, b"\r\n"),
        (HEAD + b"\r\n1;a", b"a" * 8000, b"\r\na\r\n0\r\n\r\n"),
    ],
    ids=["headers", "one header", "path", "trailers", "chunk extension"],
)
def test_what_no_application_sees_is_bounded(begin: bytes, middle: bytes, end: bytes) -> None:
    def pieces() -> Iterator[bytes]:
        yield begin
        for _ in range(MUCH // len(middle)):
            yield middle
        yield end

    assert send(iter([begin, end])).startswith(b"HTTP/1.1 200 ")
    answer = send(pieces())
    assert answer == b"cut" or answer.startswith(b"HTTP/1.1 400 ")


def test_bodies_have_other_limits() -> None:
    def pieces() -> Iterator[bytes]:
        yield HEAD + b"\r\n"
        for _ in range(MUCH // 1000):
            yield b"3e8\r\n" + b"a" * 1000 + b"\r\n"
        yield b"0\r\n\r\n"

    assert send(pieces()).endswith(str(MUCH // 1000 * 1000).encode())


class Hasty(BoundedHttp):
    """As the server, with less patience and fewer places."""

    head_s = 0.3
    most = 3


async def answer_ok(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})


def against(attack: Callable[[tuple[str, int]], Awaitable[None]]) -> None:
    """Attack a hasty server."""

    async def work() -> None:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            config = uvicorn.Config(answer_ok, http=Hasty, log_config=None, lifespan="off")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[sock]))
            try:
                async with asyncio.timeout(20):
                    await attack(sock.getsockname())
            finally:
                server.should_exit = True
                await serving

    asyncio.run(work())


async def ended(reader: asyncio.StreamReader) -> bool:
    """Wait for the other side to hang up."""
    with suppress(ConnectionError):
        return await reader.read() == b""
    return True


WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "begin", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n"], ids=["nothing", "a head"]
)
def test_a_head_that_does_not_come_is_not_waited_for(begin: bytes) -> None:
    async def attack(address: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(begin)
        assert await ended(reader)
        writer.close()

    against(attack)


def test_a_head_that_comes_byte_by_byte_is_not_waited_for() -> None:
    async def attack(address: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*address)
        ending = asyncio.create_task(ended(reader))
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ")
        with suppress(ConnectionError):
            while not ending.done():
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.02)
        assert await ending
        writer.close()

    against(attack)


def test_what_comes_after_an_answer_is_not_waited_for_either() -> None:
    async def attack(address: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(WHOLE)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.write(b"\r\n")
        assert await ended(reader)
        writer.close()

    against(attack)


def test_a_body_may_take_longer_than_a_head() -> None:
    async def attack(address: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        for _ in range(4):
            await asyncio.sleep(0.2)
            writer.write(b"a")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.close()

    against(attack)


def test_more_connections_than_there_is_room_for_are_closed() -> None:
    async def attack(address: tuple[str, int]) -> None:
        held = [await asyncio.open_connection(*address) for _ in range(3)]
        reader, writer = await asyncio.open_connection(*address)
        assert await ended(reader)  # Before its time: those before it are still there.
        writer.close()
        for reader, writer in held:
            assert await ended(reader)  # In the end they have gone as well,
            writer.close()
        reader, writer = await asyncio.open_connection(*address)
        writer.write(WHOLE)  # and others are served.
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.close()

    against(attack)


def test_there_are_files_left_beside_connections() -> None:
    assert 1 <= most_connections() <= 65_536 // 2

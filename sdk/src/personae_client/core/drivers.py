"""The two that carry out effects: one blocks, one awaits. All that differs between them is here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing
from typing import Any, TypeVar, cast

import httpx

from personae_client.core.effects import (
    Answer,
    Blocking,
    Body,
    Call,
    Done,
    Effect,
    Emit,
    Machine,
    OpenStream,
    ReadStream,
    Sleep,
    Steps,
)
from personae_client.errors import ClientError, ConfigurationError, ConnectionFailed

T = TypeVar("T")

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class SyncDriver:
    """Carries out effects with an `httpx.Client`, one after the other, blocking."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def run(self, steps: Steps[T]) -> T:
        """Go through the steps; their result."""
        machine, run = Machine(steps), _SyncRun(self.http)
        with closing(machine), closing(run):
            while not isinstance(machine.wanted, Done):
                _blocking_step(machine, run)
            return cast("T", machine.wanted.value)

    def iterate(self, steps: Steps[Any]) -> Generator[Any, None, None]:
        """Go through the steps, and yield what they emit."""
        machine, run = Machine(steps), _SyncRun(self.http)
        with closing(machine), closing(run):
            while not isinstance(machine.wanted, Done):
                if isinstance(machine.wanted, Emit):
                    yield machine.wanted.item
                    machine.feed(None)
                else:
                    _blocking_step(machine, run)


class AsyncDriver:
    """Carries out effects with an `httpx.AsyncClient`; disks are read and written in threads."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def run(self, steps: Steps[T]) -> T:
        """Go through the steps; their result."""
        machine, run = Machine(steps), _AsyncRun(self.http)
        with closing(machine):
            async with aclosing(run):
                while not isinstance(machine.wanted, Done):
                    await _awaiting_step(machine, run)
                return cast("T", machine.wanted.value)

    async def iterate(self, steps: Steps[Any]) -> AsyncGenerator[Any]:
        """Go through the steps, and yield what they emit."""
        machine, run = Machine(steps), _AsyncRun(self.http)
        with closing(machine):
            async with aclosing(run):
                while not isinstance(machine.wanted, Done):
                    if isinstance(machine.wanted, Emit):
                        yield machine.wanted.item
                        machine.feed(None)
                    else:
                        await _awaiting_step(machine, run)


def _blocking_step(machine: Machine, run: _SyncRun) -> None:
    try:
        result = run.perform(cast("Effect", machine.wanted))
    except Exception as error:
        machine.fail(_translated(error))
    else:
        machine.feed(result)


async def _awaiting_step(machine: Machine, run: _AsyncRun) -> None:
    try:
        result = await run.perform(cast("Effect", machine.wanted))
    except Exception as error:
        machine.fail(_translated(error))
    else:
        machine.feed(result)


class _SyncRun:
    """One operation's effects, and the stream that it may have open."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._stream: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def perform(self, effect: Effect) -> object:
        match effect:
            case Call():
                return _answer(self._http.send(self._request(effect)), read=True)
            case OpenStream():
                self.close()
                request = self._request(effect.call)
                self._stream = self._http.send(request, stream=True, follow_redirects=effect.follow)
                self._chunks = self._stream.iter_bytes()
                return _answer(self._stream, read=False)
            case ReadStream():
                return next(self._chunks, b"")
            case Sleep():
                return time.sleep(effect.seconds)
            case Blocking():
                return effect.function()
            case Emit():
                return None  # Nobody iterates.

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _request(self, call: Call) -> httpx.Request:
        content = call.content
        if content is not None and not isinstance(content, bytes):
            content = _counted(content)
        return _built(self._http, call, content)


class _AsyncRun:
    """As `_SyncRun`, awaiting."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._stream: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] = _nothing()

    async def perform(self, effect: Effect) -> object:
        match effect:
            case Call():
                return _answer(await self._http.send(self._request(effect)), read=True)
            case OpenStream():
                await self.aclose()
                request = self._request(effect.call)
                self._stream = await self._http.send(
                    request, stream=True, follow_redirects=effect.follow
                )
                self._chunks = self._stream.aiter_bytes()
                return _answer(self._stream, read=False)
            case ReadStream():
                return await anext(self._chunks, b"")
            case Sleep():
                return await asyncio.sleep(effect.seconds)
            case Blocking():
                return await asyncio.to_thread(effect.function)
            case Emit():
                return None  # Nobody iterates.

    async def aclose(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()
            self._stream = None

    def _request(self, call: Call) -> httpx.Request:
        content = call.content
        if content is not None and not isinstance(content, bytes):
            content = _counted_in_threads(content)
        return _built(self._http, call, content)


async def _nothing() -> AsyncIterator[bytes]:
    for never in ():
        yield never


def _counted(body: Body) -> Iterator[bytes]:
    total = 0
    for chunk in body.chunks():
        yield chunk
        total += len(chunk)
        body.sent(total)


async def _counted_in_threads(body: Body) -> AsyncIterator[bytes]:
    total, chunks = 0, body.chunks()
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk
        total += len(chunk)
        body.sent(total)


def _built(
    http: httpx.Client | httpx.AsyncClient,
    call: Call,
    content: bytes | Iterator[bytes] | AsyncIterator[bytes] | None,
) -> httpx.Request:
    headers = dict(call.headers)
    if call.content is not None and not isinstance(call.content, bytes):
        # Storage behind signed URLs takes no body of unknown length.
        headers["Content-Length"] = str(call.content.size_bytes)
    timeout: Any = httpx.USE_CLIENT_DEFAULT
    if call.read_s is not None:
        usual = http.timeout
        timeout = httpx.Timeout(
            connect=usual.connect, read=call.read_s, write=usual.write, pool=usual.pool
        )
    return http.build_request(
        call.method,
        call.url,
        params=call.params or None,
        headers=headers,
        content=content,
        timeout=timeout,
    )


def _answer(response: httpx.Response, *, read: bool) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, response.content if read else b"")


def _translated(error: Exception) -> Exception:
    if isinstance(error, ClientError) or not isinstance(error, (httpx.HTTPError, httpx.InvalidURL)):
        return error
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return ConfigurationError(f"The service's address cannot be used: {error}.")
    told = str(error) or type(error).__name__
    failed = ConnectionFailed(
        f"The service does not answer: {told}. Check that it runs and that its address is right.",
        sent=not isinstance(error, _UNSENT),
    )
    failed.__cause__ = error
    return failed

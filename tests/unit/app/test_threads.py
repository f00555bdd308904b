"""A call in a thread is over when the caller goes on."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable

import pytest

from personae.app.threads import finish_in_thread, stop_in_thread


def test_results_and_errors_come_back() -> None:
    assert asyncio.run(finish_in_thread(divmod, 7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(finish_in_thread(divmod, 7, 0))


@pytest.mark.parametrize("times", [1, 3])
def test_a_canceled_caller_waits_for_the_end(times: int) -> None:
    done: list[str] = []

    def slow() -> None:
        time.sleep(0.3)
        done.append("thread")

    async def run() -> None:
        doing = asyncio.ensure_future(finish_in_thread(slow))
        for _ in range(times):
            await asyncio.sleep(0.05)
            doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing
        done.append("caller")

    asyncio.run(run())
    assert done == ["thread", "caller"]


def test_an_error_after_a_cancel_is_still_a_cancel() -> None:
    def slow() -> None:
        time.sleep(0.2)
        raise ValueError

    async def run() -> None:
        doing = asyncio.ensure_future(finish_in_thread(slow))
        await asyncio.sleep(0.05)
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing

    asyncio.run(run())


def test_a_call_learns_that_it_should_stop() -> None:
    def until_stopped(should_stop: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not should_stop():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    async def run() -> None:
        doing = asyncio.ensure_future(stop_in_thread(until_stopped))
        await asyncio.sleep(0.05)
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(doing, 20)

    asyncio.run(run())


def test_threads_know_what_request_they_work_for() -> None:
    request = contextvars.ContextVar("request", default="none")

    async def run() -> str:
        request.set("req_1")
        return await finish_in_thread(request.get)

    assert asyncio.run(run()) == "req_1"

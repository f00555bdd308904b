"""Blocking calls from the event loop, whose effects are known when they return."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def finish_in_thread(call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a blocking call in a thread, and never leave it running behind the caller's back.

    `asyncio.to_thread` returns at once when it is canceled, while its thread goes on writing. Here
    the cancellation is passed on after the thread is done, so that what it made can be removed.
    """
    return await stop_in_thread(lambda _: call(*args, **kwargs))


async def stop_in_thread(
    call: Callable[[Callable[[], bool]], R], threads: Executor | None = None
) -> R:
    """As `finish_in_thread`, for a call that can be asked to hurry.

    Parameters
    ----------
    call : callable
        Is given a function that says whether it should stop.
    threads : Executor, optional
        For calls that take long: the event loop's own threads are few and everybody's.
    """
    canceled = threading.Event()
    context = contextvars.copy_context()  # So that logs keep their request and task ids.
    work = asyncio.get_running_loop().run_in_executor(
        threads, lambda: context.run(call, canceled.is_set)
    )
    reason: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait({work})  # Which does not cancel what it waits for.
        except asyncio.CancelledError as error:
            canceled.set()
            reason = error
    if reason is not None:
        if not work.cancelled():
            work.exception()  # Seen, so that asyncio does not complain that nobody looked.
        raise reason
    return work.result()

"""Blocking calls from the event loop, whose effects are known when they return."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def finish_in_thread(call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a blocking call in a thread, and never leave it running behind the caller's back.

    `asyncio.to_thread` returns at once when it is cancelled, while its thread goes on writing.
    Here the cancellation is passed on after the thread is done, so that what it made can be
    removed.
    """
    work = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    canceled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as error:
            canceled = error
    if canceled is not None:
        if not work.cancelled():
            work.exception()  # Seen, so that asyncio does not complain that nobody looked.
        raise canceled
    return work.result()

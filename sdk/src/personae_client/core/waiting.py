"""Following a task to its end: by its events, or by asking again where they do not come through."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from personae_client.core.calling import Request, call_of, json_of, repeated, send
from personae_client.core.config import Config
from personae_client.core.effects import Answer, Emit, OpenStream, ReadStream, Sleep, Steps
from personae_client.core.sse import Parser
from personae_client.errors import (
    ClientError,
    ConnectionFailed,
    Details,
    TimedOut,
    Unavailable,
    UnexpectedAnswer,
)
from personae_client.errors import problem as error_of
from personae_client.models import Detection, Swap

_SILENCE_S = 40.0
"""The service breaks silences with a comment every 15 s, so a stream this quiet is dead."""
_LONG_POLL_S = 20.0
_MUTE_STREAMS = 2
"""Streams in a row that told nothing, after which the task is asked for instead."""


class Watch:
    """What has been seen of one task, and until when to look."""

    def __init__(self, task_id: str, timeout_s: float | None, calls: str = "client.swaps") -> None:
        self.task_id = task_id
        self._calls = calls
        self._timeout_s = timeout_s
        self._ends = None if timeout_s is None else time.monotonic() + timeout_s
        self._heard = time.monotonic()
        self.last_event = ""
        self.final: Swap | None = None

    def left_s(self, most_s: float) -> float:
        """Seconds to wait at most now.

        Raises
        ------
        TimedOut
        """
        if self._ends is None:
            return most_s
        left_s = self._ends - time.monotonic()
        if left_s <= 0:
            raise TimedOut(self.task_id, self._timeout_s or 0.0, self._calls)
        return min(most_s, left_s)

    def silent_s(self) -> float:
        """Seconds since the service was last heard."""
        return time.monotonic() - self._heard

    def heard(self, swap: Swap) -> None:
        """Note a state of the task."""
        self._heard = time.monotonic()
        if swap.final:
            self.final = swap


def watch(config: Config, task_id: str, timeout_s: float | None) -> Steps[Swap]:
    """Emit the task whenever it has changed; its final state, which is emitted last.

    A service that is away for a while, because it is restarted perhaps, is waited for.

    Raises
    ------
    TimedOut, ServiceProblem, ConnectionFailed
    """
    seen, mute = Watch(task_id, timeout_s), 0
    while seen.final is None:
        try:
            if mute < _MUTE_STREAMS:
                told = yield from _stream(config, seen)
                mute = 0 if told else mute + 1
            else:
                yield from _poll(config, seen)
        except (ConnectionFailed, Unavailable):
            if seen.silent_s() > config.retries.patience_s:
                raise
            yield Sleep(seen.left_s(config.retries.pause_s(1, None) or config.retries.first_s))
    return seen.final


def _stream(config: Config, seen: Watch) -> Steps[bool]:
    """Follow the task's events until the stream ends; whether they told anything."""
    request = Request("GET", f"/swaps/{seen.task_id}/events", read_s=seen.left_s(_SILENCE_S))
    call = call_of(config, request)
    headers = {**call.headers, "Accept": "text/event-stream", "Accept-Encoding": "identity"}
    if seen.last_event:
        headers["Last-Event-ID"] = seen.last_event
    answer: Answer = yield from repeated(
        config, OpenStream(replace(call, headers=headers)), may_repeat=True
    )
    if answer.status == 204:
        yield Emit((yield from _asked(config, seen, 0.0)))
        return True
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        return False  # Something between that does not know events.
    return (yield from _events(seen))


def _events(seen: Watch) -> Steps[bool]:
    parser, told = Parser(), False
    while seen.final is None:
        try:
            chunk: bytes = yield ReadStream()
        except ConnectionFailed:
            break
        for event in parser.feed(chunk):
            try:
                swap = Swap.from_json(json.loads(event.data))
            except (ValueError, UnexpectedAnswer):
                return False  # Cut or garbled on its way: ask for it whole.
            told, seen.last_event = True, event.id
            seen.heard(swap)
            yield Emit(swap)
        if not chunk:
            break
        if seen.final is None:
            seen.left_s(0.0)
    return told


def _poll(config: Config, seen: Watch) -> Steps[None]:
    """Ask again and again, each time until it has ended or a while is over."""
    before: Swap | None = None
    while seen.final is None:
        # The first answer comes at once; then each is worth waiting for.
        wait_s = 0.0 if before is None else seen.left_s(_LONG_POLL_S)
        swap = yield from _asked(config, seen, wait_s)
        if swap != before:
            before = swap
            yield Emit(swap)


def _asked(config: Config, seen: Watch, wait_s: float) -> Steps[Swap]:
    request = Request(
        "GET", f"/swaps/{seen.task_id}", params={"wait": wait_s}, read_s=wait_s + _SILENCE_S
    )
    swap = Swap.from_json(json_of((yield from send(config, request))))
    seen.heard(swap)
    return swap


def to_end(
    config: Config, task_id: str, timeout_s: float | None, on_progress: Callable[[Swap], Any] | None
) -> Steps[Swap]:
    """The task when it has succeeded.

    Raises
    ------
    TimedOut
    ServiceProblem
        Of the kind that made the task fail, with `task`.
    """
    steps = watch(config, task_id, timeout_s)
    swap = yield from consumed(steps, on_progress)
    raise_if_failed(swap)
    return swap


def consumed(steps: Steps[Swap], on_progress: Callable[[Swap], Any] | None) -> Steps[Swap]:
    """Go through steps, and give what they emit to a function instead of to whoever iterates."""
    try:
        effect = next(steps)
        while True:
            if isinstance(effect, Emit):
                if on_progress is not None:
                    on_progress(effect.item)
                effect = steps.send(None)
                continue
            try:
                result: object = yield effect
            except ClientError as error:
                effect = steps.throw(error)
            else:
                effect = steps.send(result)
    except StopIteration as end:
        return end.value
    finally:
        steps.close()


def raise_if_failed(task: Swap | Detection) -> None:
    """Raise what made a task fail or be canceled.

    Raises
    ------
    ServiceProblem
    """
    if task.status == "canceled":
        raise error_of(f"{task.id} was canceled.", Details("canceled"), task)
    if task.error is not None:
        told = task.error
        details = Details(told.code, retryable=told.retryable, role=told.role, reason=told.reason)
        raise error_of(told.message, details, task)


def detection_to_end(config: Config, task_id: str, timeout_s: float | None) -> Steps[Detection]:
    """A search for people when it has succeeded; it tells no events.

    Raises
    ------
    TimedOut, ServiceProblem
    """
    seen = Watch(task_id, timeout_s, "client.detections")
    while True:
        wait_s = seen.left_s(_LONG_POLL_S)
        request = Request(
            "GET", f"/detections/{task_id}", params={"wait": wait_s}, read_s=wait_s + _SILENCE_S
        )
        detection = Detection.from_json(json_of((yield from send(config, request))))
        if detection.final:
            raise_if_failed(detection)
            return detection
        seen.left_s(0.0)

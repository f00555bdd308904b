"""One job's conversation with a media child: its lines, its deadlines, the wish to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from personae.adapters.media_host.child import Child, ChildGone
from personae.adapters.media_host.messages import error_from_json
from personae.errors import Canceled, PersonaeError, TaskFailed, TookTooLong

_log = structlog.get_logger("personae.media")

POLL_S = 0.05
_ASK_EVERY_S = 0.1
_SIGNATURES_A_JOB = 8  # One, and one more for each way of sealing that did not work.
OBEY_S = 0.5
"""How long a child has to stop when it is asked; then it is killed."""


class Asking:
    """Asks whether to stop, but not more often than several times a second."""

    def __init__(self, should_stop: Callable[[], bool] | None) -> None:
        self._should_stop = should_stop
        self._next = 0.0

    def __call__(self) -> bool:
        if self._should_stop is None or time.monotonic() < self._next:
            return False
        wanted = self._should_stop()
        self._next = time.monotonic() + _ASK_EVERY_S
        return wanted

    def check(self) -> None:
        """Raise `Canceled` if so."""
        if self():
            raise Canceled("The work was stopped on request; no output was written.")


class Talk:
    """One job's conversation with its child, up to the last line.

    ``ended_well``: the child has said its last line about the job and waits for the next one.
    ``begun``: it has said anything at all, so the job may have had effects.
    """

    def __init__(
        self,
        child: Child,
        timeout_s: float,
        stall_s: float,
        stop: Asking,
        progress: Callable[[dict[str, Any]], None] | None,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._sign = sign
        self._signatures_left = _SIGNATURES_A_JOB
        self._child = child
        self._timeout_s = timeout_s
        self._stall_s = stall_s
        self._stop = stop
        self._progress = progress
        self.ended_well = False
        self.begun = False

    def until_the_end(self) -> dict[str, Any] | PersonaeError:
        """The answer, or the error that the child told or that is to be told of it.

        Raises
        ------
        ChildGone
            If it died before it began.
        """
        started = heard = time.monotonic()
        while True:
            try:
                message = self._child.receive(POLL_S)
            except ChildGone:
                if not self.begun:
                    raise
                how = self._child.how_it_ended()
                return TaskFailed(f"The process that did this work died ({how}).")
            now = time.monotonic()
            if message is not None:
                heard, self.begun = now, True
                ending = self._ending(message)
                if ending is not None:
                    return ending
            if self._stop():
                self._ask_to_stop()
                return Canceled("The work was stopped on request; no output was written.")
            if now - started > self._timeout_s:
                return TookTooLong(f"The work took longer than {self._timeout_s:g} s.")
            if now - heard > self._stall_s:
                return TookTooLong(f"The work made no progress for {self._stall_s:g} s.")

    def _ending(self, message: dict[str, Any]) -> dict[str, Any] | PersonaeError | None:
        """What the last line says; None for the lines before it."""
        if "begun" in message:
            return None
        if "sign" in message:
            self._answer(message["sign"])
            return None
        if "progress" in message:
            if self._progress is not None:
                self._progress(message["progress"])
            return None
        self.ended_well = not message.get("last", False)
        if "answer" in message:
            return message["answer"]
        return error_from_json(message.get("error", {}))

    def _answer(self, wanted: Any) -> None:
        """Sign for the child, if this job is one that may ask.

        A hostile file that got hold of the child gets no key by that, and no more signatures than
        the job needs.
        """
        signature: str | None = None
        self._signatures_left -= 1
        if self._sign is not None and self._signatures_left >= 0:
            try:
                signature = self._sign(bytes.fromhex(wanted)).hex()
            except (PersonaeError, ValueError, TypeError):
                # No traceback: some renderers print local variables with it.
                _log.error("Nothing could be signed.", action="media.sign")
        with suppress(ChildGone):
            self._child.send({"signature": signature})

    def _ask_to_stop(self) -> None:
        """Give the child a moment to end the job by itself; it keeps its models then."""
        deadline = time.monotonic() + OBEY_S
        try:
            self._child.send({"stop": True})
            while (left := deadline - time.monotonic()) > 0:
                message = self._child.receive(left)
                if message is not None and not message.keys() & {"begun", "progress", "sign"}:
                    self.ended_well = not message.get("last", False)
                    return
        except ChildGone:
            return

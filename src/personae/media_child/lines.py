"""The two pipes to the parent: jobs in, lines out, and nothing else in between."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from personae.adapters.media_host.messages import LINE_BYTES, decode, encode
from personae.errors import TaskFailed

PROGRESS_EVERY_S = 0.25
_SIGNATURE_TIMEOUT_S = 30.0


class Lines:
    """Takes over stdin and stdout, so that whatever a library prints or reads goes elsewhere.

    Prints go to stderr from now on, and stdin is empty. A thread reads the parent's lines; when
    they end the parent is gone, and so is this process, whatever it was doing: outputs grow under
    another name until they are complete, so nothing half-made is left under a real one.
    """

    def __init__(self) -> None:
        self._in = os.dup(0)
        self._out = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._signatures: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._writing = threading.Lock()
        self._said_at = 0.0
        self.busy = False
        """Whether a job waits for its answer; the watchdog asks."""

    def start(self) -> None:
        """Tell the parent that we are there, and listen to it."""
        self._say({"ready": os.getpid()})
        threading.Thread(target=self._listen, name="personae-lines", daemon=True).start()

    def next_job(self) -> dict[str, Any]:
        """Wait for the next job, and say that it begins."""
        job = self._jobs.get()
        self.busy = True
        self._say({"begun": True})
        return job

    @property
    def idle(self) -> bool:
        """Whether no job waits."""
        return self._jobs.empty()

    def should_stop(self) -> bool:
        """Whether the parent has lost interest in the job that runs."""
        return self._stop.is_set()

    def progress(self, told: Mapping[str, Any], *, always: bool = False) -> None:
        """Tell how far the job is; dropped if the last time was a moment ago."""
        now = time.monotonic()
        if always or now - self._said_at >= PROGRESS_EVERY_S:
            self._said_at = now
            self._say({"progress": told})

    def signature(self, data: bytes) -> bytes:
        """Have the parent sign, which alone has the key.

        Raises
        ------
        TaskFailed
            If it does not.
        """
        self._say({"sign": data.hex()})
        try:
            signature = self._signatures.get(timeout=_SIGNATURE_TIMEOUT_S)
        except queue.Empty:
            signature = None
        if signature is None:
            raise TaskFailed("Nobody signs for this process.")
        return bytes.fromhex(signature)

    def answer(self, answer: Mapping[str, Any]) -> None:
        """End the job well."""
        self.busy = False
        self._say({"answer": answer})

    def fail(self, error: Mapping[str, Any]) -> None:
        """End the job badly."""
        self.busy = False
        self._say({"error": error})

    def last_words(self, error: Mapping[str, Any], status: int) -> NoReturn:
        """End the job, if there is one, and the process with it; from any thread."""
        if self.busy and self._writing.acquire(timeout=0.2):
            self._write(encode({"error": error, "last": True}))
        os._exit(status)

    def _say(self, message: Mapping[str, Any]) -> None:
        line = encode(message)
        with self._writing:
            self._write(line)

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[os.write(self._out, line) :]
        except OSError:
            os._exit(0)  # nobody listens any more

    def _listen(self) -> None:
        with os.fdopen(self._in, "rb") as pipe:
            while line := pipe.readline(LINE_BYTES):
                try:
                    message = decode(line)
                except ValueError:
                    break
                if message.get("stop"):
                    self._stop.set()
                elif "signature" in message:
                    self._signatures.put(message["signature"])
                else:
                    # Lines come in order: a wish to stop was about the job before.
                    self._stop.clear()
                    self._jobs.put(message)
        os._exit(0)

"""One media child from outside: its pipes, its log, its life and its death."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Literal

import structlog

from personae.adapters.media_host.messages import JOB_BYTES, LINE_BYTES, decode, encode
from personae.errors import InvalidRequest

_log = structlog.get_logger("personae.media")

PERMISSIVE_ONLY = "PERSONAE_PERMISSIVE_ONLY"
# Everything else, above all the keys to database and storage, stays out of the child.
KEPT_VARIABLES = (
    *("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LANG", "LANGUAGE", "TZ", "SYSTEMROOT"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
    *("LOCALAPPDATA", "APPDATA", "USERPROFILE", "PERSONAE_MODELS_DIR"),
    *("PERSONAE_PROVIDERS", "PERSONAE_MODEL_MEMORY", "PERSONAE_MODEL_BATCH"),
    *("PERSONAE_CARDS_DIR", PERMISSIVE_ONLY),
    "PERSONAE_GATE_MODELS",
    # Another kernel of BLAS rounds differently: a child computes as the rest of the machine does.
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "CUDA_VISIBLE_DEVICES"),
)
_LOG_LINE_CHARS = 1000
_LOG_LINES_A_JOB = 100


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """How children are started.

    ``memory_limit_bytes``: what one may hold before it ends its job with `MediaTooLarge`.
    ``file_limit_bytes``: the largest file that one may write. ``permissive_only``: whether it may
    load only models whose licence is permissive. ``children``: how many there may be at once, which
    share the memory that networks may take.
    """

    role: Literal["probe", "full"]
    memory_limit_bytes: int
    file_limit_bytes: int
    permissive_only: bool = False
    children: int = 1

    @property
    def command(self) -> list[str]:
        """What to run; ``-P`` keeps the current folder out of the child's imports."""
        return [
            *(sys.executable, "-P", "-m", "personae.media_child"),
            *("--role", self.role),
            *("--memory-limit-bytes", str(self.memory_limit_bytes)),
            *("--file-limit-bytes", str(self.file_limit_bytes)),
            *("--children", str(self.children)),
            *("--parent", str(os.getpid())),
        ]


class ChildGone(Exception):
    """The child's pipes are closed: it died, or it is about to."""


class Child:
    """A running media child.

    Attributes
    ----------
    pid : int
    jobs_done : int
        Counted by whoever gives it jobs.
    """

    def __init__(self, settings: ChildSettings) -> None:
        environment = {k: v for k, v in os.environ.items() if k in KEPT_VARIABLES or k[:3] == "LC_"}
        if settings.permissive_only:
            environment[PERMISSIVE_ONLY] = "true"
        self._process = subprocess.Popen(
            settings.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            # A Ctrl-C in the terminal is for the service, which then ends its children itself.
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.jobs_done = 0
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._log_lines_left = _LOG_LINES_A_JOB
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        _widen(self._process.stdin)
        self._follow(self._read, self._process.stdout)
        self._follow(self._log, self._process.stderr)

    def __repr__(self) -> str:
        return f"Child({self.pid}, {self.jobs_done} jobs done)"

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as the system says."""
        return self._process.poll() is None

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one line to it.

        Raises
        ------
        ChildGone
        InvalidRequest
            If it is too long.
        """
        line = encode(message)
        if len(line) > JOB_BYTES:
            raise InvalidRequest(f"A media job has at most {JOB_BYTES >> 20} MiB of description.")
        pipe = self._process.stdin
        assert pipe is not None
        self._log_lines_left = _LOG_LINES_A_JOB
        try:
            pipe.write(line)
            pipe.flush()
        except (OSError, ValueError) as error:
            raise ChildGone from error

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """Its next line, or None when there was none in time.

        Raises
        ------
        ChildGone
            After its last line.
        """
        try:
            message = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if message is None:
            raise ChildGone
        return message

    def resident_bytes(self) -> int:
        """Memory that it holds; 0 where the system does not tell."""
        try:
            with open(f"/proc/{self.pid}/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0

    def how_it_ended(self) -> str:
        """In words, for messages."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.returncode
        if code is None:
            return "it closed its pipes"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def let_go(self) -> None:
        """Let it end by itself, at once if it is idle; do not wait."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def kill(self) -> None:
        """End it now, whatever it does, and clear up behind it."""
        with suppress(OSError):
            self._process.kill()
        self.let_go()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended by then."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _follow(self, work: Any, pipe: IO[bytes]) -> None:
        name = f"personae-media-{self.pid}"
        threading.Thread(target=work, args=(pipe,), name=name, daemon=True).start()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(LINE_BYTES):
                try:
                    message = decode(line)
                except ValueError:
                    _log.error("The media child spoke nonsense", action="media.nonsense")
                    break
                if "ready" not in message:
                    self._lines.put(message)
        self._lines.put(None)

    def _log(self, pipe: IO[bytes]) -> None:
        """Pass on what libraries and tracebacks say, within reason."""
        with pipe:
            while line := pipe.readline(64 * 1024):
                self._log_lines_left -= 1
                if self._log_lines_left < 0:
                    continue
                text = line.decode("utf-8", "replace").rstrip()[:_LOG_LINE_CHARS]
                _log.info("media child", action="media.stderr", pid=self.pid, line=text)


def _widen(pipe: IO[bytes] | None) -> None:
    """Make room for a job's whole line, so that writing one never waits for a child that hangs."""
    if sys.platform == "linux" and pipe is not None:
        import fcntl

        with suppress(OSError):  # the system's own limit may be lower
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, JOB_BYTES)

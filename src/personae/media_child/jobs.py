"""Which function does which job, and what its errors may say."""

from __future__ import annotations

import errno
import os
import re
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Literal, cast

from personae.adapters.media_host.messages import error_to_json
from personae.errors import (
    Canceled,
    InvalidRequest,
    MediaTooLarge,
    ModelError,
    PersonaeError,
    TaskFailed,
)
from personae.media_child.lines import Lines

Job = Mapping[str, Any]
Role = Literal["probe", "full"]

# Modules are imported when their first job comes: a child that only probes starts in no time.
_OPS = {
    "probe": "probing:probe",
    "check_donor": "judging:judge",
    "detect": "detecting:detect",
    "swap": "swapping:swap",
    "preview": "swapping:preview",
    "plan_chunks": "planning:plan",
    "analyse_chunk": "chunking:analyse_chunk",
    "render_chunk": "chunking:render_chunk",
    "join": "chunking:join",
    "stills": "stilling:stills",
    "seal": "sealing:seal",
    "read_manifest": "sealing:read",
    "engines": "engines:offer",
    "embed": "registering:embed",
    "look_up": "registering:look_up",
    "find_mark": "inspecting:find_mark",
    "inspect": "inspecting:inspect",
}
# A look at somebody's photos loads the models, when the first one comes.
_PROBE_OPS = (
    *("ping", "probe", "plan_chunks", "check_donor", "read_manifest"),
    "engines",
    *("embed", "look_up"),
)


class Context:
    """What a job may ask for beside its own fields: to stop, and to tell how far it is."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def should_stop(self) -> bool:
        """Whether the parent has lost interest."""
        return self._lines.should_stop()

    def check_stop(self) -> None:
        """Raise `Canceled` if the parent has lost interest."""
        if self._lines.should_stop():
            raise Canceled("The work was stopped on request; no output was written.")

    def signature(self, data: bytes) -> bytes:
        """Have the parent sign; see `Lines.signature`."""
        return self._lines.signature(data)

    def enter(self, phase: str) -> None:
        """Say that a phase begins, unless the job is to stop."""
        self.check_stop()
        self._lines.progress(_told(phase, None, None, 0.0, None), always=True)

    def report(
        self,
        phase: str,
        done: int | None,
        total: int | None,
        fps: float = 0.0,
        remaining_s: float | None = None,
    ) -> None:
        """Say how far a phase is; may be called for every frame."""
        self._lines.progress(_told(phase, done, total, fps, remaining_s))


class Worker:
    """Does one job after the other; a job that fails leaves it ready for the next."""

    def __init__(self, lines: Lines, role: Role) -> None:
        self._lines = lines
        self._role: Role = role

    def serve(self) -> None:
        """Until the parent is gone, which ends the process."""
        self._prepare()
        while True:
            job = self._lines.next_job()
            try:
                answer = self._do(job)
            except Exception as error:
                if not isinstance(error, PersonaeError | MemoryError):
                    traceback.print_exc()
                self._lines.fail(plain_error(error, job))
            else:
                self._lines.answer(_named(answer, job))

    def _prepare(self) -> None:
        """Load what is slow while nobody waits for it."""
        if self._lines.idle:
            import_module("personae.media_child.probing")
        if self._role == "full" and self._lines.idle:
            # Whatever is wrong will be said about the first job.
            with suppress(Exception):
                load_engine()
                import_module("personae.media_child.sealing")

    def _do(self, job: Job) -> dict[str, Any]:
        op = job.get("op")
        if self._role == "probe" and op not in _PROBE_OPS:
            raise InvalidRequest(f"This media child only probes; it does no {op!r}.")
        if op == "ping":
            return self._ping()
        home = _OPS.get(str(op))
        if home is None:
            raise InvalidRequest(f"There is no media job called {op!r}.")
        module, function = home.split(":")
        do = cast(
            "Callable[[Job, Context], dict[str, Any]]",
            getattr(import_module(f"personae.media_child.{module}"), function),
        )
        try:
            return do(job, Context(self._lines))
        except KeyError as error:
            if error.args and error.args[0] in _FIELDS:
                raise InvalidRequest(f"The media job {op!r} lacks {error}.") from error
            raise

    def _ping(self) -> dict[str, Any]:
        if self._role == "full":
            load_engine()
        return {"engine": "mesh", "ready": True, "pid": os.getpid()}


_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE)
_FIELDS = (
    *("path", "crops_dir", "scene", "output", "mappings", "donors", "options", "chunk", "chunks"),
    *("plan", "plans", "state_in", "state_out", "plans_out", "box", "when_s", "credential"),
    *("photo", "photos", "engines", "steps"),
)


def load_engine() -> None:
    """Load the engine, without fetching anything: a media child has no business on the network.

    Raises
    ------
    ModelError
    """
    from personae import wiring

    if wiring.models_are_missing():
        raise ModelError(
            "The models that a swap needs are not on this machine; its operator gets them with "
            "`personae models pull`."
        )
    wiring.engine()


def _told(
    phase: str, done: int | None, total: int | None, fps: float, remaining_s: float | None
) -> dict[str, Any]:
    return {
        "phase": phase,
        "frames_done": done,
        "frames_total": total,
        "fps": round(fps, 2),
        "remaining_s": None if remaining_s is None else round(remaining_s, 2),
    }


def plain_error(error: Exception, job: Job) -> dict[str, Any]:
    """An error for the parent; files are called by their own names, without our folders."""
    if isinstance(error, MemoryError):
        error = MediaTooLarge("This does not fit into memory; make it smaller.")
    if _is_of_the_disk(error.__cause__, job):
        # The files here are the service's own: what its disk cannot do is no client's fault, and
        # another worker's disk may do it.
        error = TaskFailed("A disk of the service failed over this task; nothing was charged.")
    plain = error_to_json(error)
    plain["message"] = call_files(str(plain["message"]), job)
    return plain


def _is_of_the_disk(cause: BaseException | None, job: Job) -> bool:
    """Whether a disk failed, and not a file."""
    from personae.video.files import can_be_read

    if not isinstance(cause, OSError) or cause.errno not in _DISK:
        return False
    if cause.errno != errno.EIO or not type(cause).__module__.startswith("av"):
        return True
    return not all(can_be_read(path) for path in _paths(job))


def _named(answer: dict[str, Any], job: Job) -> dict[str, Any]:
    if "warnings" in answer:
        answer["warnings"] = [call_files(text, job) for text in answer["warnings"]]
    return answer


def call_files(text: str, job: Job) -> str:
    """Replace the job's paths in a sentence by what ``names`` calls them, else by the last part.

    Where files lie on this machine, and under which names, concerns no client. The last part of a
    path, alone, is replaced as well if only one of ``names`` ends so.
    """
    names: Mapping[str, str] = job.get("names") or {}
    ends = Counter(os.path.basename(path) for path in names)
    shown = {os.path.basename(path): name for path, name in names.items()}
    shown = {end: name for end, name in shown.items() if ends[end] == 1}
    shown |= {path: names.get(path) or os.path.basename(path) for path in _paths(job)}
    if not shown:
        return text
    # In one go: what a client calls a file may look like the path of another.
    found = "|".join(re.escape(one) for one in sorted(shown, key=len, reverse=True))
    return re.sub(found, lambda match: shown[match[0]], text)


def _paths(value: Any) -> set[str]:
    """Every absolute path among a job's values."""
    if isinstance(value, str):
        return {value} if os.path.isabs(value) else set()
    if isinstance(value, Mapping):
        return _paths(list(cast("Mapping[str, Any]", value).values()))
    if isinstance(value, list):
        return {path for one in cast("list[Any]", value) for path in _paths(one)}
    return set()

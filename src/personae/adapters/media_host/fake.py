"""A media host without children, pixels or models, for tests and trials of the service.

It tells media apart by their first bytes and takes everything else from a script. A script may be
given to the host, for all jobs, or lie *inside* a file that `fake_media` made, so that a test far
away (behind HTTP, in another process) decides what happens to the file it uploads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from personae.adapters.media_host import fake_chunks, fake_looks, fake_swaps
from personae.adapters.media_host.fake_media import facts_of, fake_media, script_of, sha256
from personae.adapters.media_host.fake_seals import read_manifest, seal
from personae.adapters.media_host.messages import error_from_json
from personae.errors import Canceled, InvalidRequest, TaskFailed, TookTooLong

__all__ = ["FakeMediaHost", "fake_media"]

Job = Mapping[str, Any]


class FakeMediaHost:
    """Plays a media host: same jobs, same answers, same errors, nothing behind them.

    Parameters
    ----------
    size : int
        Jobs at once; more wait.
    script : mapping, optional
        For every file that says nothing else itself. Facts by name, and:

        - ``faces``: how many there are (1); 0 makes a swap fail with `FaceNotFound`
        - ``unsafe``: the score that the content gate gives it (0.0)
        - ``poor``: True makes it no good as a donor's photo; ``person``: who it shows ("")
        - ``sleep_s``: how long a job takes (0), in ``steps`` (4) of progress each
        - ``error``: ``{"code": …, "message": …, "role": …}`` to raise
        - ``crash``: True, or how many first jobs on this file end as if the child had died
        - ``hang``: True, or how many first jobs on this file say nothing until they are given up
        - ``manifest``, ``mark``: what an inspection finds (nothing)
        - ``ops``: a list; then sleep, error, crash and hang befall these jobs only

    Attributes
    ----------
    jobs : list of dict
        Every job that was started, in order.
    """

    def __init__(self, *, size: int = 2, script: Mapping[str, Any] | None = None) -> None:
        self.jobs: list[dict[str, Any]] = []
        self._script = dict(script or {})
        self._places = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._misfortunes: dict[str, int] = {}
        self._closed = False

    def run(
        self,
        job: Job,
        *,
        timeout_s: float,
        stall_s: float = 60.0,
        should_stop: Callable[[], bool] | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        """Play one job; as `ports.MediaHost` says."""
        stop = should_stop or (lambda: False)
        while not self._places.acquire(timeout=0.02):
            _check_stop(stop)
        try:
            _check_stop(stop)
            if self._closed:
                raise TaskFailed("The media host is closed.")
            with self._lock:
                self.jobs.append(dict(job))
            play = _OPS.get(str(job.get("op")))
            if play is None:
                raise InvalidRequest(f"There is no media job called {job.get('op')!r}.")
            self._befall(job, timeout_s, stall_s, stop, progress or (lambda _: None))
            return play(job, self._script)
        finally:
            self._places.release()

    def close(self) -> None:
        """Refuse further jobs."""
        self._closed = True

    def _befall(
        self,
        job: Job,
        timeout_s: float,
        stall_s: float,
        stop: Callable[[], bool],
        progress: Callable[[dict[str, Any]], None],
    ) -> None:
        """Let the script's delay and misfortunes happen."""
        photos = job.get("donors") or job.get("photos") or [job.get("photo")]
        path = job.get("scene") or job.get("path") or photos[0]
        script = self._script if path is None else script_of(Path(path), self._script)
        # What befalls a scene befalls the swap; its output is sealed without trouble.
        usual = [] if job["op"] == "seal" else [job["op"]]
        if job["op"] not in script.get("ops", usual):
            return
        deadline = time.monotonic() + timeout_s
        if self._is_due(script, "hang", path):
            _wait(min(stall_s, timeout_s), deadline + 1, stop)
            raise TookTooLong("The media child said nothing for too long and was ended.")
        if self._is_due(script, "crash", path):
            raise TaskFailed("The media child died over this job.")
        if "error" in script:
            raise error_from_json(script["error"])
        steps = max(1, int(script.get("steps", 4)))
        total = None
        if path is not None and job["op"] not in ("check_donor", "embed", "look_up"):
            total = facts_of(Path(path), self._script)["frames"]
        for step in range(1, steps + 1):
            _wait(float(script.get("sleep_s", 0)) / steps, deadline, stop)
            _check_stop(stop)
            done = None if total is None else round(total * step / steps)
            remaining = float(script.get("sleep_s", 0)) * (steps - step) / steps
            progress(
                {
                    "phase": str(job["op"]),
                    "frames_done": done,
                    "frames_total": total,
                    "fps": 0.0,
                    "remaining_s": remaining,
                }
            )

    def _is_due(self, script: Mapping[str, Any], name: str, path: str | None) -> bool:
        """Whether a misfortune that is bounded in number happens once more."""
        wanted = script.get(name, False)
        if isinstance(wanted, bool):
            return wanted
        key = f"{name} {'' if path is None else sha256(Path(path))}"
        with self._lock:
            self._misfortunes[key] = self._misfortunes.get(key, 0) + 1
            return self._misfortunes[key] <= int(wanted)


_OPS: Mapping[str, Callable[[Job, Mapping[str, Any]], dict[str, Any]]] = {
    "ping": fake_looks.ping,
    "probe": fake_looks.probe,
    "check_donor": fake_looks.check_donor,
    "detect": fake_looks.detect,
    "swap": fake_swaps.swap,
    "preview": fake_swaps.preview,
    "plan_chunks": fake_chunks.plan_chunks,
    "analyse_chunk": fake_chunks.analyse_chunk,
    "render_chunk": fake_chunks.render_chunk,
    "join": fake_chunks.join,
    "stills": fake_looks.stills,
    "seal": lambda job, script: seal(job),
    "read_manifest": lambda job, script: read_manifest(job),
    "inspect": fake_looks.inspect,
    "find_mark": fake_looks.find_mark,
    "embed": fake_looks.embed,
    "look_up": fake_looks.look_up,
}


def _wait(seconds: float, deadline: float, stop: Callable[[], bool]) -> None:
    """Sleep, but not past the deadline or a stop.

    Raises
    ------
    Canceled, TaskFailed
    """
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        _check_stop(stop)
        if time.monotonic() > deadline:
            raise TookTooLong("The media job took too long and was ended.")
        time.sleep(min(left, 0.02))


def _check_stop(stop: Callable[[], bool]) -> None:
    if stop():
        raise Canceled("The work was stopped on request; no output was written.")

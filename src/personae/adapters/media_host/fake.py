"""A media host without children, pixels or models, for tests and trials of the service.

It tells media apart by their first bytes and takes everything else from a script. A script may be
given to the host, for all jobs, or lie *inside* a file that `fake_media` made, so that a test far
away (behind HTTP, in another process) decides what happens to the file it uploads.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from personae.adapters.media_host.fake_donors import check_alone, check_donor
from personae.adapters.media_host.fake_gate import gate_report, let_through
from personae.adapters.media_host.fake_media import (
    OUTPUT_MARK,
    facts_of,
    fake_media,
    picture_bytes,
    png,
    read,
    script_of,
    sha256,
    write,
)
from personae.adapters.media_host.fake_register import check_register, embedding_of, nearest
from personae.adapters.media_host.fake_seals import read_manifest, seal
from personae.adapters.media_host.fake_stills import stills
from personae.adapters.media_host.messages import error_from_json
from personae.errors import Canceled, FaceNotFound, InvalidRequest, TaskFailed, TookTooLong

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
            return play(self, job)
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
        script = self._script if path is None else self._script_of(Path(path))
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
            total = self._facts(Path(path))["frames"]
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

    def _script_of(self, path: Path) -> dict[str, Any]:
        return script_of(path, self._script)

    def _facts(self, path: Path) -> dict[str, Any]:
        return facts_of(path, self._script)

    def _ping(self, job: Job) -> dict[str, Any]:
        return {"engine": "fake", "ready": True, "pid": os.getpid()}

    def _probe(self, job: Job) -> dict[str, Any]:
        return self._facts(Path(job["path"]))

    def _detect(self, job: Job) -> dict[str, Any]:
        path, crops = Path(job["path"]), Path(job["crops_dir"])
        facts = self._facts(path)
        gate = let_through(job, "scene", [self._script_of(path)]) or None
        crops.mkdir(parents=True, exist_ok=True)
        faces: list[dict[str, Any]] = []
        for number in range(int(self._script_of(path).get("faces", 1))):
            crop = f"face_{number}.png"
            (crops / crop).write_bytes(png())
            faces.append(_face(number, crop, facts["duration_s"]))
        return {"faces": faces, "gate": gate}

    def _swap(self, job: Job) -> dict[str, Any]:
        scene = Path(job["scene"])
        facts = self._facts(scene)
        digest = self._digest(job)
        write(job["output"], _output(scene, digest, facts["frames"]))
        return self._report(job, facts["kind"], facts["frames"])

    def _preview(self, job: Job) -> dict[str, Any]:
        self._facts(Path(job["scene"]))
        digest = self._digest(job)
        write(job["output"], picture_bytes(Path(job["output"]), digest))
        return self._report(job, "picture", 1)

    def _plan_chunks(self, job: Job) -> dict[str, Any]:
        facts = self._facts(Path(job["scene"]))
        frames, fps = int(facts["frames"] or 0), float(facts["fps"] or 25)
        step = max(1, round(float(job.get("target_s") or 10.0) * fps))
        if facts["kind"] != "video":
            step = max(1, frames)
        chunks = [
            {
                "index": i,
                "first_frame": first,
                "frames": min(step, frames - first),
                "start_pts": first,
                "key_pts": first,
            }
            for i, first in enumerate(range(0, frames, step))
        ]
        return {"chunks": chunks, "frames_total": frames}

    def _analyse_chunk(self, job: Job) -> dict[str, Any]:
        chunk = job["chunk"]
        before = b"" if job.get("state_in") is None else read(Path(job["state_in"]))
        if (chunk["index"] == 0) != (not before):
            raise InvalidRequest("Only the first chunk starts without the state of the one before.")
        state = hashlib.sha256(before + self._digest(job).encode()).hexdigest()
        write(job["state_out"], state.encode())
        write(job["plans_out"], json.dumps({"index": chunk["index"], "state": state}).encode())
        if job.get("output") is not None:
            self._write_part(job)
        frames = chunk["frames"]
        decided = chunk["first_frame"] + frames
        return {"frames": frames, "faces_swapped": frames, "decided_to": decided}

    def _render_chunk(self, job: Job) -> dict[str, Any]:
        chunk = job["chunk"]
        plans = [json.loads(read(Path(path))) for path in job["plans"]]
        if chunk["index"] not in [plan["index"] for plan in plans]:
            raise InvalidRequest(f"The plans of chunk {chunk['index']} are missing.")
        self._write_part(job)
        return {"frames": chunk["frames"]}

    def _write_part(self, job: Job) -> None:
        chunk = job["chunk"]
        part = {"first": chunk["first_frame"], "frames": chunk["frames"]}
        write(job["output"], json.dumps({**part, "digest": self._digest(job)}).encode())

    def _join(self, job: Job) -> dict[str, Any]:
        scene = Path(job["scene"])
        facts = self._facts(scene)
        parts = [json.loads(read(Path(path))) for path in job["chunks"]]
        expected = 0
        for part in parts:
            if part["first"] != expected:
                raise TaskFailed(f"A chunk is missing before frame {part['first']}.")
            expected += part["frames"]
        write(job["output"], _output(scene, parts[0]["digest"], expected))
        return self._report(job, facts["kind"], expected)

    def _digest(self, job: Job) -> str:
        """What the output depends on besides the scene; checks that everything is usable."""
        self._gate(job)
        scene = Path(job["scene"])
        if self._faces_in(scene) == 0:
            raise FaceNotFound("scene")
        check_register(job, scene, self._script_of(scene), "scene")
        digest = hashlib.sha256()
        mappings: Sequence[Mapping[str, Any]] = job.get("mappings") or ()
        if not mappings:
            raise InvalidRequest("A swap needs at least one mapping.")
        still = self._facts(Path(job["scene"]))["kind"] == "picture"
        for mapping in mappings:
            if still and mapping.get("face") == "only":
                check_alone(self._faces_in(Path(job["scene"])), "scene")
            for donor in map(Path, mapping["donors"]):
                if self._faces_in(donor) == 0:
                    raise FaceNotFound("donor")
                check_register(job, donor, self._script_of(donor), "donor")
                if mapping.get("alone"):
                    check_alone(self._faces_in(donor), "donor")
                digest.update(read(donor))
            if mapping.get("like") is not None:
                if self._faces_in(Path(mapping["like"])) == 0:
                    raise FaceNotFound("reference")
                digest.update(read(Path(mapping["like"])))
            digest.update(repr((mapping.get("face"), mapping.get("like_embedding"))).encode())
        options: dict[str, Any] = dict(job.get("options") or {})
        for name in ("threads", "mark"):  # The mark is another one in each task.
            options.pop(name, None)
        digest.update(json.dumps(options, sort_keys=True).encode())
        return digest.hexdigest()

    def _check_donor(self, job: Job) -> dict[str, Any]:
        scripts = [self._script_of(Path(path)) for path in job["donors"]]
        let_through(job, "donor", scripts)
        for path, script in zip(job["donors"], scripts, strict=True):
            check_register(job, Path(path), script, "donor")
        return check_donor(scripts)

    def _embed(self, job: Job) -> dict[str, Any]:
        alone = bool(job.get("alone", True))
        found = [self._embedding(one, alone=alone) for one in job["photos"]]
        return {"embeddings": found, "warnings": []}

    def _look_up(self, job: Job) -> dict[str, Any]:
        embedding, register = self._embedding(job["photo"]), job.get("register")
        found = [] if register is None else nearest(register, embedding)[: job["count"]]
        shown = [{name: one[name] for name in ("person_id", "distance")} for one in found]
        return {"found": shown, "warnings": []}

    def _embedding(self, photo: str, *, alone: bool = True) -> list[float]:
        path = Path(photo)
        if self._faces_in(path) == 0:
            raise FaceNotFound("reference")
        if alone:
            check_alone(self._faces_in(path), "reference")
        return embedding_of(path, self._script_of(path))

    def _stills(self, job: Job) -> dict[str, Any]:
        return stills(job, self._facts(Path(job["path"])))

    def _inspect(self, job: Job) -> dict[str, Any]:
        path = Path(job["path"])
        script = self._script_of(path)
        kind = self._facts(path)["kind"]
        return {"kind": kind, "manifest": script.get("manifest"), "mark": script.get("mark")}

    def _find_mark(self, job: Job) -> dict[str, Any]:
        path = Path(job["path"])
        self._facts(path)
        return {"found": self._script_of(path).get("mark")}

    def _seal(self, job: Job) -> dict[str, Any]:
        return seal(job)

    def _read_manifest(self, job: Job) -> dict[str, Any]:
        return read_manifest(job)

    def _gate(self, job: Job) -> dict[str, Any] | None:
        """What the content gate sees of a swap."""
        donors = [Path(one) for mapping in job.get("mappings") or () for one in mapping["donors"]]
        scripts = [self._script_of(path) for path in donors]
        return gate_report(job, scripts, self._script_of(Path(job["scene"])))

    def _faces_in(self, path: Path) -> int:
        self._facts(path)
        return int(self._script_of(path).get("faces", 1))

    def _report(self, job: Job, kind: str, frames: int) -> dict[str, Any]:
        options: Mapping[str, Any] = job.get("options") or {}
        restorer = options.get("restorer", "classical") if options.get("restore", 0) > 0 else None
        return {
            "kind": kind,
            "frames": frames,
            "frames_lost": 0,
            "faces_swapped": frames,
            "elapsed_s": 0.0,
            "engine": options.get("engine", "mesh"),
            "restorer": restorer,
            "label": options.get("label"),
            "gate": self._gate(job),
            "warnings": ["Restored by the classical pass, without a model."]
            if restorer == "classical"
            else [],
        }


_OPS: dict[str, Callable[[FakeMediaHost, Job], dict[str, Any]]] = {
    name: getattr(FakeMediaHost, f"_{name}")
    for name in (
        *("ping", "probe", "check_donor", "detect", "swap", "preview"),
        *("plan_chunks", "analyse_chunk", "render_chunk", "join", "stills"),
        *("seal", "read_manifest", "inspect", "find_mark"),
        *("embed", "look_up"),
    )
}


def _output(scene: Path, digest: str, frames: int) -> bytes:
    """The scene's own bytes and a mark: the same whether it came whole or in chunks."""
    return read(scene) + OUTPUT_MARK + f"{digest} {frames}\n".encode()


def _face(number: int, crop: str, duration_s: float | None) -> dict[str, Any]:
    left = 20.0 + 60 * number
    eyes = [[left + 12, 60.0], [left + 28, 60.0]]
    return {
        "face_id": number,
        "box_xyxy": [left, 40.0, left + 40, 90.0],
        "score": 0.99,
        "points": [*eyes, [left + 20, 70.0], [left + 14, 80.0], [left + 26, 80.0]],
        "pose": {"yaw": 0.0, "pitch": 0.0, "roll": 0.0},
        "first_s": 0.0,
        "last_s": duration_s or 0.0,
        "crop": crop,
        "crop_box_xyxy": [round(left), 40, round(left) + 1, 41],
        "crop_width": 1,
        "crop_height": 1,
        "crop_points": [[0.0, 0.0]] * 5,
        "embedding": [float(i == number % 128) for i in range(128)],
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

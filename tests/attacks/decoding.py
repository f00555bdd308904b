"""What real media children make of hostile files, one after the other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attacks.hostile import Hostile
from personae.adapters.media_host.host import ChildMediaHost
from personae.errors import Canceled, PersonaeError, TaskFailed

PROBE_S = 30.0
STALL_S = 10.0
"""What the service gives a file to be looked at; see `personae.app.asset_rules.AssetLimits`."""
HANG_S = STALL_S
"""What counts as a hang."""
ENOUGH_S = 6.0
"""A job that still goes on after this, as a long animation's may, is asked to stop."""
_JOB_S = 60.0


@dataclass
class Outcome:
    """What became of one file.

    Attributes
    ----------
    ended : str
        ``ok``, ``refused: CODE``, ``child died``, ``timed out`` (the child hung, or a probe took
        too long) or ``stopped`` (it worked on, and obeyed), of the job that went worst.
    seconds : float
        Of the longest job.
    """

    file: Hostile
    ended: str
    job: str
    seconds: float
    told: str = ""


@dataclass
class Report:
    """Everything that became of many files.

    ``peak_bytes``: the most memory that any child held, where the system tells.
    ``lost``: jobs on whole files that failed after a hostile one; none should.
    """

    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    peak_bytes: int = 0
    lost: list[str] = field(default_factory=list[str])

    def table(self) -> dict[str, Counter[str]]:
        """Counts by format and ending."""
        found: dict[str, Counter[str]] = {}
        for one in self.outcomes:
            found.setdefault(one.file.form, Counter())[one.ended] += 1
        return found

    def slowest(self, count: int = 10) -> list[Outcome]:
        """Those that took longest."""
        return sorted(self.outcomes, key=lambda one: -one.seconds)[:count]

    def ended(self, how: str) -> list[Outcome]:
        """Those that ended so."""
        return [one for one in self.outcomes if one.ended == how]


class Decoder:
    """Gives files to a host's children: looked at, searched for faces, some of them swapped.

    Parameters
    ----------
    host : ChildMediaHost
        Of the role ``full``.
    folder : Path
        For the files, one at a time.
    donor, whole : Path
        A good donor, and a good picture with which every child is tried after a death.
    swap_every : int
        Every so many files that are media are swapped as well.
    """

    def __init__(
        self, host: ChildMediaHost, folder: Path, donor: Path, whole: Path, swap_every: int = 3
    ) -> None:
        self._host, self._folder, self._donor, self._whole = host, folder, donor, whole
        self._swap_every = swap_every
        self._media = 0
        self.report = Report()

    def take(self, files: Iterable[Hostile]) -> Iterator[Outcome]:
        """Decode all of them; what became of each."""
        for one in files:
            path = self._folder / "media"
            path.write_bytes(one.data)
            outcome = self._decode(one, path)
            self.report.outcomes.append(outcome)
            self.report.peak_bytes = max(self.report.peak_bytes, _peak(self._host.pids))
            if outcome.ended in ("child died", "timed out"):
                self._try_whole(one)
            yield outcome

    def _decode(self, file: Hostile, path: Path) -> Outcome:
        probe = {"op": "probe", "path": str(path)}
        outcome, facts = self._run(file, "probe", probe, PROBE_S)
        if facts is None or facts["kind"] == "sound":
            return outcome
        self._media += 1
        crops = self._folder / "crops"
        detect = {"op": "detect", "path": str(path), "crops_dir": str(crops)}
        jobs = [("detect", detect)]
        if self._media % self._swap_every == 0:
            jobs.append(("swap", self._swap(path, facts["kind"])))
        for name, job in jobs:
            later, _ = self._run(file, name, job, _JOB_S)
            if later.ended != "ok" or later.seconds > outcome.seconds:
                later.seconds = max(later.seconds, outcome.seconds)
                outcome = later
            if later.ended in ("child died", "timed out"):
                break
        return outcome

    def _swap(self, path: Path, kind: str) -> dict[str, Any]:
        ending = {"picture": "png", "animation": "gif"}.get(kind, "mp4")
        output = self._folder / f"out.{ending}"
        output.unlink(missing_ok=True)
        mappings = [{"donors": [str(self._donor)], "face": "largest"}]
        options = {"preset": "ultrafast"} if kind == "video" else {}
        return {
            "op": "swap",
            "scene": str(path),
            "output": str(output),
            "mappings": mappings,
            "options": options,
        }

    def _run(
        self, file: Hostile, name: str, job: dict[str, Any], timeout_s: float
    ) -> tuple[Outcome, dict[str, Any] | None]:
        started = time.monotonic()
        answer, told = None, ""

        def enough() -> bool:
            return name != "probe" and time.monotonic() - started > ENOUGH_S

        try:
            answer = self._host.run(job, timeout_s=timeout_s, stall_s=STALL_S, should_stop=enough)
            ended = "ok"
        except Canceled as error:
            ended, told = "stopped", error.message
        except TaskFailed as error:
            told = error.message
            ended = "child died" if "died" in told else "timed out"
            if not ("died" in told or "longer than" in told or "no progress" in told):
                ended = f"refused: {error.code}"
        except PersonaeError as error:
            ended, told = f"refused: {error.code}", error.message
        return Outcome(file, ended, name, time.monotonic() - started, told), answer

    def _try_whole(self, after: Hostile) -> None:
        for _ in range(2):
            try:
                self._host.run({"op": "probe", "path": str(self._whole)}, timeout_s=60.0)
            except PersonaeError as error:
                self.report.lost.append(f"after {after.name}: {error.message}")


def _peak(pids: Sequence[int]) -> int:
    """The most memory that any of these processes has ever held; 0 where nobody tells."""
    most = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as file:
                told = next((line for line in file if line.startswith("VmHWM:")), "VmHWM: 0")
        except OSError:
            continue
        most = max(most, int(told.split()[1]) * 1024)
    return most

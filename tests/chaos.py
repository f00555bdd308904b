"""Kill workers and submitters at random while tasks run, then count: nothing lost, nothing twice.

As a script: ``python chaos.py URL FOLDER SECONDS [SEED]`` prints a JSON report.
"""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personae.adapters.durable import names
from personae.app.outputs import WORK
from personae.domain.tasks import Task
from personae.errors import Conflict
from service_lab import Lab, kill, lab

CREDITS = 1_000_000


@dataclass
class Report:
    """What happened; ``wrong`` is empty when all is well."""

    kills_of_workers: int = 0
    kills_of_submitters: int = 0
    tasks: int = 0
    succeeded: int = 0
    canceled: int = 0
    videos: int = 0
    pieces: int = 0
    pieces_begun: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scenes:
    """A tenant and its media; every output of a kind must have the same bytes."""

    tenant: str
    donor: str
    still: str
    clip: str

    def submit(self, lab: Lab, dice: random.Random, media: str | None = None) -> Task:
        kind = media or dice.choice(["image", "image", "image", "video"])
        scene = self.clip if kind == "video" else self.still
        priority = dice.choice(["high", "normal", "low"])
        return lab.submit(self.tenant, kind, scene, self.donor, priority=priority)  # pyright: ignore[reportArgumentType]


def chaos(
    lab: Lab,
    seconds: float,
    *,
    workers: int = 3,
    submitters: int = 2,
    seed: int = 1,
    kill_every_s: float = 1.0,
    pause_s: float = 0.3,
) -> Report:
    """Submit, kill, cancel for some seconds; then let everything finish and look at the books.

    Parameters
    ----------
    kill_every_s : float, seconds
        A worker dies so often, a submitter half as often; each is replaced at once.
    pause_s : float, seconds
        Between two tasks of one submitter, on average.
    """
    dice = random.Random(seed)
    report, started = Report(), time.monotonic()
    scenes = [_scenes(lab, number) for number in range(2)]
    for _ in range(workers):
        lab.start_worker()
    twins = {
        (one.tenant, kind): one.submit(lab, dice, kind)
        for one in scenes
        for kind in ("image", "video")
    }
    lab.wait([task.id for task in twins.values()], 60)
    expected = {key: lab.output(lab.task(task.id)) for key, task in twins.items()}
    crowd = _Submitters(lab, scenes, submitters, pause_s)
    end = time.monotonic() + seconds
    next_kill = time.monotonic() + kill_every_s
    while time.monotonic() < end:
        time.sleep(0.1)
        if dice.random() < 0.05:
            _cancel_one(lab, dice, scenes)
        if time.monotonic() >= next_kill:
            next_kill = time.monotonic() + kill_every_s * dice.uniform(0.5, 1.5)
            # Only what has begun: the time that Python takes to start is no fault.
            if ready := lab.ready_workers():
                kill(dice.choice(ready))
                lab.start_worker()
                report.kills_of_workers += 1
            if dice.random() < 0.5:
                report.kills_of_submitters += crowd.kill_one(dice)
    acknowledged = crowd.stop()
    found = {task.id: task for one in scenes for task in _all_tasks(lab, one.tenant)}
    report.wrong += [f"{one} was lost" for one in acknowledged if one not in found]
    lab.wait(list(found), 60 + 6 * seconds)
    _look(lab, scenes, expected, report)
    report.seconds = round(time.monotonic() - started, 1)
    return report


class _Submitters:
    """Processes that submit and write down what they were promised."""

    def __init__(self, lab: Lab, scenes: list[Scenes], count: int, pause_s: float) -> None:
        self._lab = lab
        self._scenes = json.dumps([vars(one) for one in scenes])
        self._pause_s = pause_s
        self._started = 0
        self._running = [self._start() for _ in range(count)]

    def kill_one(self, dice: random.Random) -> bool:
        """Kill one that has submitted something, if there is one."""
        place = dice.randrange(len(self._running))
        one, acks = self._running[place]
        if not acks.exists() or not acks.stat().st_size:
            return False
        kill(one)
        self._running[place] = self._start()
        return True

    def stop(self) -> list[str]:
        """The tasks that were acknowledged."""
        for one, _ in self._running:
            kill(one)
        promised = [path.read_text() for path in self._lab.folder.glob("acks-*.txt")]
        # A line that was cut off by a kill was never given to anybody.
        return [line for text in promised for line in text.split("\n")[:-1]]

    def _start(self) -> tuple[subprocess.Popen[bytes], Path]:
        self._started += 1
        acks = self._lab.folder / f"acks-{self._started}.txt"
        told = [self._lab.url, str(self._lab.folder), self._scenes, str(acks)]
        rest = [str(self._started), str(self._pause_s)]
        command = [sys.executable, __file__, "submit", *told, *rest]
        return subprocess.Popen(command), acks


def _submit_until_killed(
    url: str, folder: str, scenes: str, acks: str, seed: str, pause_s: str
) -> None:
    dice = random.Random(int(seed))
    choices = [Scenes(**one) for one in json.loads(scenes)]
    with lab(url, Path(folder), migrates=False) as service, Path(acks).open("w") as promised:
        while True:
            task = dice.choice(choices).submit(service, dice)
            promised.write(f"{task.id}\n")
            promised.flush()
            time.sleep(dice.uniform(0, 2 * float(pause_s)))


def _scenes(lab: Lab, number: int) -> Scenes:
    tenant = lab.tenant(f"tenant {number}", CREDITS)
    return Scenes(
        tenant,
        lab.asset(tenant),
        lab.asset(tenant, sleep_s=0.1),
        lab.asset(tenant, "video/mp4", duration_s=float(4 + 2 * number), sleep_s=0.15),
    )


def _all_tasks(lab: Lab, tenant: str) -> Iterator[Task]:
    after: str | None = None
    while True:
        page = lab.database.read(
            lambda tx, after=after: tx.tasks.page(tenant, kinds=(), after=after, limit=100)
        )
        yield from page.items
        after = page.next_after
        if after is None:
            return


def _cancel_one(lab: Lab, dice: random.Random, scenes: list[Scenes]) -> None:
    tenant = dice.choice(scenes).tenant
    page = lab.database.read(
        lambda tx: tx.tasks.page(
            tenant, kinds=(), statuses=("queued", "running"), after=None, limit=20
        )
    )
    if page.items:
        with contextlib.suppress(Conflict):  # It was just done.
            lab.cancel(dice.choice(page.items))


def _look(
    lab: Lab, scenes: list[Scenes], expected: dict[tuple[str, str], bytes], report: Report
) -> None:
    """Compare rows, books and bytes with what should be there."""
    wrong = report.wrong
    for one in scenes:
        charged = 0
        for task in _all_tasks(lab, one.tenant):
            report.tasks += 1
            charged += task.credits_charged
            kind = "video" if task.kind == "swap_video" else "image"
            made = lab.database.read(lambda tx, task=task: tx.assets.of_task(task.id))
            if task.status == "succeeded":
                report.succeeded += 1
                report.videos += kind == "video"
                if task.credits_charged != task.credits_held:
                    wrong.append(f"{task.id} was charged {task.credits_charged}")
                if len(made) != 1 or lab.output(task) != expected[one.tenant, kind]:
                    wrong.append(f"{task.id}: {len(made)} outputs, or not the right bytes")
            elif task.status == "canceled":
                report.canceled += 1
                if made or task.credits_charged:
                    wrong.append(f"{task.id} was canceled, yet there is something of it")
            else:
                wrong.append(f"{task.id} ended {task.status}: {task.error}")
        balance = lab.database.read(lambda tx, one=one: tx.credits.balance(one.tenant))
        told = (balance.available, balance.held, balance.spent)
        if told != (CREDITS - charged, 0, charged):
            wrong.append(f"{one.tenant} has {told} after {charged} credits were charged")
    wrong += lab.audit()
    pieces = lab.work.attempts(names.RUN_PIECE)
    report.pieces, report.pieces_begun = len(pieces), sum(pieces)
    if rest := _wait_for_sweep(lab):
        wrong.append(f"working files left: {rest[:3]}")


def _wait_for_sweep(lab: Lab, timeout_s: float = 60.0) -> list[str]:
    deadline = time.monotonic() + timeout_s
    while (rest := lab.blobs.list_keys(WORK, time.time() + 9)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return rest


def _main(url: str, folder: str, seconds: str, seed: str = "1") -> None:
    with lab(url, Path(folder)) as one:
        report: dict[str, Any] = vars(chaos(one, float(seconds), seed=int(seed)))
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    if sys.argv[1] == "submit":
        _submit_until_killed(*sys.argv[2:])
    else:
        _main(*sys.argv[1:])

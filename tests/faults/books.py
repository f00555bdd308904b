"""After the attack: every row, every credit, every byte, every event, and what lies about."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from faults.clients import FINAL, Client, Memory
from faults.receiver import Receiver
from personae.adapters.database import tables
from personae.adapters.durable import names
from personae.adapters.durable.engines import durable_engine
from personae.app import accounts, audit_reading
from personae.app.outputs import WORK
from personae.app.ports import Blobs, Transaction
from personae.app.reconcile import Reconciler
from personae.hosting import wiring
from personae.hosting.settings import Settings

_ONCE = ("task.submit", "task.end", "task.cancel")
"""Of these lines each task has the first and one of the others."""
_LATER_S = 7 * 3600.0
"""By then the hourly sweep may take bytes that no row names."""
_YESTERDAY_S = 25 * 3600.0


@dataclass
class Found:
    """Counts, and what is not as it should be (empty lists when all is well)."""

    statuses: dict[str, int] = field(default_factory=dict)
    videos: int = 0
    pieces: int = 0
    pieces_begun: int = 0
    events: int = 0
    repeats: int = 0
    swept_files: int = 0
    swept_outputs: int = 0
    lost: list[str] = field(default_factory=list)
    charged: list[str] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)
    bytes: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)


class Books:
    """Looks into a service's database and storage from outside."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened = wiring.open_service(settings)
        self._engine = durable_engine(settings.database, pool_size=2)
        self.blobs: Blobs = wiring.storage(settings)
        self.found = Found()

    def close(self) -> None:
        self._engine.dispose()
        self._opened.close()

    def make_key(self, tenant: str, credits: int) -> str:
        """An API key of a new tenant who has some credits."""
        now = time.time()

        def work(tx: Transaction) -> str:
            made = accounts.create_tenant(tx, tenant, now)
            accounts.grant(tx, made.id, credits, key=f"grant:{made.id}", note=None, now=now)
            return accounts.issue_key(tx, made.id, name="key", now=now).key

        return self._opened.database.write(work)

    # --- Waiting for the end

    def wait_until_drained(self, timeout_s: float) -> list[str]:
        """Until nothing is under way; what still is when the time is over."""
        deadline = time.monotonic() + timeout_s
        while (left := self._under_way()) and time.monotonic() < deadline:
            time.sleep(0.3)
        return left

    def wait_for_sweep(self, timeout_s: float) -> None:
        """Until the workers themselves have swept the working files, if they do it in time."""
        deadline = time.monotonic() + timeout_s
        while self.blobs.list_keys(WORK, time.time() + 9) and time.monotonic() < deadline:
            time.sleep(0.5)

    def _under_way(self) -> list[str]:
        tasks = self._rows(sa.select(tables.tasks.c.id, tables.tasks.c.status))
        deliveries = self._rows(sa.select(tables.deliveries.c.id, tables.deliveries.c.status))
        left = [f"{one['id']} is {one['status']}" for one in tasks if one["status"] not in FINAL]
        left += [f"{one['id']} is pending" for one in deliveries if one["status"] == "pending"]
        if left:
            return left
        states = self._opened.work.states([one["id"] for one in tasks])
        return [
            f"the workflow of {name} is {state}"
            for name, state in states.items()
            if state in ("waiting", "running")
        ]

    # --- The look

    def look(self, memory: Memory, hooks: Receiver, client: Callable[[str], Client]) -> Found:
        """Everything; `client` makes one of an account's name."""
        tasks = {one["id"]: one for one in self._rows(sa.select(tables.tasks))}
        self._promises(memory, tasks)
        self._credits(tasks)
        self._outputs(memory, tasks, client)
        self._events(tasks, hooks)
        self._pieces()
        return self.found

    def _promises(self, memory: Memory, tasks: dict[str, dict[str, Any]]) -> None:
        """One task for each key that was acknowledged, one at most for each that was not."""
        found, lost = self.found, self.found.lost
        by_label = defaultdict(list[str])
        for one in tasks.values():
            by_label[one["label"]].append(one["id"])
        keys = {one["key"]: one["resource_id"] for one in self._rows(sa.select(tables.idempotency))}
        for label, promise in memory.promises.items():
            made = by_label.pop(label, [])
            if len(made) > 1 or (promise.task_id is not None and made != [promise.task_id]):
                lost.append(f"{promise.task_id} was promised, there is {made}")
            if [keys.get(label)] != (made or [None]):
                lost.append(f"the key of {made} leads to {keys.get(label)}")
            for task_id in made:
                self._ending(promise.kind, tasks[task_id], promise.canceled)
        lost += [f"{made} belong to nobody" for made in by_label.values()]
        found.videos = sum(
            one["kind"] == "swap_video" and one["status"] == "succeeded" for one in tasks.values()
        )

    def _ending(self, kind: str, task: dict[str, Any], canceled: bool) -> None:
        status, error = task["status"], task["error"]
        self.found.statuses[status] = self.found.statuses.get(status, 0) + 1
        expected = {"canceled", "failed" if kind == "nobody" else "succeeded"}
        code = error["code"] if error else None
        if status not in expected or (status == "failed" and code != "face_not_found"):
            self.found.lost.append(f"{task['id']} ({kind}) ended {status}: {error}")
        if canceled and status != "canceled":
            self.found.lost.append(f"{task['id']} was said to be canceled, and is {status}")

    def _credits(self, tasks: dict[str, dict[str, Any]]) -> None:
        """Each task held once, and charged once or released once; the books sum to nothing."""
        found = self.found
        moved: defaultdict[str, Counter[str]] = defaultdict(Counter)
        entries = self._rows(sa.select(tables.ledger_entries))
        for one in entries:
            if one["side"] == 1 and one["task_id"] is not None:
                moved[one["task_id"]][one["kind"]] += one["amount"]
                moved[one["task_id"]][f"{one['kind']}s"] += 1
        for task in tasks.values():
            was, held = moved[task["id"]], task["credits_held"]
            due = held if task["status"] == "succeeded" else 0
            told = (was["hold"], was["settle"], was["release"], task["credits_charged"])
            times = (was["settles"], was["releases"])
            if told != (held, due, held - due, due) or times != (int(due > 0), int(due == 0)):
                found.charged.append(f"{task['id']} ({task['status']}): {dict(was)}")
        if total := sum(one["amount"] for one in entries):
            found.ledger.append(f"the entries sum to {total}")
        for one in self._rows(sa.select(tables.accounts)):
            if one["held"]:
                found.ledger.append(f"{one['tenant_id']} still has {one['held']} held")
        found.ledger += self._opened.database.read(lambda tx: tx.credits.audit())
        found.ledger += self._audit_log(tasks)

    def _audit_log(self, tasks: dict[str, dict[str, Any]]) -> list[str]:
        """The log is one whole chain, and has one beginning and one end of each task."""
        faults = list(self._opened.database.read(audit_reading.verify).faults)
        told: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for one in self._rows(sa.select(tables.audit)):
            told[one["subject"]][one["action"]] += 1
        for task_id, task in tasks.items():
            ended = "task.cancel" if task["status"] == "canceled" else "task.end"
            was = {name: told[task_id][name] for name in _ONCE if told[task_id][name]}
            if was != {"task.submit": 1, ended: 1}:
                faults.append(f"{task_id} ({task['status']}) has the lines {was}")
        return faults

    def _outputs(
        self, memory: Memory, tasks: dict[str, dict[str, Any]], client: Callable[[str], Client]
    ) -> None:
        """Each task that succeeded has one output, with the bytes of its undisturbed twin."""
        made: defaultdict[str, int] = defaultdict(int)
        for one in self._rows(sa.select(tables.assets).where(tables.assets.c.role == "output")):
            made[one["task_id"]] += 1
        for task in tasks.values():
            if made[task["id"]] != (task["status"] == "succeeded"):
                self.found.bytes.append(f"{task['id']} has {made[task['id']]} outputs")
        clients: dict[str, Client] = {}
        for promise in memory.promises.values():
            task_id = promise.task_id
            if task_id is None or tasks.get(task_id, {}).get("status") != "succeeded":
                continue
            account = promise.account
            asking = clients.setdefault(account.name, client(account.name))
            if asking.output(asking.wait(task_id, 0)) != account.twins[promise.kind]:
                self.found.bytes.append(f"{task_id} ({promise.kind}) differs from its twin")
            if tasks[task_id]["credits_charged"] != account.prices[promise.kind]:
                self.found.charged.append(f"{task_id} has another price than its twin")

    def _events(self, tasks: dict[str, dict[str, Any]], hooks: Receiver) -> None:
        """Each finished task was told of: one event, at least once, signed."""
        told: defaultdict[str, list[str]] = defaultdict(list)
        for event_id, body in hooks.events.items():
            told[body["data"]["id"]].append(event_id)
            status = tasks.get(body["data"]["id"], {}).get("status")
            if body["type"] != f"task.{status}":
                self.found.untold.append(f"{body['type']} of {body['data']['id']}, is {status}")
        for task_id in tasks:
            if len(told[task_id]) != 1:
                self.found.untold.append(f"{task_id} has the events {told[task_id]}")
        if hooks.forged:
            self.found.untold.append(f"{hooks.forged} events were signed wrongly")
        self.found.events = len(hooks.arrivals)
        self.found.repeats = sum(hooks.arrivals.values()) - len(hooks.arrivals)

    def _pieces(self) -> None:
        attempts = self._opened.work.attempts(names.RUN_PIECE)
        self.found.pieces, self.found.pieces_begun = len(attempts), sum(attempts)

    # --- What lies about, once every process has ended

    def look_for_leftovers(self) -> None:
        """Files of killed processes: what a sweep some hours later would not take either."""
        left = self.found.leftovers
        reconciler = Reconciler(
            self._opened.database, self.blobs, self._opened.work, lambda: time.time() + _LATER_S
        )
        self.found.swept_files += reconciler.delete_working_files()
        self.found.swept_outputs += reconciler.delete_orphans()
        self._forget_parts()
        kept = self._rows(sa.select(tables.assets.c.blob_key, tables.assets.c.state))
        needed = {one["blob_key"] for one in kept if one["state"] == "ready"}
        there = set(self.blobs.list_keys("", time.time() + 9))
        left += [f"the file {key} belongs to nobody" for key in sorted(there - needed)]
        self.found.bytes += [f"the file {key} is gone" for key in sorted(needed - there)]
        left += [f"scratch: {path.name}" for path in sorted(self._settings.work_dir.glob("*"))]
        if at_work := self._opened.work.executors_at_work():
            left.append(f"workers that are gone have work in hand: {sorted(at_work)}")

    def _forget_parts(self) -> None:
        """Make half-written files a day old and open the storage again, which removes those."""
        parts = self._settings.data_dir / "blobs" / ".parts"
        if not parts.is_dir():
            return
        for path in parts.iterdir():
            self.found.swept_files += 1
            os.utime(path, (time.time() - _YESTERDAY_S,) * 2)
        wiring.storage(self._settings)
        self.found.leftovers += [f"half a file: {path.name}" for path in parts.iterdir()]

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

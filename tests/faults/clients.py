"""Clients of a service under attack: they submit, repeat, cancel and ask, whatever breaks."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from faults.media import Media

KINDS = ("image", "video", "nobody")
FINAL = ("succeeded", "failed", "canceled")
_BUSY = (502, 503, 504)
_PATIENCE_S = 90.0


class Broken(Exception):
    """A connection broke, and the client had no mind to try again."""


@dataclass
class Account:
    """A tenant: its key, what it uploaded, and what became of its first, undisturbed tasks."""

    name: str
    key: str
    media: Media
    donor: str = ""
    scenes: dict[str, str] = field(default_factory=dict)
    twins: dict[str, bytes] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)

    def wanted(self, kind: str, label: str, priority: str) -> dict[str, Any]:
        """The body of a submit."""
        mapping = {"donor": {"photos": [{"asset_id": self.donor}]}, "scene_face": {"by": "largest"}}
        return {
            "media": "video" if kind == "video" else "image",
            "scene": {"asset_id": self.scenes[kind]},
            "mappings": [mapping],
            "label": label,
            "priority": priority,
        }


@dataclass
class Promise:
    """A submit: what was asked, and which task it is, if an API said so."""

    account: Account
    kind: str
    task_id: str | None = None
    canceled: bool = False


@dataclass
class Memory:
    """What all clients remember; a promise's name is its idempotency key and its task's label."""

    promises: dict[str, Promise] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    broken: int = 0
    hung_up: int = 0
    replayed_after_break: int = 0
    posting: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def submitting(self) -> Iterator[None]:
        """While a submit is on its way; whoever kills may wait for that."""
        with self.lock:
            self.posting += 1
        try:
            yield
        finally:
            with self.lock:
                self.posting -= 1


class Client:
    """One client of one account; not for several threads."""

    def __init__(self, urls: list[str], account: Account, memory: Memory, seed: int) -> None:
        self.account = account
        self._urls = urls
        self._memory = memory
        self._breaks = 0
        self._dice = random.Random(seed)
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {account.key}"}, timeout=30, trust_env=False
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # --- Requests that go on until an API answers

    def ask(
        self,
        method: str,
        path: str,
        *,
        tries_s: float = _PATIENCE_S,
        first_s: float | None = None,
        **rest: Any,
    ) -> Any:
        """The answer of whichever API gives one; a body in `rest` must be repeatable.

        ``first_s``: how long the first try waits for its answer before it hangs up.
        """
        deadline = time.monotonic() + tries_s
        patience = httpx.Timeout(30, read=first_s if first_s is not None else 30)
        while True:
            url = f"{self._dice.choice(self._urls)}/native/v1{path}"
            try:
                answer = self._http.request(method, url, timeout=patience, **rest)
            except httpx.TransportError as error:
                self._note(error)
                patience = httpx.Timeout(30)
                if time.monotonic() > deadline:
                    raise Broken from error
            else:
                if answer.status_code not in _BUSY:
                    if answer.status_code >= 500:
                        self._memory.wrong.append(f"{method} {path}: {answer.text}")
                    return answer
            time.sleep(self._dice.uniform(0.02, 0.2))

    def _note(self, error: httpx.TransportError) -> None:
        """Count requests that may have been done, although nobody heard so."""
        if isinstance(error, httpx.ConnectError):
            return
        self._breaks += 1
        with self._memory.lock:
            if isinstance(error, httpx.ReadTimeout):
                self._memory.hung_up += 1
            else:
                self._memory.broken += 1

    def upload(self, path: Path) -> str:
        """A file as an asset; its id."""
        data = path.read_bytes()
        answer = self.ask("POST", "/assets", files={"file": (path.name, data)})
        if answer.status_code != 201:
            raise RuntimeError(f"{path.name} was not taken: {answer.text}")
        return str(answer.json()["id"])

    def submit(self, kind: str, *, faithful: bool = True, twice: bool = False) -> str | None:
        """Submit under a fresh key until it is acknowledged; the task's id.

        Parameters
        ----------
        faithful : bool
            Else the first broken connection is the end of it, and nobody knows what became of it.
        twice : bool
            The same request at two places at the same moment, as an impatient proxy does.
        """
        label = uuid.uuid4().hex
        promise = self._memory.promises[label] = Promise(self.account, kind)
        priority = self._dice.choice(["high", "normal", "normal", "low"])
        body = self.account.wanted(kind, label, priority)
        rest: dict[str, Any] = {"json": body, "headers": {"Idempotency-Key": label}}
        if self._dice.random() < 0.2:
            rest["first_s"] = self._dice.uniform(0.001, 0.06)
        breaks = self._breaks
        with self._memory.submitting():
            if twice:
                answers = self._at_once(lambda: self.ask("POST", "/swaps", **rest))
            else:
                tries_s = _PATIENCE_S if faithful else 0.0
                try:
                    answers = [self.ask("POST", "/swaps", tries_s=tries_s, **rest)]
                except Broken:
                    return None
        names: set[str] = set()
        for answer in answers:
            if answer.status_code != 202:
                self._memory.wrong.append(f"a submit was refused: {answer.text}")
                return None
            names.add(str(answer.json()["id"]))
        promise.task_id = min(names)
        if len(names) > 1:
            self._memory.wrong.append(f"one key, several tasks: {sorted(names)}")
        replayed = "idempotency-replayed" in answers[0].headers
        if not twice and replayed and self._breaks > breaks:
            with self._memory.lock:
                self._memory.replayed_after_break += 1
        return promise.task_id

    def wait(self, task_id: str, timeout_s: float) -> dict[str, Any]:
        """The task, once it is final or the time is over."""
        deadline = time.monotonic() + timeout_s
        while True:
            left_s = max(0.0, min(5.0, deadline - time.monotonic()))
            answer = self.ask("GET", f"/swaps/{task_id}", params={"wait": round(left_s, 1)})
            if answer.status_code != 200:
                self._memory.wrong.append(f"{task_id} was promised, then: {answer.text}")
                return {"id": task_id, "status": "lost"}
            task = answer.json()
            if task["status"] in FINAL or time.monotonic() > deadline:
                return task

    def cancel(self, task_id: str) -> bool:
        """Whether an API said that it is canceled now."""
        answer = self.ask("POST", f"/swaps/{task_id}/cancel")
        if answer.status_code not in (200, 409):
            self._memory.wrong.append(f"cancel of {task_id}: {answer.text}")
        return answer.status_code == 200

    def output(self, task: dict[str, Any]) -> bytes:
        """The bytes of a task's only output, from where it says that they are."""
        (made,) = task["result"]["outputs"]
        return self._http.get(made["url"], headers={"Authorization": ""}).raise_for_status().content

    # --- A client's life

    def live(self, until: float, pause_s: float, videos: float) -> None:
        """Do what clients do, until a moment of the monotonic clock."""
        while time.monotonic() < until:
            dice = self._dice
            kind = "video" if dice.random() < videos else "image"
            if kind == "image" and dice.random() < 0.08:
                kind = "nobody"
            if dice.random() < 0.1:
                self.upload(self.account.media.donor)
            task_id = self.submit(kind, faithful=dice.random() > 0.1, twice=dice.random() < 0.15)
            if task_id is not None:
                self._care(task_id)
            time.sleep(dice.uniform(0, 2 * pause_s))

    def _care(self, task_id: str) -> None:
        mood = self._dice.random()
        if mood < 0.15:
            time.sleep(self._dice.uniform(0, 1.5))
            if self.cancel(task_id):
                self._promise_of(task_id).canceled = True
        elif mood < 0.5:
            self.wait(task_id, self._dice.uniform(0, 4))

    def _promise_of(self, task_id: str) -> Promise:
        return next(one for one in list(self._memory.promises.values()) if one.task_id == task_id)

    def _at_once(self, ask: Callable[[], Any]) -> list[Any]:
        with ThreadPoolExecutor(2) as pool:
            return [one.result() for one in [pool.submit(ask), pool.submit(ask)]]

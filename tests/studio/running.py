"""The service as its users start it, and a client to prepare what the browser then looks at."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

READY_S = 60.0
DONE_S = 90.0
_ENDED = ("succeeded", "failed", "canceled")


@dataclass
class Running:
    """A running `personae serve` on a data folder of its own."""

    process: subprocess.Popen[bytes]
    data: Path
    url: str
    key: str
    welcome: str
    """The link that signs in with the first key, once."""
    _operator: str = ""

    def api(self, key: str | None = None) -> Api:
        """Calls with the first key, or another."""
        return Api(self.url, key or self.key)

    def kill(self) -> None:
        """As a machine that loses power."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    def start_again(self) -> None:
        """At the same address."""
        (self.data / "url").unlink(missing_ok=True)
        self.process = _begin(self.data, self.url.rsplit(":", 1)[1])
        _wait(self.process, self.data)

    def operator_key(self) -> str:
        """A key for the operator's places, made when it is first asked for."""
        if not self._operator:
            self._operator = self._made("create-operator")
        return self._operator

    def keys(self, *more: str) -> str:
        """A key that `personae keys create` makes."""
        return self._made("create", *more)

    def _made(self, *words: str) -> str:
        command = [sys.executable, "-m", "personae", "keys", *words]
        done = subprocess.run(
            [*command, "--data", str(self.data)],
            env=_environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        found = re.search(r"pk_[\w-]+", done.stdout)
        assert found, done.stdout
        return found[0]


def start(data: Path) -> Running:
    """Start it, and read what it prints."""
    process = _begin(data, "0")
    url = _wait(process, data)
    printed = (data / "service.log").read_text(errors="replace")
    key, welcome = re.search(r"pk_[\w-]+", printed), re.search(r"http\S+#welcome=\S+", printed)
    assert key, printed[-3000:]
    assert welcome, printed[-3000:]
    return Running(process, data, url, key[0], welcome[0])


def _environment() -> dict[str, str]:
    return {**os.environ, "PERSONAE_CHUNK_S": "1", "PERSONAE_GRACE_S": "2"}


def _begin(data: Path, port: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "personae", "serve", "--port", port, "--data", str(data)]
    with (data / "service.log").open("ab") as log:
        return subprocess.Popen(command, env=_environment(), stdout=log, stderr=log)


def _wait(process: subprocess.Popen[bytes], data: Path) -> str:
    ends = time.monotonic() + READY_S
    while time.monotonic() < ends and process.poll() is None:
        file = data / "url"
        if file.exists():
            url = file.read_text().strip()
            try:
                if httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200:
                    return url
            except httpx.TransportError:
                pass
        time.sleep(0.05)
    process.kill()
    raise AssertionError((data / "service.log").read_text(errors="replace")[-3000:])


class Api:
    """The native API."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(
            base_url=f"{url}/native/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
            trust_env=False,
        )

    def call(self, method: str, path: str, **more: Any) -> Any:
        """The answer's JSON; None if it is empty."""
        answer = self._client.request(method, path, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def upload(self, path: Path, content_type: str, name: str | None = None) -> str:
        """Put a file there; the asset's id."""
        body = path.read_bytes()
        wanted = {
            "content_type": content_type,
            "size_bytes": len(body),
            "filename": name or path.name,
        }
        told = self.call("POST", "/assets/uploads", json=wanted)
        put = httpx.put(told["url"], content=body, headers=told["headers"], trust_env=False)
        assert put.is_success, put.text
        return str(self.call("POST", f"/assets/{told['asset']['id']}/complete")["id"])

    def swap(self, media: str, scene: str, donor: str, **more: Any) -> str:
        """Submit a swap of two assets; the task's id."""
        mapping = {"donor": {"photos": [{"asset_id": donor}]}, **more.pop("mapping", {})}
        body = {"media": media, "scene": {"asset_id": scene}, "mappings": [mapping], **more}
        return str(self.call("POST", "/swaps", json=body)["id"])

    def ended(self, task_id: str) -> dict[str, Any]:
        """The task when it has ended."""
        ends = time.monotonic() + DONE_S
        while time.monotonic() < ends:
            task = self.call("GET", f"/swaps/{task_id}", params={"wait": 20})
            if task["status"] in _ENDED:
                return task
        raise AssertionError(f"{task_id} did not end")

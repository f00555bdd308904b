"""Start the service, swap a picture and a video through its HTTP API, and stop it.

    personae demo -o FOLDER && python examples/demo_service.py FOLDER

It uses the portraits and the clip that `personae demo` leaves in its folder; `make demo` runs both.
Nothing leaves this machine; the service keeps its database and files in a folder that is removed at
the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

OUT = Path(sys.argv[1] if len(sys.argv) > 1 else "personae-demo")
READY_S = 60
TASK_S = 300


def main() -> int:
    """Run the whole story."""
    with tempfile.TemporaryDirectory(prefix="personae-demo-") as data:
        log = Path(data) / "service.log"
        with log.open("wb") as sink:
            service = subprocess.Popen(
                [sys.executable, "-m", "personae", "serve", "--port", "0", "--data", data],
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
            try:
                url = _wait_until_ready(Path(data) / "url", service, log)
                key = _make_key(data)
                print(f"\nThe service runs at {url}")
                with httpx.Client(
                    base_url=f"{url}/native/v1",
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=60,
                ) as client:
                    donor = _upload(client, OUT / "hopper.jpg")
                    _swap(client, donor, OUT / "collins.png", OUT / "service_picture.png")
                    _swap(client, donor, OUT / "clip_scene.mp4", OUT / "service_clip.mp4")
                    balance = client.get("/account").raise_for_status().json()
                print(f"  the account afterwards: {json.dumps(balance['balance'])}")
            finally:
                service.terminate()
                service.wait(60)
    print("  the service is stopped")
    return 0


def _wait_until_ready(file: Path, service: subprocess.Popen[bytes], log: Path) -> str:
    """The service's address, once `/readyz` answers 200."""
    ends = time.monotonic() + READY_S
    while time.monotonic() < ends:
        if service.poll() is not None:
            break
        if file.exists():
            url = file.read_text().strip()
            try:
                if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                    return url
            except httpx.TransportError:
                pass
        time.sleep(0.1)
    sys.exit(f"The service did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _make_key(data: str) -> str:
    command = [sys.executable, "-m", "personae", "keys", "create", "--tenant", "demo"]
    command += ["--credits", "100", "--data", data, "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return str(json.loads(done.stdout)["key"])


def _upload(client: httpx.Client, path: Path) -> str:
    with path.open("rb") as file:
        answer = client.post("/assets", files={"file": (path.name, file)})
    return str(answer.raise_for_status().json()["id"])


def _swap(client: httpx.Client, donor: str, scene: Path, output: Path) -> None:
    """Upload a scene, post a swap, follow it to its end, download the output."""
    started = time.perf_counter()
    wanted: dict[str, Any] = {
        "scene": {"asset_id": _upload(client, scene)},
        "mappings": [{"donor": {"photos": [{"asset_id": donor}]}, "scene_face": {"by": "all"}}],
        "media": "video" if scene.suffix == ".mp4" else "image",
    }
    price = client.post("/swaps/estimate", json=wanted).raise_for_status().json()["credits"]
    task = client.post("/swaps", json=wanted).raise_for_status().json()
    ends = time.monotonic() + TASK_S
    while task["status"] in ("queued", "running"):
        if time.monotonic() > ends:
            sys.exit(f"{task['id']} took longer than {TASK_S} s")
        time.sleep(0.05)
        task = client.get(f"/swaps/{task['id']}").raise_for_status().json()
    if task["status"] != "succeeded":
        sys.exit(f"{task['id']} {task['status']}: {task['error']}")
    made = task["result"]["outputs"][0]
    output.write_bytes(httpx.get(made["url"]).raise_for_status().content)
    seconds = time.perf_counter() - started
    print(f"  {f'over HTTP: {scene.name}, {price} credits':<50} {seconds:6.2f} s   {output}")


if __name__ == "__main__":
    sys.exit(main())

"""Takedowns in the service as its users start it: commands, calls, links, and every byte."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image

import clips
from e2e.test_service import Service, finished, start, until, upload, wanted
from faces import SIZE_WH, nodding, portrait

FRAMES = 400
MINUTE_S = 60.0


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {**os.environ, "PERSONAE_CHUNK_S": "1", "PERSONAE_GRACE_S": "2"}


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Service]:
    running = start(tmp_path_factory.mktemp("takedowns"), environment)
    yield running
    running.process.terminate()
    running.process.wait(60)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    Image.fromarray(portrait("hopper")).save(folder / "donor.jpg", quality=92)
    Image.fromarray(portrait("collins")).save(folder / "scene.png")
    clips.write_clip(
        folder / "scene.mp4",
        frames=FRAMES,
        size_wh=SIZE_WH,
        pictures=nodding("collins", FRAMES),
        options={"crf": "18", "preset": "ultrafast", "g": "25"},
    )
    return {one.name: one for one in folder.iterdir()}


@pytest.fixture
def command(service: Service, environment: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """Runs `personae` with arguments and gives its JSON."""

    def run(*arguments: str) -> dict[str, Any]:
        asked = [sys.executable, "-m", "personae", *arguments]
        asked += ["--data", str(service.data), "--json"]
        done = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    return run


def stored(service: Service) -> set[Path]:
    """Every file of clients in the storage."""
    return {one for one in (service.data / "blobs").rglob("*") if one.is_file()}


def scratch(service: Service) -> set[Path]:
    """Every file that processes have on their disk."""
    return {
        one for one in (service.data / "work").rglob("*") if one.is_file() and one.name != ".lock"
    }


def get(url: str) -> int:
    return httpx.get(url, trust_env=False).status_code


def test_a_finished_picture_goes_by_command(
    service: Service, media: dict[str, Path], command: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    with service.client() as client:
        before = stored(service)
        scene, donor = upload(client, media["scene.png"]), upload(client, media["donor.jpg"])
        face = client.post("/faces", json={"name": "Ann", "asset_ids": [donor]}).json()["id"]
        found = client.post(
            "/detections", json={"media": "image", "scene": {"asset_id": scene}}
        ).json()
        shot = client.post("/swaps/preview", json=wanted("image", scene, donor)).json()
        body = wanted("image", scene, donor) | {"output": {"stills": True}}
        task = finished(client, client.post("/swaps", json=body).json()["id"])
        links = [
            *(one["url"] for one in task["result"]["outputs"]),
            task["result"]["thumbnail"]["url"],
            *(client.get(f"/assets/{one}/url").json()["url"] for one in (scene, donor)),
        ]
        assert [get(url) for url in links] == [200] * len(links)
        (tmp_path / "output.png").write_bytes(httpx.get(links[0], trust_env=False).content)

        plan = command("admin", "takedown", links[0], "--reason", "x", "--dry-run")
        assert plan["tasks"][0] == task["id"]
        assert [get(url) for url in links] == [200] * len(links)

        told = command("admin", "takedown", task["id"], "--reason", "It shows me.")
        assert told["state"] == "done"
        assert told["new"]
        assert set(told["detail"]["tasks"]) == {task["id"], found["id"], shot["id"]}
        assert told["detail"]["faces"] == [face]
        assert [get(url) for url in links] == [404] * len(links)
        assert stored(service) == before
        for path in (f"/swaps/{task['id']}", f"/assets/{scene}", f"/faces/{face}"):
            assert client.get(path).status_code == 404, path
        assert client.get(f"/detections/{found['id']}").status_code == 404

        again = command("admin", "takedown", str(tmp_path / "output.png"), "--reason", "Again.")
        assert (again["new"], again["id"]) == (False, told["id"])
        for name in ("scene.png", "donor.jpg"):
            with media[name].open("rb") as file:
                refused = client.post("/assets", files={"file": (name, file)})
            assert (refused.status_code, refused.json()["code"]) == (403, "policy_refused")
        assert len(told["detail"]["blocked"]) == 4  # Inputs, output, preview.
        digest = hashlib.sha256(media["donor.jpg"].read_bytes()).hexdigest()
        command("admin", "unblock", digest)
        assert client.delete(f"/assets/{upload(client, media['donor.jpg'])}").status_code == 204
        listed = command("admin", "takedowns")["takedowns"]
        assert [one["id"] for one in listed] == [told["id"]]


def test_a_video_under_way_is_gone_within_the_minute(
    service: Service,
    media: dict[str, Path],
    environment: dict[str, str],
    command: Callable[..., dict[str, Any]],
) -> None:
    second = subprocess.Popen(
        [sys.executable, "-m", "personae", "worker", "--data", str(service.data)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    key = command("keys", "create-operator")["key"]
    operator = {"Authorization": f"Bearer {key}"}
    try:
        with service.client() as client:
            balance = client.get("/account").json()["balance"]
            before = stored(service)
            scene, donor = upload(client, media["scene.mp4"]), upload(client, media["donor.jpg"])
            links = [client.get(f"/assets/{one}/url").json()["url"] for one in (scene, donor)]
            task_id = client.post("/swaps", json=wanted("video", scene, donor)).json()["id"]
            copies = str(Path("worker-*", "work", "copies", task_id))
            scratch_dir = service.data / "work"
            assert until(lambda: len(list(scratch_dir.glob(copies))) == 2)
            assert until(lambda: any(one.name.startswith("r") for one in stored(service) - before))
            body = {"subject": task_id, "reason": "It shows me.", "block": False}
            asked = time.monotonic()
            answer = client.post("/admin/takedowns", json=body, headers=operator)
            assert answer.status_code == 202, answer.text
            told = answer.json()
            assert told["canceled"] == [task_id]
            assert [get(url) for url in links] == [404, 404]
            assert client.get(f"/swaps/{task_id}").status_code == 404
            assert client.get("/account").json()["balance"] == balance

            def done() -> bool:
                time.sleep(0.25)  # Whoever asks too often is refused.
                path = f"/admin/takedowns/{told['id']}"
                answer = client.get(path, headers=operator)
                assert answer.status_code == 200, answer.text
                return answer.json()["state"] == "done"

            assert until(done, MINUTE_S)
            assert until(lambda: not scratch(service), MINUTE_S)
            assert time.monotonic() - asked < MINUTE_S
            assert stored(service) == before
            # No child goes on with it either: whatever runs is idle.
            assert client.get("/takedowns").json()["items"] == []
    finally:
        second.terminate()
        second.wait(60)


def test_a_command_that_is_killed_is_carried_out_all_the_same(
    service: Service, media: dict[str, Path], environment: dict[str, str]
) -> None:
    with service.client() as client:
        before = stored(service)
        scene, donor = upload(client, media["scene.mp4"]), upload(client, media["donor.jpg"])
        task_id = client.post("/swaps", json=wanted("video", scene, donor)).json()["id"]
        assert until(lambda: client.get(f"/swaps/{task_id}").json()["status"] == "running")
        asked = [sys.executable, "-m", "personae", "admin", "takedown", task_id]
        asked += ["--reason", "x", "--no-block", "--data", str(service.data)]
        process = subprocess.Popen(asked, env=environment, stderr=subprocess.DEVNULL)
        assert until(lambda: client.get(f"/swaps/{task_id}").status_code == 404)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for pid in service.workers():
            psutil.Process(pid).send_signal(signal.SIGKILL)
        # Workers start anew and clear what the killed ones left, which takes them a while here.
        assert until(lambda: stored(service) == before, 2 * MINUTE_S)
        assert until(lambda: not scratch(service), 2 * MINUTE_S)

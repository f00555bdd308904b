"""Whole sessions of A2E's clients over real HTTP, through the real worker, with real faces."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

import personae
from clips import write_clip
from e2e.look import frames, is_nearer
from e2e.test_service import Service, start
from faces import SIZE_WH, headshot, nodding, portrait
from personae.check_client import a2e
from personae.check_client.media import made_in
from personae.check_client.receiver import Receiver
from personae.check_client.session import Credentials, Session

DONE_S = 120.0
FRAMES = 30


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {**os.environ, "PERSONAE_FETCH_ALLOW": "127.0.0.1", "PERSONAE_GRACE_S": "2"}
    running = start(tmp_path_factory.mktemp("a2e"), environment)
    yield running
    running.process.terminate()
    running.process.wait(60)


class Client:
    """Somebody else's program: a base URL and a token."""

    def __init__(self, service: Service) -> None:
        self.base = f"{service.url}/a2e/api/v1"
        self.headers = {"Authorization": f"Bearer {service.key}"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method,
            f"{self.base}/{path}",
            json=body,
            headers=self.headers,
            timeout=60,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["code"] == 0
        return answer.json()["data"]

    def ended(self, name: str) -> dict[str, Any]:
        ends = time.monotonic() + DONE_S
        while time.monotonic() < ends:
            [told] = self.call("GET", f"userFaceSwapTask/status?_id={name}")
            if told["current_status"] in ("completed", "failed"):
                return dict(self.call("GET", f"userFaceSwapTask/{name}"))
            time.sleep(0.2)
        raise AssertionError(f"{name} did not end within {DONE_S:.0f} s")


def saved(url: str, path: Path) -> Path:
    path.write_bytes(httpx.get(url, trust_env=False).raise_for_status().content)
    return path


def test_a_clients_whole_session_passes(service: Service, tmp_path: Path) -> None:
    with Receiver() as receiver:
        session = Session(
            f"{service.url}/a2e", Credentials(service.key), made_in(tmp_path), receiver
        )
        a2e.play(session)
        session.close()
    assert [(step.name, step.detail) for step in session.steps if step.state != "passed"] == []
    assert len(session.steps) > 20


def test_people_become_the_donor(service: Service, tmp_path: Path) -> None:
    Image.fromarray(headshot("hopper")).save(tmp_path / "donor.png")
    Image.fromarray(portrait("collins")).save(tmp_path / "scene.png")
    write_clip(
        tmp_path / "scene.mp4",
        frames=FRAMES,
        size_wh=SIZE_WH,
        pictures=nodding("collins", FRAMES),
        options={"crf": "16", "preset": "ultrafast"},
    )
    client, donor = Client(service), personae.prepare_donor(tmp_path / "donor.png")
    with Receiver() as site:
        donor_url = site.serve(tmp_path / "donor.png")
        [kept] = client.call("POST", "userFaceSwapImage/add", {"face_url": donor_url})
        made = {
            name: client.call(
                "POST",
                "userFaceSwapTask/add",
                {
                    "name": name,
                    "face_url": donor_url,
                    "video_url": site.serve(tmp_path / name),
                    "webhook_url": site.url,
                    "webhook_token": "ours",
                },
            )
            for name in ("scene.png", "scene.mp4")
        }
        rows = {name: client.ended(row["_id"]) for name, row in made.items()}
        shown = client.call(
            "POST",
            "userFaceSwapPreview/add",
            {"face_url": donor_url, "video_url": rows["scene.mp4"]["video_url"]},
        )
    for name, row in rows.items():
        assert row["current_status"] == "completed", row
        assert row["result_url"].partition("?")[0].endswith(Path(name).suffix)
    assert (rows["scene.png"]["duration"], rows["scene.mp4"]["duration"]) == (0, 1)
    assert shown["current_status"] == "initialized"
    picture = saved(rows["scene.png"]["result_url"], tmp_path / "out.png")
    assert is_nearer(picture, tmp_path / "scene.png", donor)
    before = frames(tmp_path / "scene.mp4")
    after = frames(saved(rows["scene.mp4"]["result_url"], tmp_path / "out.mp4"))
    assert len(after) == len(before) == FRAMES
    for number in (0, FRAMES // 2, FRAMES - 1):
        assert is_nearer(after[number].rgb, before[number].rgb, donor)
    client.call("DELETE", f"userFaceSwapImage/{kept['_id']}")


def test_failures_are_told_in_the_vendors_words_and_cost_nothing(
    service: Service, tmp_path: Path
) -> None:
    Image.new("RGB", (320, 240), (120, 120, 120)).save(tmp_path / "wall.png")
    Image.fromarray(headshot("hopper")).save(tmp_path / "donor.png")
    client = Client(service)
    before = client.call("GET", "user/remainingCoins")["coins"]
    with Receiver() as site:
        body = {
            "name": "nobody is there",
            "face_url": site.serve(tmp_path / "donor.png"),
            "video_url": site.serve(tmp_path / "wall.png"),
            "webhook_url": site.url,
        }
        row = client.ended(client.call("POST", "userFaceSwapTask/add", body)["_id"])
        ends = time.monotonic() + DONE_S
        while not site.received and time.monotonic() < ends:
            time.sleep(0.1)
        [hook] = site.received
    assert (row["current_status"], row["result_url"]) == ("failed", "")
    assert (row["error_code"], row["failed_code"]) == ("40020", "face_not_found")
    assert "wall.png" in row["faild_message"]
    assert hook.body["event"] == "task.failed"
    assert hook.body["data"] == row
    assert client.call("GET", "user/remainingCoins")["coins"] == before


def test_a_generated_token_is_a_key(service: Service) -> None:
    client = Client(service)
    token = client.call("POST", "token/generate", {"alias": "second"})["token"]
    client.headers = {"Authorization": f"Bearer {token}"}
    assert client.call("GET", "user/remainingCoins")["coins"] > 0

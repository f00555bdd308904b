"""People who may not be swapped: registered by a photo, refused by other photos, until removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from clips import write_clip
from e2e.test_service import Service, start
from e2e.test_vidnoz import Client
from faces import Rgb, headshot, hopper_file, nodding, turned

DONE_S = 120.0
FRAMES = 75
SIZE_WH = (320, 240)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {**os.environ, "PERSONAE_CHUNK_S": "1"}
    running = start(tmp_path_factory.mktemp("service"), environment)
    yield running
    running.process.terminate()
    running.process.wait(60)


def command(service: Service, *arguments: str) -> dict[str, Any]:
    line = [sys.executable, "-m", "personae", *arguments, "--data", str(service.data), "--json"]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def operator(service: Service) -> Iterator[httpx.Client]:
    key = command(service, "keys", "create-operator")["key"]
    base = f"{service.url}/native/v1/admin"
    with httpx.Client(
        base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
    ) as client:
        yield client


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Other pictures of Hopper than the one that is registered, and some of Collins."""
    folder = tmp_path_factory.mktemp("files")
    hopper = headshot("hopper", 150, (320, 360))
    mirrored = np.ascontiguousarray(hopper[:, ::-1])
    pictures: dict[str, Rgb] = {
        "donor.jpg": np.clip(turned(mirrored, -7) * 0.75, 0, 255).astype(np.uint8),
        "scene.png": hopper,
        "collins.png": headshot("collins", 150, (320, 360)),
    }
    for name, rgb in pictures.items():
        Image.fromarray(rgb).save(folder / name, quality=70)
    write_clip(
        folder / "scene.mp4",
        pictures=list(nodding("hopper", FRAMES, SIZE_WH)),
        frames=FRAMES,
        size_wh=SIZE_WH,
        options={"crf": "18", "preset": "ultrafast", "g": "25"},
    )
    return {path.name: path for path in folder.iterdir()}


def protect(operator: httpx.Client, photo: Path, **fields: str) -> dict[str, Any]:
    with photo.open("rb") as file:
        answer = operator.post("/register/people", files={"photo": file}, data=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def hopper(operator: httpx.Client) -> Iterator[dict[str, Any]]:
    told = protect(operator, hopper_file(), name="Grace", origin="public figure list")
    yield told
    operator.delete(f"/register/people/{told['id']}")


def upload(client: httpx.Client, path: Path) -> str:
    return client.post("/assets", files={"file": path.open("rb")}).raise_for_status().json()["id"]


def swap(service: Service, files: dict[str, Path], scene: str, donor: str) -> dict[str, Any]:
    """A finished swap, as its client sees it."""
    with service.client() as client:
        body = {
            "media": "video" if scene.endswith("mp4") else "image",
            "scene": {"asset_id": upload(client, files[scene])},
            "mappings": [{"donor": {"photos": [{"asset_id": upload(client, files[donor])}]}}],
        }
        answer = client.post("/swaps", json=body)
        assert answer.status_code == 202, answer.text
        ends = time.monotonic() + DONE_S
        while time.monotonic() < ends:
            told = client.get(f"/swaps/{answer.json()['id']}").json()
            if told["status"] in ("succeeded", "failed", "canceled"):
                return told
            time.sleep(0.1)
    raise AssertionError(f"the swap did not end within {DONE_S:.0f} s")


def balance(service: Service) -> dict[str, int]:
    with service.client() as client:
        return client.get("/account").json()["balance"]


def refused(told: dict[str, Any], role: str) -> None:
    assert told["status"] == "failed", told
    assert (told["error"]["code"], told["error"]["role"]) == ("policy_refused", role)
    assert "person_" not in json.dumps(told)
    assert told["credits"]["charged"] == 0


def test_another_photo_of_the_same_person_is_no_donor(
    service: Service, hopper: dict[str, Any], files: dict[str, Path], operator: httpx.Client
) -> None:
    secrets = command(service, "keys", "create", "--tenant", "tests")
    client = Client(service, secrets)
    before = balance(service)
    keys = {name: client.upload(files[name]) for name in ("collins.png", "donor.jpg")}
    body = {"main_key": keys["collins.png"], "target_key": keys["donor.jpg"]}
    told = client.over("face-swap", **body, is_hd=2)
    assert (told["status"], told["additional_data"]) == (605, {})
    assert balance(service) == before
    faces = {"main_key": keys["donor.jpg"], "target_key": keys["collins.png"]}
    assert client.over("face-swap", **faces, is_hd=2)["status"] == 605
    refused(swap(service, files, "collins.png", "donor.jpg"), "donor")
    assert balance(service) == before
    operator.delete(f"/register/people/{hopper['id']}").raise_for_status()
    assert client.over("face-swap", **body, is_hd=2)["status"] == 0
    assert balance(service)["spent"] > before["spent"]
    client.http.close()


@pytest.mark.parametrize("scene", ["scene.png", "scene.mp4"])
def test_a_protected_face_is_not_replaced(
    service: Service,
    hopper: dict[str, Any],
    files: dict[str, Path],
    operator: httpx.Client,
    scene: str,
) -> None:
    before = balance(service)
    refused(swap(service, files, scene, "collins.png"), "scene")
    assert balance(service) == before
    operator.delete(f"/register/people/{hopper['id']}").raise_for_status()
    assert swap(service, files, scene, "collins.png")["status"] == "succeeded"


def test_a_protected_donor_cannot_be_previewed_or_saved(
    service: Service, hopper: dict[str, Any], files: dict[str, Path]
) -> None:
    with service.client() as client:
        donor, scene = upload(client, files["donor.jpg"]), upload(client, files["collins.png"])
        saved = client.post("/faces", json={"name": "Grace", "asset_ids": [donor]})
        assert (saved.status_code, saved.json()["code"]) == (403, "policy_refused")
        body = {
            "media": "image",
            "scene": {"asset_id": scene},
            "mappings": [{"donor": {"photos": [{"asset_id": donor}]}}],
        }
        answer = client.post("/swaps/preview", json=body)
        assert "policy_refused" in answer.text, answer.text


def test_a_saved_face_is_looked_at_again_at_each_use(
    service: Service, files: dict[str, Path], operator: httpx.Client
) -> None:
    with service.client() as client:
        donor, scene = upload(client, files["donor.jpg"]), upload(client, files["collins.png"])
        face = client.post("/faces", json={"name": "Grace", "asset_ids": [donor]}).json()["id"]
        person = protect(operator, hopper_file())["id"]
        body = {
            "media": "image",
            "scene": {"asset_id": scene},
            "mappings": [{"donor": {"face_id": face}}],
        }
        task = client.post("/swaps", json=body).json()["id"]
        ends = time.monotonic() + DONE_S
        while (told := client.get(f"/swaps/{task}").json())["status"] in ("queued", "running"):
            assert time.monotonic() < ends
            time.sleep(0.1)
        operator.delete(f"/register/people/{person}").raise_for_status()
    refused(told, "donor")


def test_an_operator_finds_out_who_was_recognised(
    service: Service, hopper: dict[str, Any], files: dict[str, Path], operator: httpx.Client
) -> None:
    with files["donor.jpg"].open("rb") as file:
        told = operator.post("/register/look-ups", files={"photo": file}).json()
    assert told["found"][0]["person"]["id"] == hopper["id"]
    assert told["found"][0]["refused"]
    with files["collins.png"].open("rb") as file:
        told = operator.post("/register/look-ups", files={"photo": file}).json()
    assert not told["found"][0]["refused"]
    checked = command(service, "register", "check", str(files["donor.jpg"]))["found"]
    assert checked[0]["person"]["id"] == hopper["id"]

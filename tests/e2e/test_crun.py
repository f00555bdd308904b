"""A session of a crun client with real people: detect, choose, swap, be called back."""

from __future__ import annotations

import io
import mimetypes
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import personae
from clips import write_clip
from e2e.look import frames, sample
from e2e.test_service import Service, start
from faces import NAMES, Name, Placed, Rgb, box_around, compose
from personae.check_client.receiver import Receiver

WIDE = (480, 240)
FRAMES = 24
DONE_S = 120.0
PLACES: Mapping[Name, tuple[float, float, float]] = {
    "hopper": (120.0, 120.0, 100.0),
    "collins": (360.0, 120.0, 92.0),
}
KINDS = ("image", "video")
Donors = Mapping[Name, personae.Donor]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {**os.environ, "PERSONAE_FETCH_ALLOW": "127.0.0.1"}
    running = start(tmp_path_factory.mktemp("service"), environment)
    yield running
    running.process.terminate()
    running.process.wait(60)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


def both(sway: float = 0.0) -> list[Placed]:
    """Hopper on the left, Collins on the right."""
    return [Placed(who, x + sway, y, px) for who, (x, y, px) in PLACES.items()]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("scenes")
    Image.fromarray(compose(both(), WIDE)).save(folder / "two.png")
    swaying = [compose(both(4 * float(np.sin(n / 4))), WIDE) for n in range(FRAMES)]
    options = {"crf": "14", "preset": "ultrafast"}
    clip = write_clip(folder / "two.mp4", pictures=swaying, size_wh=WIDE, options=options)
    return {"image": folder / "two.png", "video": clip}


class Client:
    """What such a client does, call by call."""

    def __init__(self, service: Service, receiver: Receiver) -> None:
        headers = {"X-API-KEY": service.key}
        base = f"{service.url}/crun/api/v1/client"
        self.http = httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False)
        self.receiver = receiver

    def data(self, method: str, path: str, **more: Any) -> Any:
        told = self.http.request(method, path, **more).json()
        assert (told["code"], told["message"]) == (200, "success"), told
        return told["data"]

    def upload(self, path: Path) -> str:
        kind = mimetypes.guess_type(path.name)[0]
        query = {"content_type": kind, "ext": path.suffix}
        urls = self.data("GET", "/files/upload-url", params=query)
        put = httpx.put(
            urls["presigned_url"],
            content=path.read_bytes(),
            headers={"Content-Type": str(kind)},
            trust_env=False,
        )
        assert put.is_success, put.text
        return str(urls["file_url"])

    def create(self, model: str, **given: Any) -> str:
        body = {"model": model, "input": given, "callback_url": self.receiver.url}
        return str(self.data("POST", "/job/CreateTask", json=body)["task_id"])

    def over(self, task_id: str) -> dict[str, Any]:
        ends = time.monotonic() + DONE_S
        while time.monotonic() < ends:
            info = self.data("GET", "/job/TaskInfo", params={"task_id": task_id})
            if info["status"] not in ("pending", "running"):
                return dict(info)
            time.sleep(0.1)
        raise AssertionError(f"{task_id} did not end within {DONE_S:.0f} s")

    def called_back(self, task_id: str) -> dict[str, Any]:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            told = self.receiver.find(lambda body: body.get("task_id") == task_id)
            if told is not None:
                return told
            time.sleep(0.05)
        raise AssertionError("nobody was called back")

    def detect(self, kind: str, url: str) -> dict[str, Any]:
        body = {f"{kind}_url": url}
        name = self.data("POST", f"/job/detect-face-{kind}", json=body)["detect_task_id"]
        ends = time.monotonic() + DONE_S
        while time.monotonic() < ends:
            query = {"detect_task_id": name}
            told = self.data("GET", "/job/detect-face-result", params=query)
            if told["status"] in ("succeeded", "failed"):
                assert told["error"] is None
                return dict(told["result"])
            time.sleep(0.1)
        raise AssertionError("the detection did not end")

    def balance(self) -> int:
        return int(self.data("GET", "/account/balance")["balance"])


@pytest.fixture(scope="module")
def client(service: Service, receiver: Receiver) -> Iterator[Client]:
    made = Client(service, receiver)
    with made.http:
        yield made


def fetched(url: str) -> bytes:
    return httpx.get(url, trust_env=False).raise_for_status().content


def pictures(kind: str, data: bytes, folder: Path) -> list[Rgb]:
    """The picture, or some frames of the clip."""
    if kind == "image":
        return [np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))]
    path = folder / "output.mp4"
    path.write_bytes(data)
    shown = frames(path)
    assert len(shown) == FRAMES
    return [shown[n].rgb for n in sample(shown, 3)]


def face_of(rgb: Rgb, who: Name) -> Rgb:
    """The place where somebody is."""
    x, y, px = PLACES[who]
    x0, y0, x1, y1 = box_around(Placed(who, x, y, px), 2.0)
    return np.ascontiguousarray(rgb[max(0, y0) : y1, max(0, x0) : x1])


def resembles(rgb: Rgb, donors: Donors) -> Name:
    """Whose face it is."""
    seen = personae.embed(rgb)
    return min(NAMES, key=lambda who: personae.distance(seen, donors[who].embedding))


def numbers(result: Mapping[str, Any], donors: Donors) -> dict[Name, dict[str, Any]]:
    """Each person's face of a detection, told by the pictures behind the links."""
    found: dict[Name, dict[str, Any]] = {}
    for face in result["faces"]:
        crop = np.asarray(Image.open(io.BytesIO(fetched(face["link"]))).convert("RGB"))
        found[resembles(crop, donors)] = face
    assert set(found) == set(NAMES)
    assert len(result["faces"]) == len(NAMES)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_one_becomes_another_and_the_other_stays(
    client: Client,
    scenes: Mapping[str, Path],
    photos: Mapping[Name, Path],
    donors: Donors,
    kind: str,
    tmp_path: Path,
) -> None:
    url = client.upload(scenes[kind])
    result = client.detect(kind, url)
    people = numbers(result, donors)
    before = client.balance()
    kept, changed = people["hopper"], people["collins"]
    given = {f"{kind}_url": url, "detect_id": result["id"]}
    faces = [
        {"face_id": kept["id"], "target": kept["link"]},
        {"face_id": changed["id"], "target": client.upload(photos["hopper"])},
    ]
    task_id = client.create(f"{kind}-face-swap-multi", **given, faces=faces)
    info = client.over(task_id)
    assert (info["status"], info["result"]["code"]) == ("success", 200), info
    assert info["param"]["input"]["faces"] == faces
    told = client.called_back(task_id)
    assert {**told, "result": None} == {**info, "result": None}
    assert told["result"]["media_info"] == info["result"]["media_info"]
    assert client.balance() == before - info["credits"]
    assert info["credits"] >= 1
    for rgb in pictures(kind, fetched(told["result"]["media_urls"][0]), tmp_path):
        assert resembles(face_of(rgb, "collins"), donors) == "hopper"
        assert resembles(face_of(rgb, "hopper"), donors) == "hopper"
    if kind == "image":
        # Nothing of the other half of the picture was touched.
        was = np.asarray(Image.open(scenes[kind]).convert("RGB"))
        [rgb] = pictures(kind, fetched(info["result"]["media_urls"][0]), tmp_path)
        assert np.array_equal(rgb[:, : WIDE[0] // 3], was[:, : WIDE[0] // 3])
        assert not np.array_equal(rgb, was)


@pytest.mark.parametrize("kind", KINDS)
def test_two_donors_for_two_people(
    client: Client,
    receiver: Receiver,
    scenes: Mapping[str, Path],
    photos: Mapping[Name, Path],
    donors: Donors,
    kind: str,
    tmp_path: Path,
) -> None:
    url = receiver.serve(scenes[kind])  # Fetched from the client's own server.
    result = client.detect(kind, url)
    people = numbers(result, donors)
    other: dict[Name, Name] = {"hopper": "collins", "collins": "hopper"}
    faces = [
        {"face_id": face["id"], "target": receiver.serve(photos[other[who]])}
        for who, face in people.items()
    ]
    given = {f"{kind}_url": url, "detect_id": result["id"], "faces": faces}
    info = client.over(client.create(f"{kind}-face-swap-multi", **given))
    assert info["status"] == "success", info
    for rgb in pictures(kind, fetched(info["result"]["media_urls"][0]), tmp_path):
        for who in NAMES:
            assert resembles(face_of(rgb, who), donors) == other[who]


def test_the_largest_face_is_the_one_that_is_swapped(
    client: Client,
    scenes: Mapping[str, Path],
    photos: Mapping[Name, Path],
    donors: Donors,
    tmp_path: Path,
) -> None:
    given = {
        "image_url": client.upload(scenes["image"]),
        "new_face": client.upload(photos["collins"]),
        "disable_safety_checker": True,
    }
    info = client.over(client.create("image-face-swap", **given))
    assert info["status"] == "success", info
    assert info["result"]["media_info"] | {"size": 0} == {
        "content_type": "image/png",
        "width": WIDE[0],
        "height": WIDE[1],
        "size": 0,
    }
    [rgb] = pictures("image", fetched(info["result"]["media_urls"][0]), tmp_path)
    assert resembles(face_of(rgb, "hopper"), donors) == "collins"
    assert resembles(face_of(rgb, "collins"), donors) == "collins"


def test_a_failed_task_says_501_and_costs_nothing(
    client: Client, scenes: Mapping[str, Path], tmp_path: Path
) -> None:
    Image.fromarray(np.full((240, 320, 3), 120, np.uint8)).save(tmp_path / "wall.png")
    before = client.balance()
    scene, nobody = client.upload(scenes["image"]), client.upload(tmp_path / "wall.png")
    task_id = client.create("image-face-swap", image_url=scene, new_face=nobody)
    info, told = client.over(task_id), client.called_back(task_id)
    assert info == told
    assert (info["status"], info["result"]["code"]) == ("failed", 501)
    assert "No face was found in the donor" in info["result"]["message"]
    assert (info["credits"], client.balance()) == (0, before)

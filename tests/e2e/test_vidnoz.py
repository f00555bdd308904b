"""A session of a Vidnoz client with real people: upload, find faces, choose, swap, look."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
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

WIDE = (480, 240)
FRAMES = 24
DONE_S = 120.0
PLACES: Mapping[Name, tuple[float, float, float]] = {
    "hopper": (120.0, 120.0, 100.0),
    "collins": (360.0, 120.0, 92.0),
}
KINDS = ("image", "video")
MULTIPLE = {"image": "multiple-face-swap", "video": "multiple-video-face-swap"}
Donors = Mapping[Name, personae.Donor]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = start(tmp_path_factory.mktemp("service"), dict(os.environ))
    yield running
    running.process.terminate()
    running.process.wait(60)


@pytest.fixture(scope="module")
def secrets(service: Service) -> dict[str, str]:
    """What the operator hands out: a key with its client id and secret."""
    command = [sys.executable, "-m", "personae", "keys", "create", "--tenant", "tests"]
    command += ["--credits", "1000", "--data", str(service.data), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


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

    def __init__(self, service: Service, secrets: Mapping[str, str]) -> None:
        base = f"{service.url}/vidnoz/v1/"
        self.http = httpx.Client(base_url=base, timeout=60, trust_env=False)
        credentials = {name: secrets[name] for name in ("client_id", "client_secret")}
        token = self.data("POST", "oauth/token", json=credentials)
        assert token["expires_in"] == 5909
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def data(self, method: str, path: str, **more: Any) -> Any:
        answer = self.http.request(method, path, **more)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (200, 200), told
        return told["data"]

    def upload(self, path: Path) -> str:
        made = self.data("POST", "source/upload-url", json={"file_name": path.name})
        put = httpx.put(made["upload_url"], content=path.read_bytes(), trust_env=False)
        assert put.is_success, put.text
        return str(made["key"])

    def over(self, path: str, **body: Any) -> dict[str, Any]:
        """A new task's detail when it is over."""
        number = self.data("POST", f"task/{path}", json=body)["task_id"]
        ends = time.monotonic() + DONE_S
        while time.monotonic() < ends:
            told = self.data("GET", "task/detail", params={"id": number})
            if told["status"] not in (1, 2):
                return dict(told)
            time.sleep(0.1)
        raise AssertionError(f"{number} did not end within {DONE_S:.0f} s")

    def made(self, path: str, **body: Any) -> Any:
        told = self.over(path, **body)
        said = "Restored by the classical pass" if body.get("is_hd") == 1 else ""
        assert told["status"] == 0, told
        assert told["message"].partition(",")[0] == said
        return told["additional_data"]


@pytest.fixture(scope="module")
def client(service: Service, secrets: Mapping[str, str]) -> Iterator[Client]:
    made = Client(service, secrets)
    yield made
    made.http.close()


def fetched(url: str) -> bytes:
    return httpx.get(url, trust_env=False).raise_for_status().content


def picture(url: str) -> Rgb:
    return np.asarray(Image.open(io.BytesIO(fetched(url))).convert("RGB"))


def pictures(kind: str, made: Mapping[str, Any], folder: Path) -> list[Rgb]:
    """The picture, or some frames of the clip; the files are what the answer says of them."""
    data = fetched(made["merge_url"])
    assert made["size"] == len(data)
    assert (made["thumbnail_width"], made["thumbnail_height"]) == (1080, 540)
    if kind == "image":
        shown = [np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))]
        assert (made["width"], made["height"]) == WIDE
        assert picture(made["thumbnail_url"]).shape == (540, 1080, 3)
        return shown
    path = folder / "output.mp4"
    path.write_bytes(data)
    shown = frames(path)
    assert len(shown) == FRAMES
    assert made["duration"] == pytest.approx(FRAMES / 25, abs=0.05)
    assert (made["merge_width"], made["merge_height"]) == WIDE
    assert (made["cover_width"], made["cover_height"]) == WIDE
    assert picture(made["cover_url"]).shape == (WIDE[1], WIDE[0], 3)
    assert picture(made["cover_thumbnail_url"]).shape == (540, 1080, 3)
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


def find(client: Client, scene: str, donors: Donors) -> tuple[int, dict[Name, str]]:
    """A get-face task, and the key of each person's face, told by the pictures."""
    told = client.over("get-face", main_key=scene)
    assert told["status"] == 0, told
    found: dict[Name, str] = {}
    for face in told["additional_data"]:
        crop = picture(face["avatar_part_url"])
        assert crop.shape == (face["height"], face["width"], 3)
        eyes, mouth = (face["kps"][one]["y"] for one in ("1", "4"))
        assert eyes < face["kps"]["3"]["y"] < mouth < face["height"]
        assert face["kps"]["1"]["x"] < face["kps"]["3"]["x"] < face["kps"]["2"]["x"]
        found[resembles(crop, donors)] = face["avatar_part_key"]
    assert set(found) == set(NAMES)
    return told["id"], found


@pytest.mark.parametrize("kind", KINDS)
def test_one_becomes_another_and_the_other_stays(
    client: Client,
    scenes: Mapping[str, Path],
    photos: Mapping[Name, Path],
    donors: Donors,
    kind: str,
    tmp_path: Path,
) -> None:
    number, people = find(client, client.upload(scenes[kind]), donors)
    pairs = [
        {"target_part_key": people["hopper"], "avatar_part_key": people["hopper"]},
        {
            "target_part_key": people["collins"],
            "avatar_part_key": client.upload(photos["hopper"]),
        },
    ]
    made = client.made(MULTIPLE[kind], avatar_key=pairs, get_face_id=str(number), is_hd="2")
    for rgb in pictures(kind, made, tmp_path):
        assert resembles(face_of(rgb, "collins"), donors) == "hopper"
        assert resembles(face_of(rgb, "hopper"), donors) == "hopper"
    if kind == "image":
        # Nothing of the other half of the picture was touched.
        was = np.asarray(Image.open(scenes[kind]).convert("RGB"))
        rgb = picture(made["merge_url"])
        assert np.array_equal(rgb[:, : WIDE[0] // 3], was[:, : WIDE[0] // 3])
        assert not np.array_equal(rgb, was)


@pytest.mark.parametrize("kind", KINDS)
def test_two_donors_for_two_people(
    client: Client,
    scenes: Mapping[str, Path],
    photos: Mapping[Name, Path],
    donors: Donors,
    kind: str,
    tmp_path: Path,
) -> None:
    number, people = find(client, client.upload(scenes[kind]), donors)
    other: dict[Name, Name] = {"hopper": "collins", "collins": "hopper"}
    pairs = [
        {"target_part_key": key, "avatar_part_key": client.upload(photos[other[who]])}
        for who, key in people.items()
    ]
    made = client.made(MULTIPLE[kind], avatar_key=pairs, get_face_id=number, is_hd=2)
    for rgb in pictures(kind, made, tmp_path):
        for who in NAMES:
            assert resembles(face_of(rgb, who), donors) == other[who]


def test_a_single_swap_takes_the_largest_face_and_restores_it(
    client: Client,
    scenes: Mapping[str, Path],
    photos: Mapping[Name, Path],
    donors: Donors,
    tmp_path: Path,
) -> None:
    body = {
        "main_key": client.upload(scenes["image"]),
        "target_key": client.upload(photos["collins"]),
    }
    plain, fine = (client.made("face-swap", **body, is_hd=is_hd) for is_hd in (2, 1))
    for made in (plain, fine):
        [rgb] = pictures("image", made, tmp_path)
        assert resembles(face_of(rgb, "hopper"), donors) == "collins"
        assert resembles(face_of(rgb, "collins"), donors) == "collins"
    assert not np.array_equal(picture(plain["merge_url"]), picture(fine["merge_url"]))


def test_photos_of_nobody_and_of_several_are_refused(
    client: Client, scenes: Mapping[str, Path], tmp_path: Path
) -> None:
    Image.fromarray(np.full((240, 320, 3), 120, np.uint8)).save(tmp_path / "wall.png")
    scene, nobody = client.upload(scenes["image"]), client.upload(tmp_path / "wall.png")
    told = client.over("face-swap", main_key=scene, target_key=nobody)
    assert (told["status"], told["additional_data"]) == (602, {})
    assert "No face was found in the donor" in told["message"]
    told = client.over("face-swap", main_key=scene, target_key=scene)
    assert (told["status"], told["additional_data"]) == (603, {})
    assert client.over("get-face", main_key=nobody)["status"] == 602
    (tmp_path / "letter.jpg").write_text("Dear Madam or Sir, " * 50)
    key = client.upload(tmp_path / "letter.jpg")
    told = client.http.post("source/access-url", json={"key": key}).json()
    assert (told["code"], told["data"]) == (703, {})

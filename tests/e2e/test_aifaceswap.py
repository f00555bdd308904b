"""Whole sessions of aifaceswap's clients over real HTTP, through the real worker, real faces."""

from __future__ import annotations

import base64
import io
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import personae
from clips import write_clip
from e2e.look import frames
from e2e.test_service import Service, start
from faces import NAMES, Name, Placed, Rgb, compose, headshot
from personae.check_client import aifaceswap
from personae.check_client.media import made_in
from personae.check_client.receiver import Receiver
from personae.check_client.session import Credentials, Session

DONE_S = 120.0
FRAMES = 24
SIZE_WH = (480, 240)
OTHER: dict[Name, Name] = {"hopper": "collins", "collins": "hopper"}
PLACES = {"hopper": 0.25, "collins": 0.75}
"""Where each of the two stands, as a share of the width: Hopper to the left."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {**os.environ, "PERSONAE_FETCH_ALLOW": "127.0.0.1", "PERSONAE_GRACE_S": "2"}
    running = start(tmp_path_factory.mktemp("aifaceswap"), environment)
    yield running
    running.process.terminate()
    running.process.wait(60)


class Client:
    """Somebody else's program: a base URL, a key, and an address for webhooks."""

    def __init__(self, service: Service, site: Receiver) -> None:
        self.site = site
        self.http = httpx.Client(
            base_url=f"{service.url}/aifaceswap/api/aifaceswap/v1",
            headers={"Authorization": f"Bearer {service.key}"},
            timeout=60,
            trust_env=False,
        )

    def post(self, path: str, **more: Any) -> dict[str, Any]:
        answer = self.http.post(path, **more).json()
        assert answer["code"] == 200, answer
        return dict(answer["data"])

    def points(self) -> int:
        return int(self.http.get("/points").json()["data"]["points"])

    def result(self, task_id: str) -> dict[str, Any]:
        ends = time.monotonic() + DONE_S
        while time.monotonic() < ends:
            told = self.site.find(lambda body: body.get("task_id") == task_id)
            if told is not None:
                return told
            time.sleep(0.1)
        raise AssertionError(f"no webhook came within {DONE_S:.0f} s")

    def swap(self, path: str, **body: Any) -> dict[str, Any]:
        """The webhook of a new task."""
        made = self.post(path, json={**body, "webhook": self.site.url})
        return self.result(made["task_id"])


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Receiver() as site:
        made = Client(service, site)
        yield made
        made.http.close()


def saved(url: str, path: Path) -> Path:
    path.write_bytes(httpx.get(url, trust_env=False).raise_for_status().content)
    return path


def text_of(rgb: Rgb) -> str:
    held = io.BytesIO()
    Image.fromarray(rgb).save(held, "PNG")
    return base64.b64encode(held.getvalue()).decode()


def both(sway: float = 0.0) -> Rgb:
    width, height = SIZE_WH
    people = [Placed(name, PLACES[name] * width + sway, height / 2, 100) for name in NAMES]
    return compose(people, SIZE_WH)


def people_in(rgb: Rgb) -> list[Any]:
    """The embeddings of the two faces, from left to right."""
    found = sorted(personae.detect(rgb), key=lambda face: face.box_xyxy[0])
    assert len(found) == 2
    return [personae.embed(rgb, face) for face in found]


def names_in(rgb: Rgb) -> list[Name]:
    """Whom the two faces resemble most."""
    known = {name: personae.prepare_donor(headshot(name)).embedding for name in NAMES}
    return [
        min(NAMES, key=lambda name: personae.distance(seen, known[name])) for seen in people_in(rgb)
    ]


def moved(before: Rgb, after: Rgb) -> list[float]:
    """How far each face is from who it was."""
    return [
        personae.distance(one, other)
        for one, other in zip(people_in(before), people_in(after), strict=True)
    ]


def test_a_clients_whole_session_passes(service: Service, tmp_path: Path) -> None:
    with Receiver() as receiver:
        session = Session(
            f"{service.url}/aifaceswap", Credentials(service.key), made_in(tmp_path), receiver
        )
        aifaceswap.play(session)
        session.close()
    assert [(step.name, step.detail) for step in session.steps if step.state != "passed"] == []
    assert len(session.steps) == 16


def test_people_of_a_picture_become_who_they_should(client: Client, tmp_path: Path) -> None:
    scene, before = both(), client.points()
    faces = client.post("/extract_face", json={"img": text_of(scene)})["faces"]
    for name, (x1, y1, x2, y2) in zip(NAMES, faces, strict=True):
        assert x1 < PLACES[name] * SIZE_WH[0] < x2
        assert y1 < SIZE_WH[1] / 2 < y2
    donors = [text_of(headshot(OTHER[name])) for name in NAMES]

    def swapped(donors: Sequence[str], index: Sequence[int]) -> Rgb:
        body = {"source_image": text_of(scene), "face_image": donors, "index": index}
        told = client.swap("/multi_faceswap", **body)
        assert (told["success"], told["type"]) == (1, 2)
        path = saved(told["result_image"], tmp_path / "out.png")
        return np.asarray(Image.open(path).convert("RGB"))

    assert names_in(scene) == ["hopper", "collins"]
    assert names_in(swapped(donors, [0, 1])) == ["collins", "hopper"]
    only = swapped(donors[1:], [1])
    assert names_in(only) == ["hopper", "hopper"]
    stayed, became = moved(scene, only)
    assert stayed < 0.01 < became
    assert client.points() == before - 2 - 5 - 5


def test_people_of_a_video_become_who_they_should(client: Client, tmp_path: Path) -> None:
    video = write_clip(
        tmp_path / "scene.mp4",
        pictures=[both(6 * np.sin(number / 4)) for number in range(FRAMES)],
        size_wh=SIZE_WH,
        options={"crf": "12", "preset": "ultrafast"},
    )
    before, scene = client.points(), frames(video)
    frame = scene[FRAMES // 2].rgb
    found = client.post("/extract_base64_face", json={"base64_img": text_of(frame)})
    crops = [text_of(np.ascontiguousarray(frame[y1:y2, x1:x2])) for x1, y1, x2, y2 in found["pos"]]
    for name in NAMES:
        Image.fromarray(headshot(name)).save(tmp_path / f"{name}.png")
    urls = [client.site.serve(tmp_path / f"{OTHER[name]}.png") for name in NAMES]
    info = [{"face_ref": crop, "face_url": url} for crop, url in zip(crops, urls, strict=True)]

    def swapped(info: Sequence[dict[str, str]], enhance: int) -> list[Rgb]:
        body = {"ref_info": info, "duration": 1, "enhance": enhance}
        told = client.swap("/multi_video_faceswap", source_video=client.site.serve(video), **body)
        assert (told["success"], told["type"]) == (1, 4)
        assert told["result_video"] == told["result_image"]
        path = saved(told["result_video"], tmp_path / "out.mp4")
        shown = [one.rgb for one in frames(path)]
        assert len(shown) == FRAMES
        return shown

    looked_at = (0, FRAMES // 2, FRAMES - 1)
    exchanged = swapped(info, 0)
    assert [names_in(exchanged[n]) for n in looked_at] == [["collins", "hopper"]] * 3
    only = swapped(info[1:], 1)
    for number in looked_at:
        assert names_in(only[number]) == ["hopper", "hopper"]
        stayed, became = moved(scene[number].rgb, only[number])
        # Who stayed pays only for the encoding; who became is past all doubt another.
        assert stayed < 0.01
        assert became > 0.05
    assert client.points() == before - 2 - (2 + 1) * 2 - (1 + 2) * 2


def test_what_fails_is_told_and_costs_nothing(client: Client) -> None:
    before, scene = client.points(), text_of(both())
    body = {"source_image": scene, "face_image": [text_of(headshot("hopper"))], "index": [7]}
    told = client.swap("/multi_faceswap", **body)
    assert (told["success"], told["type"], told["result_image"]) == (0, 2, "")
    assert told["error"] == "invalid_request"
    assert "it shows 2" in told["message"]
    wall = text_of(np.full((240, 320, 3), 120, np.uint8))
    told = client.swap("/faceswap", source_image=wall, face_image=scene)
    assert (told["success"], told["error"]) == (0, "face_not_found")
    assert client.points() == before
    assert client.post("/extract_face", json={"img": wall}) == {"faces": [], "points": 2}

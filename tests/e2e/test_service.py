"""The service as its users start it: real processes, real faces, real HTTP, and kill -9."""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

import clips
from e2e import look
from faces import SIZE_WH, Placed, Rgb, compose, nodding, portrait
from personae import library
from personae.engine.label import Label, draw_label
from personae.engine.lettering import draw_line
from personae.results import CLASSICAL_NOTE

READY_S = 60.0
DONE_S = 120.0
FRAMES = 150


@dataclass
class Service:
    """A running `personae serve`."""

    process: subprocess.Popen[bytes]
    data: Path
    url: str
    key: str

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.url}/native/v1",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=60,
            trust_env=False,
        )

    def workers(self) -> list[int]:
        """The worker's processes, without their media children."""
        return [
            one.pid
            for one in psutil.Process(self.process.pid).children()
            if "worker" in one.cmdline()
        ]


def start(data: Path, environment: dict[str, str]) -> Service:
    command = [sys.executable, "-m", "personae", "serve", "--port", "0", "--data", str(data)]
    with (data / "service.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    ends = time.monotonic() + READY_S
    while time.monotonic() < ends and process.poll() is None:
        file = data / "url"
        if file.exists() and ready(file.read_text().strip()):
            url = file.read_text().strip()
            return Service(process, data, url, make_key(data, environment))
        time.sleep(0.05)
    process.kill()
    raise AssertionError((data / "service.log").read_text(errors="replace")[-3000:])


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def make_key(data: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "personae", "keys", "create", "--tenant", "tests"]
    command += ["--credits", "1000", "--data", str(data), "--json"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    made = json.loads(done.stdout)
    assert {"key", "client_id", "client_secret"} <= set(made)
    return str(made["key"])


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PERSONAE_CHUNK_S": "1",
        "PERSONAE_GRACE_S": "2",
        "PERSONAE_FETCH_ALLOW": "127.0.0.1",
        "PERSONAE_MARKS": "false",  # Each task's is another one, and outputs are compared here.
    }


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Service]:
    running = start(tmp_path_factory.mktemp("service"), environment)
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
        audio=[clips.Track()],
    )
    return {one.name: one for one in folder.iterdir()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A website of ours: its address, and the folder that it shows."""
    folder = tmp_path_factory.mktemp("site")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


def wall() -> Rgb:
    """A picture without anybody."""
    return np.full((240, 320, 3), 120, np.uint8)


def upload(client: httpx.Client, path: Path) -> str:
    with path.open("rb") as file:
        answer = client.post("/assets", files={"file": (path.name, file)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def wanted(kind: str, scene: str, donor: str) -> dict[str, Any]:
    mapping = {"donor": {"photos": [{"asset_id": donor}]}, "scene_face": {"by": "largest"}}
    return {"media": kind, "scene": {"asset_id": scene}, "mappings": [mapping]}


def finished(client: httpx.Client, task_id: str) -> dict[str, Any]:
    ends = time.monotonic() + DONE_S
    while time.monotonic() < ends:
        task = client.get(f"/swaps/{task_id}", params={"wait": 10}).raise_for_status().json()
        if task["status"] not in ("queued", "running"):
            return dict(task)
    raise AssertionError(f"{task_id} did not end within {DONE_S:.0f} s")


def output_of(task: dict[str, Any]) -> bytes:
    assert task["status"] == "succeeded", task["error"]
    url = task["result"]["outputs"][0]["url"]
    return httpx.get(url, trust_env=False).raise_for_status().content


def until(holds: Callable[[], bool], timeout_s: float = 30.0) -> bool:
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.02)
    return False


def picture_packets(data: bytes, path: Path) -> tuple[list[int], str]:
    """Times and a hash of a file's video packets."""
    path.write_bytes(data)
    digest, times = hashlib.sha256(), list[int]()
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                digest.update(bytes(packet))
                times.append(int(packet.pts or 0))
    return sorted(times), digest.hexdigest()


def test_a_picture_is_swapped_as_the_library_does_it(
    service: Service, media: dict[str, Path], tmp_path: Path
) -> None:
    with service.client() as client:
        scene, donor = upload(client, media["scene.png"]), upload(client, media["donor.jpg"])
        before = client.get("/account").json()["balance"]
        answer = client.post("/swaps", json=wanted("image", scene, donor))
        assert answer.status_code == 202, answer.text
        task = finished(client, answer.json()["id"])
        after = client.get("/account").json()["balance"]
    library.swap_file(media["scene.png"], tmp_path / "own.png", media["donor.jpg"], mark=None)
    (tmp_path / "theirs.png").write_bytes(output_of(task))
    own, theirs = (Image.open(tmp_path / name) for name in ("own.png", "theirs.png"))
    assert own.tobytes() == theirs.tobytes()
    assert after["available"] == before["available"] - task["credits"]["charged"]
    assert after["held"] == before["held"] == 0


def test_a_tenants_label_is_on_everything_and_consent_is_recorded(
    service: Service, media: dict[str, Path], environment: dict[str, str], tmp_path: Path
) -> None:
    said = {"statement": "Everybody shown has agreed.", "asserted_by": "user 17"}
    command = [sys.executable, "-m", "personae", "tenants", "label", "tests"]
    place = ["--place", "top-left", "--size", "0.1", "--data", str(service.data)]

    def label(*more: str) -> None:
        subprocess.run([*command, *more, *place], env=environment, check=True, capture_output=True)

    label("--pictures", "AI picture", "--videos", "AI video")
    try:
        with service.client() as client:
            donor = upload(client, media["donor.jpg"])
            for kind, name, text in (
                ("image", "scene.png", "AI picture"),
                ("video", "scene.mp4", "AI video"),
            ):
                body = wanted(kind, upload(client, media[name]), donor) | {"consent": said}
                shot = client.post("/swaps/preview", json=body).raise_for_status().json()
                task = finished(client, client.post("/swaps", json=body).json()["id"])
                assert task["result"]["label"] == text
                preview = httpx.get(shot["url"], trust_env=False).content
                for data, made in ((preview, "shot.jpg"), (output_of(task), name)):
                    (tmp_path / made).write_bytes(data)
                    assert is_labelled(tmp_path / made, text), made
                [record] = client.get("/consents", params={"limit": 1}).json()["items"]
                assert record["task_id"] == task["id"]
                assert {name: record[name] for name in said} == said
            body["output"] = {"label": {"text": "My own", "place": "top-left", "size": 0.1}}
            own = finished(client, client.post("/swaps", json=body).json()["id"])
            assert own["result"]["label"] == "My own"
            label("--enforced")
            ours = finished(client, client.post("/swaps", json=body).json()["id"])
            assert ours["result"]["label"] == "AI video"
    finally:
        label("--pictures", "", "--videos", "", "--not-enforced")


def is_labelled(path: Path, text: str) -> bool:
    """Whether the first frame has the label's strokes where they belong."""
    shown = look.frames(path)[0].rgb
    patch = draw_label(Label(text, "top-left", 0.1), (shown.shape[1], shown.shape[0]), draw_line)
    x0, y0, x1, y1 = patch.box
    seen, light = shown[y0:y1, x0:x1].mean(axis=2), patch.light[:, :, 0]
    return bool(seen[light > 250].mean() - seen[light < 17].mean() > 80)


def test_what_is_restored_says_so_and_costs_more(
    service: Service, media: dict[str, Path], tmp_path: Path
) -> None:
    with service.client() as client:
        donor = upload(client, media["donor.jpg"])
        for kind, name in (("image", "scene.png"), ("video", "scene.mp4")):
            body = wanted(kind, upload(client, media[name]), donor)
            plain = client.post("/swaps/estimate", json=body).json()["credits"]
            body |= {"restore": 0.5, "output": {"max_long_px": 240}}
            shot = client.post("/swaps/preview", json=body).json()
            assert shot["restorer"] == "classical"
            task = finished(client, client.post("/swaps", json=body).json()["id"])
            (tmp_path / name).write_bytes(output_of(task))
            assert max(library.probe(tmp_path / name).size_wh) == 240
            assert task["result"]["restorer"] == "classical"
            assert CLASSICAL_NOTE in task["result"]["warnings"]
            assert task["credits"]["charged"] == math.ceil(1.5 * plain)
    how = library.SwapOptions(restore=0.5, max_long_px=240, mark=None)
    library.swap_file(media["scene.png"], tmp_path / "own.png", media["donor.jpg"], options=how)
    own, theirs = (Image.open(tmp_path / name) for name in ("own.png", "scene.png"))
    assert own.tobytes() == theirs.tobytes()


def test_a_worker_killed_in_a_long_video_changes_nothing_of_it(
    service: Service, media: dict[str, Path], tmp_path: Path
) -> None:
    with service.client() as client:
        scene, donor = upload(client, media["scene.mp4"]), upload(client, media["donor.jpg"])
        calm = finished(
            client, client.post("/swaps", json=wanted("video", scene, donor)).json()["id"]
        )
        task_id = client.post("/swaps", json=wanted("video", scene, donor)).json()["id"]

        def under_way() -> bool:
            progress = client.get(f"/swaps/{task_id}").json()["progress"]
            return progress["percent"] > 20

        assert until(under_way)
        for pid in service.workers():
            os.kill(pid, signal.SIGKILL)
        disturbed = finished(client, task_id)
        balance = client.get("/account").json()["balance"]
    times, digest = picture_packets(output_of(calm), tmp_path / "calm.mp4")
    assert picture_packets(output_of(disturbed), tmp_path / "disturbed.mp4") == (times, digest)
    assert len(times) == FRAMES
    assert disturbed["credits"] == calm["credits"]
    assert balance["held"] == 0


def test_a_canceled_video_stops_within_a_second_and_costs_nothing(
    service: Service, media: dict[str, Path]
) -> None:
    with service.client() as client:
        scene, donor = upload(client, media["scene.mp4"]), upload(client, media["donor.jpg"])
        before = client.get("/account").json()["balance"]
        task_id = client.post("/swaps", json=wanted("video", scene, donor)).json()["id"]
        assert until(lambda: client.get(f"/swaps/{task_id}").json()["status"] == "running")
        assert client.post(f"/swaps/{task_id}/cancel").status_code == 200
        assert client.get(f"/swaps/{task_id}").json()["status"] == "canceled"
        assert client.post(f"/swaps/{task_id}/cancel").status_code == 409
        # The worker is free for the next task at once.
        picture = upload(client, media["scene.png"])
        quick = finished(
            client, client.post("/swaps", json=wanted("image", picture, donor)).json()["id"]
        )
        after = client.get("/account").json()["balance"]
    assert quick["status"] == "succeeded"
    assert after["available"] == before["available"] - quick["credits"]["charged"]
    assert after["held"] == 0


def test_what_is_deleted_is_gone_and_what_is_saved_stays(
    service: Service, media: dict[str, Path]
) -> None:
    with service.client() as client:
        scene, donor = upload(client, media["scene.png"]), upload(client, media["donor.jpg"])
        face = client.post("/faces", json={"name": "Ann", "asset_ids": [donor]})
        assert face.status_code == 201, face.text
        assert client.get(f"/assets/{donor}").json()["expires_at"] is None
        body = wanted("image", scene, donor)
        body["mappings"][0]["donor"] = {"face_id": face.json()["id"]}
        task = finished(client, client.post("/swaps", json=body).json()["id"])
        made = task["result"]["outputs"][0]
        assert httpx.get(made["url"], trust_env=False).status_code == 200
        assert client.delete(f"/swaps/{task['id']}").status_code == 204
        assert client.get(f"/swaps/{task['id']}").status_code == 404
        assert client.get(f"/assets/{made['asset_id']}").status_code == 404
        assert httpx.get(made["url"], trust_env=False).status_code == 404
        assert client.delete(f"/faces/{face.json()['id']}").status_code == 204
        assert client.get(f"/assets/{donor}").json()["expires_at"] is not None
        assert client.post("/swaps", json=body).status_code == 404
        assert client.post("/swaps/estimate", json={**body, "engine": "foo"}).status_code == 422


def test_messages_call_files_as_the_client_does(
    service: Service, media: dict[str, Path], site: tuple[str, Path], tmp_path: Path
) -> None:
    address, shown = site
    Image.fromarray(wall()).save(tmp_path / "wall.png")
    both = compose([Placed("hopper", 160, 150, 150), Placed("collins", 460, 150, 110)], (600, 300))
    Image.fromarray(both).save(tmp_path / "both.png")
    (shown / "notes.txt").write_text("This is no picture.")
    Image.fromarray(wall()).save(
        shown / "fade.gif", save_all=True, append_images=[Image.fromarray(wall() // 2)]
    )
    size_wh = wall().shape[1], wall().shape[0]
    clips.write_clip(
        shown / "empty.mp4", frames=60, size_wh=size_wh, pictures=(wall() for _ in range(60))
    )
    with service.client() as client:
        scene, donor = upload(client, media["scene.png"]), upload(client, media["donor.jpg"])
        clip, nobody = upload(client, media["scene.mp4"]), upload(client, tmp_path / "wall.png")
        two = upload(client, tmp_path / "both.png")

        def asked(body: dict[str, Any], url: str = "", **output: Any) -> dict[str, Any]:
            if url:
                body["scene"] = {"url": f"{address}/{url}"}
            answer = client.post("/swaps", json={**body, "output": output})
            assert answer.status_code == 202, answer.text
            return finished(client, answer.json()["id"])

        def refusal(*given: Any, **more: Any) -> str:
            return str(asked(*given, **more)["error"]["message"])

        no_face = f"No face was found in the donor wall.png ({nobody});"
        assert refusal(wanted("image", scene, nobody)).startswith(no_face)
        assert refusal(wanted("video", clip, nobody)).startswith(no_face)
        assert refusal(wanted("image", nobody, donor)).startswith(
            f"No face was found in the scene wall.png ({nobody});"
        )
        assert refusal(wanted("video", clip, donor), "empty.mp4").startswith(
            "No face was found in the scene empty.mp4 (from the URL);"
        )
        assert refusal(wanted("image", scene, donor), "notes.txt").startswith(
            "notes.txt (from the URL) is"
        )
        assert "output.crf" in refusal(wanted("video", clip, donor), "fade.gif", crf=20)
        warned = asked(wanted("image", scene, two))["result"]["warnings"]
        assert any(text.startswith(f"both.png ({two}) shows 2 faces") for text in warned), warned
        shot = client.post("/swaps/preview", json={**wanted("video", clip, nobody), "time_s": 1.0})
        assert shot.json()["detail"].startswith(no_face)


def test_the_books_balance_and_the_api_loads_no_pixels(service: Service) -> None:
    command = [sys.executable, "-m", "personae", "credits", "audit", "--data", str(service.data)]
    assert subprocess.run(command, check=False).returncode == 0
    maps = [one.path for one in psutil.Process(service.process.pid).memory_maps()]
    for name in ("numpy", "onnxruntime", "cv2", "/av/", "PIL"):
        assert not any(name in path for path in maps), name


def test_everything_ends_with_the_service_even_when_it_is_killed(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    running = start(tmp_path, environment)
    family = psutil.Process(running.process.pid).children(recursive=True)
    assert family
    running.process.kill()
    running.process.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    again = start(tmp_path, environment)
    again.process.terminate()
    assert again.process.wait(60) == 0

"""The content gate with its real network: library, command line, and a service of real processes.

What it refuses is a drawing in which there is nothing to see (`abstract`), or, under a limit set
far too low, anything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

import personae
from abstract import blots
from clips import write_clip
from e2e.test_service import Service, start
from faces import SIZE_WH, Name, Rgb, nodding
from passes import leftovers
from personae import chunked, library
from personae.check_client.receiver import Receiver
from personae.errors import PolicyRefused
from personae.requests.mappings import parts_of
from personae.requests.options import SwapOptions

Donors = Mapping[Name, personae.Donor]
Photos = Mapping[Name, Path]
QUICK: dict[str, Any] = {"preset": "ultrafast", "crf": 18}
GOP = {"crf": "12", "preset": "ultrafast", "g": "10", "sc_threshold": "0"}
FRAMES = 40
DONE_S = 120.0


def clip(path: Path, hot: range = range(0)) -> Path:
    """Somebody nods for 1.6 s; frames in `hot` are the drawing."""
    pictures: list[Rgb] = list(nodding("collins", FRAMES))
    for number in hot:
        pictures[number] = blots(SIZE_WH)
    return write_clip(path, pictures=pictures, frames=FRAMES, size_wh=SIZE_WH, options=GOP)


def test_a_clip_with_one_frame_too_much_is_refused_and_nothing_is_left(
    tmp_path: Path, donors: Donors
) -> None:
    scene = clip(tmp_path / "scene.mp4", range(25, 26))
    with pytest.raises(PolicyRefused) as refused:
        library.swap_video(scene, tmp_path / "out.mp4", donors["hopper"], **QUICK)
    assert (refused.value.role, refused.value.reason) == ("scene", "nsfw")
    assert refused.value.facts["time_s"] == 1.0
    assert refused.value.facts["score"] > 0.85
    assert leftovers(tmp_path) == ["scene.mp4"]
    off: dict[str, Any] = {"gate_scene": None, "gate_output": None}
    report = library.swap_video(scene, tmp_path / "out.mp4", donors["hopper"], **off, **QUICK)
    assert (report.frames, set(report.gate or {})) == (FRAMES, {"donor"})


def in_chunks(scene: Path, folder: Path, donor: personae.Donor, how: SwapOptions) -> Any:
    folder.mkdir()
    parts = parts_of(donor, "largest", None)
    plan = chunked.plan_chunks(scene, target_s=0.4)
    assert len(plan.chunks) == 4
    state: Path | None = None
    rendered: list[Path] = []
    for one in plan.chunks:
        after, plans = folder / f"{one.index}.state", folder / f"{one.index}.plans"
        steps: dict[str, Path | None] = {"state_in": state, "state_out": after}
        # Every other chunk is rendered with its analysis, the others later.
        at_once = folder / f"{one.index}.mp4" if one.index % 2 else None
        chunked.analyse_chunk(scene, one, parts, how, **steps, plans_out=plans, output=at_once)  # pyright: ignore[reportArgumentType]
        state = after
        if at_once is None:
            at_once = folder / f"{one.index}.mp4"
            chunked.render_chunk(scene, one, parts, how, plans=[plans], output=at_once)
        rendered.append(at_once)
    return chunked.join_chunks(scene, plan, rendered, how, folder / "out.mp4")


def test_in_chunks_the_same_frames_are_looked_at(tmp_path: Path, donors: Donors) -> None:
    scene = clip(tmp_path / "scene.mp4")
    how = SwapOptions(gate_every_s=0.3, **QUICK)
    whole = library.swap_video(scene, tmp_path / "out.mp4", donors["hopper"], options=how)
    assert whole.gate is not None
    assert (whole.gate["scene"]["looked"], whole.gate["output"]["looked"]) == (7, 6)
    assert in_chunks(scene, tmp_path / "chunks", donors["hopper"], how).gate == whole.gate
    for threads in (1, 4):
        again = SwapOptions(gate_every_s=0.3, threads=threads, **QUICK)
        told = library.swap_video(scene, tmp_path / "2.mp4", donors["hopper"], options=again)
        assert told.gate == whole.gate


@pytest.mark.parametrize("role", ["scene", "output"])
def test_in_chunks_as_much_is_too_much(tmp_path: Path, donors: Donors, role: str) -> None:
    """A limit that two frames exceed, seconds and chunks apart, and each of them just."""
    scene = clip(tmp_path / "scene.mp4")
    how = SwapOptions(gate_every_s=0.3, **QUICK)
    told = library.swap_video(scene, tmp_path / "out.mp4", donors["hopper"], options=how).gate
    assert told is not None
    for share, refuses in ((0.0, True), (1.01, False)):
        limit = told[role]["highest"] * share
        strict: dict[str, Any] = {f"gate_{role}": limit, "gate_every_s": 0.3, **QUICK}
        how = SwapOptions(**strict)
        folder = tmp_path / f"chunks{refuses}"
        if not refuses:
            assert in_chunks(scene, folder, donors["hopper"], how).frames == FRAMES
            continue
        with pytest.raises(PolicyRefused) as apart:
            in_chunks(scene, folder, donors["hopper"], how)
        with pytest.raises(PolicyRefused) as whole:
            library.swap_video(scene, tmp_path / "no.mp4", donors["hopper"], options=how)
        assert apart.value.role == whole.value.role == role
        assert apart.value.message == whole.value.message


def test_pictures_and_animations_too(tmp_path: Path, donors: Donors, photos: Photos) -> None:
    hot = tmp_path / "hot.png"
    Image.fromarray(blots()).save(hot)
    with pytest.raises(PolicyRefused, match="photo of the donor"):
        personae.prepare_donor(hot)
    with pytest.raises(PolicyRefused, match="The scene"):
        personae.swap(hot, donors["hopper"])
    with pytest.raises(PolicyRefused, match="The output"):
        personae.swap(photos["collins"], donors["hopper"], gate_output=0.0)
    with pytest.raises(PolicyRefused, match="photo of the donor"):
        personae.swap(photos["collins"], donors["hopper"], gate_donor=0.0)
    moving = tmp_path / "hot.gif"
    stills = [Image.fromarray(one) for one in [*nodding("collins", 4), blots(SIZE_WH)]]
    stills[0].save(moving, save_all=True, append_images=stills[1:], duration=100)
    with pytest.raises(PolicyRefused, match="The scene"):
        library.swap_file(moving, tmp_path / "out.gif", donors["hopper"])
    assert not (tmp_path / "out.gif").exists()


def test_the_command_line_says_it_in_a_code_of_its_own(tmp_path: Path, photos: Photos) -> None:
    hot, out = tmp_path / "hot.png", tmp_path / "out.png"
    Image.fromarray(blots()).save(hot)
    command = [sys.executable, "-m", "personae", "swap", str(hot), str(photos["collins"])]
    command += ["-o", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    told = json.loads(done.stdout)["error"]
    assert (told["code"], told["role"], told["reason"]) == ("policy_refused", "donor", "nsfw")
    done = subprocess.run(
        [*command, "--no-content-gate"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, "without the gate the drawing has no face"


# --- The service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environment = {**os.environ, "PERSONAE_FETCH_ALLOW": "127.0.0.1"}
    environment |= {"PERSONAE_GATE_SCENE": "0.0001", "PERSONAE_CHUNK_S": "1"}
    running = start(tmp_path_factory.mktemp("service"), environment)
    yield running
    running.process.terminate()
    running.process.wait(60)


@pytest.fixture(scope="module")
def native(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def upload(client: httpx.Client, path: Path) -> str:
    reply = client.post("/assets", files={"file": (path.name, path.read_bytes())})
    assert reply.status_code == 201, reply.text
    return reply.json()["id"]


def ended(client: httpx.Client, path: str) -> dict[str, Any]:
    ends = time.monotonic() + DONE_S
    while time.monotonic() < ends:
        told = client.get(path).json()
        if told["status"] in ("succeeded", "failed", "canceled"):
            return told
        time.sleep(0.1)
    raise AssertionError(f"{path} did not end within {DONE_S:.0f} s")


def test_the_service_refuses_and_gives_the_credits_back(
    native: httpx.Client, tmp_path: Path, photos: Photos
) -> None:
    before = native.get("/account").json()["balance"]
    donor, picture = upload(native, photos["hopper"]), upload(native, photos["collins"])
    video = upload(native, clip(tmp_path / "scene.mp4"))
    for media, scene in (("image", picture), ("video", video)):
        body: dict[str, Any] = {
            "media": media,
            "scene": {"asset_id": scene},
            "mappings": [{"donor": {"photos": [{"asset_id": donor}]}}],
        }
        asked = [("/swaps", native.post("/swaps", json=body).json()["id"])]
        preview = native.post("/swaps/preview", json=body)
        assert (preview.status_code, preview.json()["reason"]) == (403, "nsfw")
        found = {"media": media, "scene": {"asset_id": scene}}
        asked.append(("/detections", native.post("/detections", json=found).json()["id"]))
        for path, name in asked:
            told = ended(native, f"{path}/{name}")
            assert told["status"] == "failed"
            error = told["error"]
            assert (error["code"], error["role"], error["reason"]) == (
                "policy_refused",
                "scene",
                "nsfw",
            )
            assert not error["retryable"]
            assert "facts" not in error
    assert native.get("/account").json()["balance"] == before


def test_photos_of_a_saved_face_are_looked_at(native: httpx.Client, tmp_path: Path) -> None:
    hot = tmp_path / "hot.png"
    Image.fromarray(blots()).save(hot)
    body = {"name": "Nobody", "asset_ids": [upload(native, hot)]}
    reply = native.post("/faces", json=body)
    assert (reply.status_code, reply.json()["reason"]) == (403, "nsfw")


def test_crun_is_told_and_its_wish_counts_once_the_operator_lets_it(
    service: Service, photos: Photos
) -> None:
    headers = {"X-API-KEY": service.key}
    base = f"{service.url}/crun/api/v1/client"
    with Receiver() as told, httpx.Client(headers=headers, timeout=60, trust_env=False) as http:

        def call(method: str, path: str, **more: Any) -> Any:
            reply = http.request(method, f"{base}{path}", **more).json()
            assert reply["code"] == 200, reply
            return reply["data"]

        def put(path: Path) -> str:
            query = {"content_type": "image/png", "ext": ".png"}
            urls = call("GET", "/files/upload-url", params=query)
            kind = {"Content-Type": "image/png"}
            httpx.put(
                urls["presigned_url"], content=path.read_bytes(), headers=kind, trust_env=False
            )
            return str(urls["file_url"])

        scene, donor = put(photos["collins"]), put(photos["hopper"])
        given = {"image_url": scene, "new_face": donor, "disable_safety_checker": True}
        body = {"model": "image-face-swap", "input": given, "callback_url": told.url}

        def outcome() -> dict[str, Any]:
            name = call("POST", "/job/CreateTask", json=body)["task_id"]
            ends = time.monotonic() + DONE_S
            while time.monotonic() < ends:
                info = call("GET", "/job/TaskInfo", params={"task_id": name})
                if info["status"] in ("success", "failed"):
                    return dict(info)
                time.sleep(0.1)
            raise AssertionError(f"{name} did not end")

        before = call("GET", "/account/balance")["balance"]
        refused = outcome()
        assert (refused["status"], refused["result"]["code"]) == ("failed", 501)
        assert "nudity or sex" in refused["result"]["message"]
        assert call("GET", "/account/balance")["balance"] == before
        hook = told.find(lambda one: one.get("task_id") == refused["task_id"])
        ends = time.monotonic() + 20
        while hook is None and time.monotonic() < ends:
            time.sleep(0.1)
            hook = told.find(lambda one: one.get("task_id") == refused["task_id"])
        assert hook is not None
        admin(service, "--may-disable")
        allowed = outcome()
        assert allowed["status"] == "success", allowed
        admin(service, "--reset")
        assert outcome()["status"] == "failed"


def admin(service: Service, *options: str) -> None:
    command = [sys.executable, "-m", "personae", "tenants", "gate", "tests", *options]
    subprocess.run([*command, "--data", str(service.data), "--json"], check=True)

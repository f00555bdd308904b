"""Every example and every snippet of the SDK's pages, run as they are against a live service."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from e2e.test_service import Service, until
from personae_client import Client

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGES = [ROOT / "sdk" / "README.md", ROOT / "docs" / "sdk.md"]
DONE_S = 120


@pytest.fixture
def folder(media: dict[str, Path], tmp_path: Path) -> Path:
    """A folder with a scene as a picture and as a clip, and photos of a donor."""
    for name in ("scene.mp4", "scene.png"):
        shutil.copy(media[name], tmp_path)
    Image.open(media["scene.png"]).save(tmp_path / "scene.jpg", quality=95)
    for name in ("donor.jpg", "ann.jpg", "ann1.jpg", "ann2.jpg"):
        shutil.copy(media["donor.jpg"], tmp_path / name)
    return tmp_path


def run(service: Service, folder: Path, *command: str, **more: str) -> str:
    """What a command says; it must succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(service, **more),
        capture_output=True,
        text=True,
        timeout=DONE_S,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def environment(service: Service, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PERSONAE_URL": service.url,
        "PERSONAE_API_KEY": service.key,
        "PYTHONPATH": str(ROOT / "sdk" / "src"),
        "MPLBACKEND": "agg",
        "NO_PROXY": "127.0.0.1",
        **more,
    }


def test_the_python_script(service: Service, folder: Path, client: Client) -> None:
    script = str(EXAMPLES / "sdk_swap.py")
    told = run(service, folder, sys.executable, script, "scene.mp4", "ann1.jpg", "out.mp4")
    assert "succeeded: done, 100 %" in told
    assert client.inspect(folder / "out.mp4").verdict == "exact"
    failed = subprocess.run(
        [sys.executable, script, "nowhere.mp4", "ann1.jpg", "out.mp4"],
        cwd=folder,
        env=environment(service),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (failed.returncode, failed.stderr) == (
        1,
        "There is no file nowhere.mp4; check the path.\n",
    )


def test_the_shell_script(service: Service, folder: Path, client: Client) -> None:
    script = str(EXAMPLES / "curl.sh")
    told = run(service, folder, "sh", script, "image", "scene.png", "donor.jpg", "out.png")
    assert "saved as out.png" in told
    assert client.inspect(folder / "out.png").verdict == "exact"
    command = ["sh", script, "image", "donor.jpg", "/dev/null", "never.png"]
    failed = subprocess.run(
        command, cwd=folder, env=environment(service), capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    assert "media_unsupported" in failed.stderr or "media_unreadable" in failed.stderr


def test_the_javascript(service: Service, folder: Path, client: Client) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: examples/fetch.mjs is not run")
    script = str(EXAMPLES / "fetch.mjs")
    told = run(service, folder, node, script, "scene.png", "donor.jpg", "out.png")
    assert "succeeded: 100 %" in told
    assert client.inspect(folder / "out.png").verdict == "exact"
    failed = subprocess.run(
        [node, script, "scene.mp4", "donor.jpg", "out.mp4"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment(service, PERSONAE_API_KEY="pk_wrong"),
    )
    assert failed.returncode == 1
    assert "(unauthorized, req_" in failed.stderr


def test_the_notebook(service: Service, folder: Path) -> None:
    told = json.loads((EXAMPLES / "notebook.ipynb").read_text())
    cells = [one for one in told["cells"] if one["cell_type"] == "code"]
    assert all(one["outputs"] == [] and one["execution_count"] is None for one in cells)
    code = "\n\n".join("".join(one["source"]) for one in cells)
    (folder / "notebook.py").write_text(
        f"{code}\nassert _last == 'exact'\n".replace(
            "client.inspect(path).verdict", "_last = client.inspect(path).verdict"
        )
    )
    assert "succeeded: 100 %" in run(service, folder, sys.executable, "notebook.py")
    assert Image.open(folder / "swapped.png").size == (512, 512)


def test_the_receiver(service: Service, folder: Path, client: Client) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = client.webhooks.create(f"http://127.0.0.1:{port}/events", events=["task.succeeded"])
    told = environment(service, PORT=str(port), PERSONAE_WEBHOOK_SECRET=endpoint.secret)
    with (folder / "receiver.log").open("wb") as log:
        receiver = subprocess.Popen(
            [sys.executable, str(EXAMPLES / "webhook_receiver_fastapi.py")],
            cwd=folder,
            env=told,
            stdout=log,
            stderr=log,
        )
    try:
        assert until(lambda: "running on" in (folder / "receiver.log").read_text(), 60)
        task = client.swap(folder / "scene.png", folder / "donor.jpg")
        saved = folder / "outputs" / f"{task.id}.png"
        assert until(saved.exists, 60), (folder / "receiver.log").read_text()
        [sent] = client.webhooks.deliveries(endpoint_id=endpoint.id)
        assert until(lambda: client.webhooks.delivery(sent.id).status == "delivered")
        forged = subprocess.run(
            ["curl", "-s", "-o", "answer", "-w", "%{http_code}", "-d", "{}", endpoint.url],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        assert forged.stdout == "400"
    finally:
        client.webhooks.delete(endpoint.id)
        receiver.terminate()
        receiver.wait(30)


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_the_snippets_of(service: Service, folder: Path, page: Path) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    assert snippets
    for number, snippet in enumerate(snippets):
        # The folder of the run before, so that a page may go on where it was.
        (folder / f"snippet{number}.py").write_text(snippet)
        run(service, folder, sys.executable, f"snippet{number}.py")

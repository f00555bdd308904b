"""Against a live service: every call that a tenant's key may use, by every method there is."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from queue import Queue
from types import CodeType, FrameType
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from e2e.test_service import Service, until
from personae_client import (
    AsyncClient,
    Client,
    SwapMapping,
    SwapTask,
    UploadProgress,
    errors,
    models,
    verify_webhook,
)
from personae_client.client import BaseClient
from personae_client.core.side import Stream, operation
from personae_client.groups.account import Accounts
from personae_client.groups.assets import Assets
from personae_client.groups.detections import Detections
from personae_client.groups.faces import Faces
from personae_client.groups.keys import Keys
from personae_client.groups.protection import Register, Takedowns
from personae_client.groups.swaps import Swaps
from personae_client.groups.webhooks import Webhooks
from personae_client.models import Swap

GROUPS: tuple[type[Any], ...] = (
    *(BaseClient, SwapTask, Assets, Swaps, Detections, Faces, Accounts, Keys, Webhooks),
    *(Takedowns, Register),
)
Arrivals = Queue[tuple[dict[str, str], bytes]]


def test_a_swap_is_one_line(client: Client, media: dict[str, Path], tmp_path: Path) -> None:
    sent: list[UploadProgress] = []
    seen: list[Swap] = []
    task = client.swap(
        media["scene.png"], media["donor.jpg"], on_upload=sent.append, on_progress=seen.append
    )
    saved = task.save(tmp_path / "out.png")
    assert Image.open(saved).size == Image.open(media["scene.png"]).size
    assert {one.filename for one in sent} == {"scene.png", "donor.jpg"}
    assert sent[-1].sent_bytes == sent[-1].total_bytes == media["donor.jpg"].stat().st_size
    assert seen[-1].status == task.status == "succeeded"
    assert client.inspect(saved).verdict == "exact"
    assert [one.name for one in tmp_path.iterdir()] == ["out.png"]


def test_asyncio_does_the_same(service: Service, media: dict[str, Path], tmp_path: Path) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            client = AsyncClient(service.url, service.key, http=http)
            scene, donor = await asyncio.gather(
                client.upload(media["scene.png"].open("rb")),
                client.assets.upload(media["donor.jpg"].read_bytes(), direct=False),
            )
            assert scene.filename == "scene.png"
            tasks = await asyncio.gather(*(client.swap(scene, donor) for _ in range(2)))
            names = [await one.save(tmp_path / f"{one.id}.png") for one in tasks]
            assert [(await client.inspect(one)).verdict for one in names] == ["exact"] * 2
            states = [one async for one in client.swaps.watch(tasks[0].id)]
            assert states[-1].status == "succeeded"
            listed = [one.id async for one in client.swaps.list(page_size=1)]
            assert {one.id for one in tasks} <= set(listed)
            with pytest.raises(errors.NotFound):
                await client.assets.get(tasks[0].id.replace("task", "asset"))

    asyncio.run(main())


def test_a_page_like_the_readme_is_three_lines(
    service: Service, media: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONAE_URL", f"{service.url}/native/v1/")
    monkeypatch.setenv("PERSONAE_API_KEY", f" {service.key}\n")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Client() as client:
        client.swap(media["scene.png"], media["donor.jpg"]).save(tmp_path / "out.png")
    assert (tmp_path / "out.png").exists()
    assert service.key not in repr(client)
    assert service.key not in repr(client.config)
    monkeypatch.delenv("PERSONAE_API_KEY")
    with pytest.raises(errors.ConfigurationError, match="PERSONAE_API_KEY"):
        Client()
    for url, key in (("ftp://x", "pk_1"), (service.url, "pk_1\r\nX: y")):
        with pytest.raises(errors.ConfigurationError):
            Client(url, key)


@contextmanager
def called_functions() -> Iterator[set[CodeType]]:
    """The code of every function that is entered meanwhile."""
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(None)


@contextmanager
def receiver() -> Iterator[tuple[str, Arrivals]]:
    """An address for events, and what arrives there."""
    arrivals: Arrivals = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrivals.put((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/events", arrivals
        server.shutdown()


def test_every_operation_has_a_method_and_every_method_works(
    service: Service, media: dict[str, Path], tmp_path: Path
) -> None:
    asked: set[tuple[str, str]] = set()

    def note(request: httpx.Request) -> None:
        asked.add((request.method, request.url.path))

    hooks = {"request": [note]}
    with (
        httpx.Client(timeout=60, trust_env=False, event_hooks=hooks) as http,
        called_functions() as called,
    ):
        client = Client(service.url, service.key, http=http)
        asset = _assets(client, media, tmp_path)
        _swaps(client, media, tmp_path)
        _people(client, media, asset)
        _account(client)
        _keys(client, service)
        _webhooks(client)
        _protection(client, media)
        document = http.get(f"{service.url}/openapi.json").json()
    missing = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/native/v1/") and not path.startswith("/native/v1/admin/")
        if not any(_fits(path, method, one) for one in asked)
    ]
    assert not missing, f"the client has no call for {missing}"
    unused = [
        f"{group.__name__}.{name}"
        for group in GROUPS
        for name, value in vars(group).items()
        if isinstance(value, (operation, Stream)) and value.steps.__code__ not in called
    ]
    assert not unused, unused


def _fits(path: str, method: str, asked: tuple[str, str]) -> bool:
    pattern = re.sub(r"\{[^}]*\}", "[^/]+", path)
    return asked[0] == method.upper() and re.fullmatch(pattern, asked[1]) is not None


def _assets(client: Client, media: dict[str, Path], folder: Path) -> models.Asset:
    data = media["donor.jpg"].read_bytes() + b"of this test alone"
    whole = client.assets.upload(data, filename="../../etc/ann.jpg", direct=False)
    assert whole.filename == "ann.jpg"
    assert client.assets.upload(data, filename="ann.jpg", direct=False).id == whole.id
    straight = client.upload(BytesIO(data))
    assert straight.sha256 == whole.sha256
    assert client.assets.get(whole.id).facts == whole.facts
    there = client.assets.url(whole.id, ttl_s=60)
    imported = client.assets.import_url(there.url)
    assert imported.sha256 == whole.sha256
    listed = [one.id for one in client.assets.list(page_size=1)]
    assert {straight.id, whole.id, imported.id} <= set(listed)
    assert len(listed) == len(set(listed))
    assert imported.id in [one.id for one in client.assets.list(role="upload")]
    progress: list[tuple[int, int | None]] = []
    saved = client.assets.download(
        whole.id, folder, on_download=lambda here, total: progress.append((here, total))
    )
    assert saved == folder / "ann.jpg"
    assert saved.read_bytes() == data
    assert progress[-1] == (len(data), len(data))
    plain = client.assets.download(whole.id, folder / "plain.jpg", direct=False)
    assert plain.read_bytes() == data
    client.assets.delete(imported.id)
    with pytest.raises(errors.NotFound) as caught:
        client.assets.get(imported.id)
    assert caught.value.status == 404
    assert str(caught.value.request_id) in str(caught.value)
    return whole


def _swaps(client: Client, media: dict[str, Path], folder: Path) -> None:
    clip, donor = client.upload(media["scene.mp4"]), client.upload(media["donor.jpg"])
    engines = client.engines()
    assert "mesh" in [one.name for one in engines.engines]
    estimate = client.estimate(clip, donor, restore=0.5, end_s=0.2)
    assert estimate.affordable
    shown = client.preview(clip, donor, time_s=0.2, save_to=folder / "preview.jpg")
    assert shown.faces_swapped == 1
    assert Image.open(folder / "preview.jpg").size == (320, 240)

    def submit() -> SwapTask[Any]:
        return client.submit(
            media["scene.mp4"],
            media["donor.jpg"],
            label="Ada",
            priority="high",
            idempotency_key="once-only",
            consent={"statement": "All agreed.", "asserted_by": "Ada"},
            output={"container": "mkv", "stills": True, "label": {"text": "AI"}},
            engine="mesh",
            engine_options={"restorer": "off"},
        )

    task = submit()
    assert submit().id == task.id
    states = list(task.watch(timeout_s=60))
    assert states[-1].final
    assert task.state == states[-1]
    assert [one.id for one in client.swaps.watch(task.id)][-1] == task.id
    done = client.resume(task.id).wait(timeout_s=60)
    assert (done.label, done.priority) == ("Ada", "high")
    assert done.result is not None
    assert done.result.label == "AI"
    assert done.result.cover is not None
    assert client.swaps.wait(task.id).id == client.swaps.get(task.id).id == done.id
    assert task.save(folder / "out.mkv").read_bytes()[:4] == b"\x1aE\xdf\xa3"
    assert task.refresh().status == "succeeded"
    with pytest.raises(errors.Conflict):
        task.cancel()
    _failing(client, donor)
    _canceled(client, clip, donor)
    task.delete()
    with pytest.raises(errors.NotFound):
        client.swaps.get(task.id)
    assert task.id not in [one.id for one in client.swaps.list(status=("succeeded", "failed"))]
    assert list(client.swaps.list(words="no such words", media="video", engine="mesh")) == []
    assert list(client.swaps.list(until=datetime(2020, 1, 1, tzinfo=UTC))) == []


def _failing(client: Client, donor: models.Asset) -> None:
    wall = client.upload(_picture(np.full((120, 160, 3), 120, np.uint8)), filename="wall.png")
    with pytest.raises(errors.FaceNotFound) as caught:
        client.swap(wall, donor, timeout_s=60)
    assert caught.value.role == "scene"
    failed = caught.value.task
    assert isinstance(failed, models.Swap)
    assert failed.credits.charged == 0
    again = client.swaps.retry(failed.id)
    assert again.id != failed.id
    with pytest.raises(errors.FaceNotFound):
        client.swaps.wait(again.id)
    third = client.resume(failed.id).retry()
    with pytest.raises(errors.FaceNotFound):
        third.save("never.png")
    assert {failed.id, again.id, third.id} <= {one.id for one in client.swaps.list(status="failed")}
    client.swaps.delete(third.id)


def _canceled(client: Client, clip: models.Asset, donor: models.Asset) -> None:
    running, waiting = client.submit(clip, donor), client.submit(clip, donor)
    with pytest.raises(errors.TimedOut, match=r"swaps\.wait"):
        waiting.wait(timeout_s=0)
    assert waiting.cancel().status == "canceled"
    assert waiting.cancel().status == "canceled"
    with pytest.raises(errors.Canceled):
        waiting.wait()
    assert client.swaps.cancel(waiting.id).final
    assert running.wait(timeout_s=60).final


def _picture(rgb: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


def _people(client: Client, media: dict[str, Path], donor: models.Asset) -> None:
    found = client.detect(media["scene.mp4"], consent={"statement": "All agreed."})
    assert found.faces is not None
    [face] = found.faces
    assert client.detections.get(found.id, landmarks=True).faces is not None
    saved = client.faces.save("Ada", [donor, media["donor.jpg"]])
    assert client.faces.get(saved.id) == saved
    assert saved.id in [one.id for one in client.faces.list(page_size=1)]
    for mapping in (
        SwapMapping(saved, track=(found, face.face_id)),
        SwapMapping(saved, like=media["scene.png"]),
        SwapMapping([donor], face=0),
        SwapMapping(donor, face="all"),
    ):
        assert client.estimate(found.scene, mappings=[mapping], start_s=0.1).credits > 0
    task = client.swap(found.scene, mappings=[SwapMapping(saved, track=(found, face.face_id))])
    assert task.state.result is not None
    assert task.state.result.faces_swapped
    client.faces.delete(saved.id)
    submitted = client.detections.submit(media["scene.mp4"])
    assert client.detections.cancel(submitted.id).status == "canceled"
    assert client.detections.wait(found.id).id == found.id
    assert submitted.id in [one.id for one in client.detections.list(page_size=2)]
    client.detections.delete(submitted.id)


def _account(client: Client) -> None:
    account = client.account.get()
    assert account.balance.spent > 0
    entries = list(client.account.ledger(page_size=7))
    assert sum(one.amount for one in entries) == 0
    now = datetime.now(UTC)
    usage = client.account.usage(since=now - timedelta(days=1), until=now)
    assert sum(one.credits for one in usage.items) == account.balance.spent
    longest = client.account.retention().longest
    kept = client.account.change_retention({"previews": 60.0})
    assert (kept.in_force.previews, kept.longest) == (60, longest)
    assert client.account.change_retention({"previews": None}).in_force == longest
    with pytest.raises(errors.NotFound):
        client.account.standing_consent()
    said = client.account.assert_consent("All agreed.", "Ada", until=now + timedelta(days=1))
    assert client.account.standing_consent() == said
    client.account.withdraw_consent()
    records = list(client.account.consents(since=now - timedelta(days=1)))
    assert "request" in {one.how for one in records}
    lines = list(client.account.audit(page_size=20))
    assert len(lines) > 20
    assert {one.action for one in client.account.audit(action=lines[-1].action)} == {
        lines[-1].action
    }


def _keys(client: Client, service: Service) -> None:
    made = client.keys.create(
        "reader", scopes=["account:read"], expires_at=datetime.now(UTC) + timedelta(hours=1)
    )
    assert made.key not in repr(made)
    with httpx.Client(trust_env=False) as http:
        reader = Client(service.url, made.key, http=http)
        assert reader.account.get().id == client.account.get().id
        with pytest.raises(errors.Forbidden, match="scope") as caught:
            next(reader.assets.list())
        assert caught.value.hint
    assert client.keys.get(made.id).scopes == ("account:read",)
    assert made.id in [one.id for one in client.keys.list()]
    current = client.keys.current()
    assert (current.operator, current.tenant_id) == (False, client.account.get().id)
    assert current.service.version
    assert client.keys.revoke(made.id).revoked_at is not None


def _webhooks(client: Client) -> None:
    with receiver() as (url, arrivals):
        made = client.webhooks.create(url, events=["task.succeeded"])
        assert made.secret not in repr(made)
        sent = client.webhooks.test(made.id)
        headers, body = arrivals.get(timeout=30)
        event = verify_webhook(headers, body, made.secret)
        assert (event.id, event.type) == (sent.event_id, "webhook.test")
        renewed = client.webhooks.rotate_secret(made.id)
        assert until(lambda: client.webhooks.delivery(sent.id).status == "delivered")
        again = client.webhooks.redeliver(sent.id)
        headers, body = arrivals.get(timeout=30)
        for secrets in (made.secret, renewed.secret, [made.secret, renewed.secret]):
            assert verify_webhook(headers, body, secrets).id == event.id
        with pytest.raises(errors.WebhookRefused):
            verify_webhook(headers, body + b" ", [made.secret, renewed.secret])
        full = client.webhooks.delivery(sent.id)
        assert full.tries[0].status == 204
        assert full.body == json.loads(body)
        listed = [one.id for one in client.webhooks.deliveries(endpoint_id=made.id, page_size=1)]
        assert listed == [again.id, sent.id]
        assert client.webhooks.update(made.id, enabled=False, events=[]).enabled is False
        assert client.webhooks.get(made.id).events == ()
        assert made.id in [one.id for one in client.webhooks.list()]
        client.webhooks.delete(made.id)


def _protection(client: Client, media: dict[str, Path]) -> None:
    person = client.register.protect(media["scene.png"], name="Eileen", applies_to="scene")
    assert client.register.get(person.id).name == "Eileen"
    assert [one.id for one in client.register.list(search="Eileen")] == [person.id]
    with pytest.raises(errors.PolicyRefused) as caught:
        client.swap(media["scene.png"], media["donor.jpg"])
    assert (caught.value.reason, caught.value.role) == ("register", "scene")
    client.register.forget(person.id)
    asset = client.upload(media["scene.png"])
    gone = client.takedowns.create(asset.id, "Asked to.")
    assert client.takedowns.create(asset.id, "Asked to.").id == gone.id
    assert asset.id in client.takedowns.get(gone.id).assets
    assert gone.id in [one.id for one in client.takedowns.list()]
    assert client.inspect(media["scene.png"]).verdict == "unknown"


NAMES = {
    "Engine": "EngineShown",
    "Licence": "LicenceShown",
    "Mark": "MarkShown",
    "Origin": "OriginShown",
    "Preview": "PreviewShown",
    "Quality": "QualityShown",
    "Retention": "RetentionShown",
    "Step": "StepShown",
    "Inspection": "InspectionShown",
    "StandingConsent": "Standing",
    "ConsentRecord": "Record",
    "LedgerEntry": "Entry",
    "ProtectedPerson": "Person",
    "ProtectedPersonMade": "PersonMade",
    "SavedFace": "Face",
    "TaskCredits": "CreditsOfTask",
    "KeepTimes": "Times",
    "ServiceFacts": "Service",
}
"""What the document calls it, where that is something else."""


def test_the_models_have_what_the_document_says(service: Service) -> None:
    document = httpx.get(f"{service.url}/openapi.json", trust_env=False).json()
    schemas = document["components"]["schemas"]
    for name in models.__all__:
        if name == "Model":
            continue
        kind = getattr(models, name)
        fields = set(kind.__dataclass_fields__) - {"raw"}
        assert fields == set(schemas[NAMES.get(name, name)]["properties"]), name

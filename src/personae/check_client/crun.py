"""A client of crun.ai: single swaps, then detection and swaps of several faces."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.check_client.session import Session

_API = "/api/v1/client"
_DETECT_TASK_ID_CHARS, _DETECT_ID_CHARS = 18, 11
_DONE, _OVER = ("success", "failed"), ("succeeded", "failed")
_INFO = {
    "task_id",
    "provider",
    "model_version",
    "status",
    "param",
    "create_at",
    "result",
    "duration_s",
    "complete_at",
    "source",
}


class Client:
    """Its calls.

    Parameters
    ----------
    session : Session
        Connections, credentials, media.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.addresses: dict[Path, str] = {}

    def call(self, method: str, path: str, **more: Any) -> Any:
        """The data of a call that works.

        Raises
        ------
        AssertionError
            If it does not.
        """
        headers = {"x-api-key": self.session.credentials.key}
        answer = self.session.http.request(method, f"{_API}{path}", headers=headers, **more)
        told = answer.json()
        self.session.expect(set(told) == {"code", "message", "data"}, f"another envelope: {told}")
        self.session.expect(told["code"] == 200, f"{told['code']}: {told['message']}")
        return told["data"]

    def refusal(self, method: str, path: str, **more: Any) -> int:
        """The code of a call that has to be refused."""
        told = self.session.http.request(method, f"{_API}{path}", **more).json()
        self.session.expect({"code", "message"} <= set(told), f"another envelope: {told}")
        return int(told["code"])

    def upload(self, path: Path) -> str:
        """The address of a file of ours on their storage; each goes there once."""
        if path not in self.addresses:
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            query = {"content_type": kind, "ext": path.suffix.lower()}
            urls = self.call("GET", "/files/upload-url", params=query)
            data = path.read_bytes()
            put = self.session.http.put(
                urls["presigned_url"], content=data, headers={"Content-Type": kind}
            )
            self.session.expect(put.is_success, f"the upload was answered {put.status_code}")
            self.addresses[path] = str(urls["file_url"])
        return self.addresses[path]

    def create(self, model: str, given: Mapping[str, Any]) -> str:
        """The name of a new task."""
        body: dict[str, Any] = {"model": model, "input": dict(given)}
        if self.session.receiver is not None:
            body["callback_url"] = self.session.receiver.url
        return str(self.call("POST", "/job/CreateTask", json=body)["task_id"])

    def finished(self, task_id: str) -> dict[str, Any]:
        """TaskInfo of a task once it has worked."""

        def look() -> dict[str, Any] | None:
            told: dict[str, Any] = self.call("GET", "/job/TaskInfo", params={"task_id": task_id})
            return told if told["status"] in _DONE else None

        info = self.session.poll(look, "the task's end")
        missing = _INFO - set(info)
        self.session.expect(not missing, f"TaskInfo lacks {sorted(missing)}")
        result = info["result"]
        self.session.expect(info["status"] == "success", f"the task failed: {result}")
        self.session.expect(result["code"] == 200, f"a success with code {result['code']}")
        self.session.download(result["media_urls"][0])
        return info

    def swap(self, model: str, given: Mapping[str, Any]) -> str:
        """Make a task and wait for its file; its name."""
        task_id = self.create(model, given)
        info = self.finished(task_id)
        self.session.expect(info["param"]["model"] == model, "param names another model")
        return task_id

    def detect(self, kind: str, path: Path) -> dict[str, Any]:
        """The result of a search for faces."""
        body = {f"{kind}_url": self.upload(path)}
        name = self.call("POST", f"/job/detect-face-{kind}", json=body)["detect_task_id"]
        self.session.expect(len(name) == _DETECT_TASK_ID_CHARS, f"an odd detect_task_id: {name}")

        def look() -> dict[str, Any] | None:
            query = {"detect_task_id": name}
            told: dict[str, Any] = self.call("GET", "/job/detect-face-result", params=query)
            return told if told["status"] in _OVER else None

        told = self.session.poll(look, "the detection's end")
        self.session.expect(told["status"] == "succeeded", f"it failed: {told['error']}")
        result: dict[str, Any] = told["result"]
        self.session.expect(result["status"] == "succeed", f"status {result['status']}")
        self.session.expect(len(result["id"]) == _DETECT_ID_CHARS, f"an odd id: {result['id']}")
        self.session.expect(len(result["faces"]) >= 2, f"{len(result['faces'])} faces found")
        for face in result["faces"]:
            self.session.download(face["link"])
        return result


def play(session: Session) -> None:
    """The whole session."""
    client = Client(session)
    _look_around(session, client)
    _swap_one(session, client)
    for kind, path in (("image", session.media.group), ("video", session.media.video)):
        _swap_several(session, client, kind, path)
    _go_wrong(session, client)


def _look_around(session: Session, client: Client) -> None:
    media = session.media
    with session.step("balance"):
        balance = client.call("GET", "/account/balance")["balance"]
        session.expect(isinstance(balance, int | float), f"a balance of {balance!r}")
    with session.step("models"):
        for model in ("image-face-swap-multi", "video-face-swap-multi"):
            session.expect(client.call("GET", f"/job/Models/{model}"), f"no {model}")
    with session.step("upload"):
        for path in (media.scene, media.donor, media.group, media.video):
            client.upload(path)


def _swap_one(session: Session, client: Client) -> None:
    media, task_id = session.media, None
    with session.step("estimate"):
        given = {"image_url": client.upload(media.scene), "new_face": client.upload(media.donor)}
        body = {"model": "image-face-swap", "input": given}
        told = client.call("POST", "/job/EstimateTask", json=body)
        session.expect(told["affordable"] is True, f"not affordable: {told}")
    with session.step("image-face-swap"):
        given = {
            "image_url": client.upload(media.scene),
            "new_face": client.upload(media.donor),
            "disable_safety_checker": False,
        }
        task_id = client.swap("image-face-swap", given)
    with session.step("callback"):
        name = session.need(task_id, "finished task")
        told = session.webhook(lambda body: body.get("task_id") == name)
        session.expect(told["status"] == "success", f"the callback says {told['status']}")
        session.download(told["result"]["media_urls"][0])
    with session.step("image-face-swap of files elsewhere"):
        given = {
            "image_url": session.address_of(media.scene),
            "new_face": session.address_of(media.donor),
        }
        client.swap("image-face-swap", given)
    with session.step("video-face-swap"):
        given = {"video_url": client.upload(media.video), "new_face": client.upload(media.donor)}
        client.swap("video-face-swap", given)


def _swap_several(session: Session, client: Client, kind: str, path: Path) -> None:
    found: dict[str, Any] | None = None
    model = f"{kind}-face-swap-multi"
    with session.step(f"detect-face-{kind}"):
        found = client.detect(kind, path)
    with session.step(model):
        result = session.need(found, "detection")
        donors = (client.upload(session.media.second_donor), client.upload(session.media.donor))
        faces = [
            {"face_id": face["id"], "target": donor}
            for face, donor in zip(result["faces"], donors, strict=False)
        ]
        given = {"detect_id": result["id"], f"{kind}_url": client.upload(path), "faces": faces}
        client.swap(model, given)
    with session.step(f"{model}, one face kept"):
        result = session.need(found, "detection")
        kept, changed = result["faces"][:2]
        faces = [
            {"face_id": kept["id"], "target": kept["link"]},
            {"face_id": changed["id"], "target": client.upload(session.media.donor)},
        ]
        given = {"detect_id": result["id"], f"{kind}_url": client.upload(path), "faces": faces}
        client.swap(model, given)


def _go_wrong(session: Session, client: Client) -> None:
    key = {"x-api-key": session.credentials.key}
    with session.step("401 without a key"):
        code = client.refusal("GET", "/account/balance")
        session.expect(code == 401, f"code {code}")
    with session.step("404 of a task that is not there"):
        query = {"task_id": "task_12345678"}
        code = client.refusal("GET", "/job/TaskInfo", params=query, headers=key)
        session.expect(code == 404, f"code {code}")
    with session.step("422 of an unknown detection"):
        given = {
            "detect_id": "m1oZzqYp9dN",
            "image_url": client.upload(session.media.group),
            "faces": [{"face_id": 0, "target": client.upload(session.media.donor)}],
        }
        body = {"model": "image-face-swap-multi", "input": given}
        code = client.refusal("POST", "/job/CreateTask", json=body, headers=key)
        session.expect(code == 422, f"code {code}")

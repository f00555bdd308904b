"""A session of A2E's client: faces, previews, swaps, records, webhooks, uploads, coins."""

from __future__ import annotations

import mimetypes
import re
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx

from personae.check_client.session import Session

_API = "/api/v1"
_TOKEN = "a token of the client's own"
_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_NEW = {
    "name": str,
    "video_url": str,
    "duration": int,
    "face_url": str,
    "current_status": str,
    "result_url": str,
    "error_code": str,
    "faild_message": (str, type(None)),
    "_id": str,
    "createdAt": str,
    "updatedAt": str,
}
"""Fields of a task as the page of ``add`` lists them; a record has three times besides."""
_TIMES = ("initialized_time", "processing_time", "completed_time")


class _Client:
    """The vendor's calls."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._headers = {"Authorization": f"Bearer {session.credentials.key}"}

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A call, whatever is answered."""
        headers = {**self._headers, **more.pop("headers", {})}
        return self._session.http.request(method, f"{_API}/{path}", headers=headers, **more)

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """The ``data`` of an answer whose ``code`` is 0."""
        more: dict[str, Any] = {} if body is None else {"json": body}
        answer = self.send(method, path, params=query or None, **more)
        expect = self._session.expect
        expect(answer.status_code == 200, f"HTTP {answer.status_code}: {answer.text[:300]}")
        told = answer.json()
        expect(told.get("code") == 0, f"code is {told.get('code')!r}: {answer.text[:300]}")
        return told["data"]

    def upload(self, path: Path) -> str:
        """PUT a file to storage; what to call it in requests."""
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        body = {"key": path.name, "contentType": kind, "contentLength": path.stat().st_size}
        told = self.call("POST", "r2/upload-presigned-url", body)
        put = httpx.put(
            told["uploadUrl"],
            content=path.read_bytes(),
            headers={"Content-Type": kind},
            timeout=60.0,
        )
        self._session.expect(put.is_success, f"the upload answered {put.status_code}")
        return str(told["cdnUrl"])

    def finished(self, name: str) -> dict[str, Any]:
        """A task's record once it has ended, which has to be well."""

        def look() -> dict[str, Any] | None:
            [told] = self.call("GET", "userFaceSwapTask/status", _id=name)
            return told if told["current_status"] in ("completed", "failed") else None

        told = self._session.poll(look, "the task")
        why = told["faild_message"]
        self._session.expect(told["current_status"] == "completed", f"the task failed: {why}")
        return dict(self.call("GET", f"userFaceSwapTask/{name}"))


def play(session: Session) -> None:
    """Everything that the vendor's pages of face swapping describe."""
    client, expect = _Client(session), session.expect
    with session.step("remaining coins"):
        told = client.call("GET", "user/remainingCoins")
        expect(isinstance(told["coins"], int), f"coins are {told['coins']!r}")
        expect(isinstance(told["diamonds"], int), f"diamonds are {told['diamonds']!r}")
    links: dict[str, str] = {}
    for name in ("donor", "scene", "video"):
        with session.step(f"upload of the {name}"):
            links[name] = client.upload(getattr(session.media, name))
            session.download(links[name])
    with session.step("transfer to storage"):
        address = session.address_of(session.media.donor)
        copy = client.call("POST", "tos/transferToStorage", {"url": address})["url"]
        same = session.download(copy) == session.media.donor.read_bytes()
        expect(same, "the copy has other bytes")
    _faces(session, client, links.get("donor"))
    _preview(session, client, links)
    _swap(session, client, links, "scene")
    _swap(session, client, links, "video")
    _records(session, client)
    _mistakes(session, client)


def _faces(session: Session, client: _Client, donor: str | None) -> None:
    """Keep a face, list it, forget it."""
    added: dict[str, Any] = {}
    with session.step("add to the face library"):
        face_url = session.need(donor, "uploaded donor")
        added = client.call("POST", "userFaceSwapImage/add", {"face_url": face_url})[0]
        session.expect(added["face_url"] == face_url, "face_url is not what was sent")
        session.expect(_ID.fullmatch(added["_id"]), f"{added['_id']!r} is no id")
    with session.step("list of the face library"):
        name = session.need(added.get("_id"), "saved face")
        rows = client.call("GET", "userFaceSwapImage/records")
        session.expect(name in [one["_id"] for one in rows], "the face is not listed")
    with session.step("delete from the face library"):
        name = session.need(added.get("_id"), "saved face")
        client.call("DELETE", f"userFaceSwapImage/{name}")
        rows = client.call("GET", "userFaceSwapImage/records")
        session.expect(name not in [one["_id"] for one in rows], "the face is still listed")


def _preview(session: Session, client: _Client, links: dict[str, str]) -> None:
    """See one picture of a swap."""
    with session.step("preview"):
        body = {
            "face_url": session.need(links.get("donor"), "uploaded donor"),
            "video_url": session.need(links.get("video"), "uploaded video"),
        }
        made = client.call("POST", "userFaceSwapPreview/add", body)
        session.expect(_ID.fullmatch(made["user_id"]), f"user_id is {made['user_id']!r}")

        def look() -> dict[str, Any] | None:
            told = client.call("GET", "userFaceSwapPreview/status", _id=made["_id"])
            return told if told["current_status"] in ("completed", "failed") else None

        told = session.poll(look, "the preview")
        why = told.get("faild_message")
        session.expect(told["current_status"] == "completed", f"the preview failed: {why}")
        session.download(told["result_url"])


def _swap(session: Session, client: _Client, links: dict[str, str], target: str) -> None:
    """Swap in a picture or a video, and be told of it."""
    row: dict[str, Any] = {}
    with session.step(f"add a task on the {target}"):
        body: dict[str, Any] = {
            "name": f"check of the {target}",
            "face_url": session.need(links.get("donor"), "uploaded donor"),
            "video_url": session.need(links.get(target), f"uploaded {target}"),
        }
        if session.receiver is not None:
            body |= {"webhook_url": session.receiver.url, "webhook_token": _TOKEN}
        row = client.call("POST", "userFaceSwapTask/add", body)
        _check_fields(session, row)
        session.expect(row["current_status"] == "initialized", f"it is {row['current_status']}")
        session.expect(row["error_code"] == row["result_url"] == "", "it has ended already")
    with session.step(f"result of the task on the {target}"):
        name = session.need(row.get("_id"), "task")
        told = client.finished(name)
        _check_fields(session, told)
        for one in _TIMES:
            session.expect(_TIME.fullmatch(str(told[one])), f"{one} is {told[one]!r}")
        session.expect(told["error_code"] == "0", f"error_code is {told['error_code']!r}")
        session.expect((told["duration"] > 0) == (target == "video"), "duration is wrong")
        session.download(told["result_url"])
    with session.step(f"webhook of the task on the {target}"):
        name = session.need(row.get("_id"), "task")
        told = session.webhook(lambda body: _of(body, name))
        session.expect(told["event"] == "task.completed", f"the event is {told['event']!r}")
        session.download(told["data"]["result_url"])
        tokens = [
            {key.lower(): value for key, value in one.headers.items()}.get("x-a2e-webhook-token")
            for one in session.need(session.receiver, "receiver").received
            if _of(one.body, name)
        ]
        session.expect(set(tokens) == {_TOKEN}, f"webhook tokens are {tokens}")


def _records(session: Session, client: _Client) -> None:
    """Page through the tasks, look at several, delete one."""
    rows: list[dict[str, Any]] = []
    with session.step("records"):
        told = client.call("GET", "userFaceSwapTask/records", pageNum="1", pageSize="10")
        rows = told["rows"]
        session.expect(told["count"] >= len(rows) > 0, "nothing is listed")
        for row in rows:
            _check_fields(session, row)
        times = [row["createdAt"] for row in rows]
        session.expect(times == sorted(times, reverse=True), "the newest is not first")
    with session.step("details of several tasks"):
        names = [row["_id"] for row in rows]
        session.need(names or None, "task")
        told = client.call("POST", "userFaceSwapTask/batchDetail", {"ids": names})
        session.expect({one["_id"] for one in told} == set(names), "not all are told")
        detail = client.call("GET", "userFaceSwapTask/detail", _id=names[0])
        session.expect(detail["_id"] == names[0], "another task is told")
    with session.step("delete a task"):
        name = session.need(rows[0] if rows else None, "task")["_id"]
        client.call("DELETE", f"userFaceSwapTask/{name}")
        answer = client.send("GET", f"userFaceSwapTask/{name}")
        session.expect(answer.json()["code"] != 0, "the task is still there")


def _mistakes(session: Session, client: _Client) -> None:
    """What the vendor documents of errors."""
    with session.step("a wrong token is refused"):
        wrong = {"Authorization": "Bearer sk_wrong"}
        _refused(session, client.send("GET", "user/remainingCoins", headers=wrong), 401)
    with session.step("a wrong id is refused"):
        _refused(session, client.send("GET", "userFaceSwapTask/x"), 400)
    with session.step("a wrong page is refused"):
        _refused(session, client.send("GET", "userFaceSwapTask/records?pageNum=0"), 400)
    with session.step("a task without a face is refused"):
        body = {"name": "x", "video_url": "https://example.com/v.mp4"}
        _refused(session, client.send("POST", "userFaceSwapTask/add", json=body), 400)


def _of(body: dict[str, Any], name: str) -> bool:
    """Whether a webhook is about a task."""
    data: Any = body.get("data")
    return isinstance(data, dict) and cast("dict[str, Any]", data).get("_id") == name


def _refused(session: Session, answer: httpx.Response, status: int) -> None:
    session.expect(answer.status_code == status, f"HTTP {answer.status_code}, not {status}")
    told = answer.json()
    session.expect(told["code"] != 0, "code is 0")
    session.expect(isinstance(told["message"], str), f"the message is {told['message']!r}")


def _check_fields(session: Session, row: dict[str, Any]) -> None:
    """The fields and types of the vendor's pages."""
    for name, kind in _NEW.items():
        session.expect(name in row, f"{name} is missing")
        session.expect(isinstance(row[name], kind), f"{name} is {row[name]!r}")
    session.expect(_ID.fullmatch(row["_id"]), f"{row['_id']!r} is no id")
    for name in ("createdAt", "updatedAt"):
        session.expect(_TIME.fullmatch(row[name]), f"{name} is {row[name]!r}")
    made = int(datetime.fromisoformat(row["createdAt"]).timestamp())
    session.expect(
        int(row["_id"][:8], 16) == made, "_id does not begin with the second it was made"
    )

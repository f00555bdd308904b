"""A client of Vidnoz: uploads, single swaps, then faces and swaps of several of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personae.check_client.session import Session

_OK, _TOKEN_WRONG, _NO_KEY = 200, 401, 702
_WAITING, _PROCESSING = 1, 2
_HD, _PLAIN = 1, 2
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_UPLOADED = re.compile(rf"temporary/\d{{8}}/\d+/\d+-{_UUID}\.\w+")
_MADE = re.compile(rf"\d+/asset/\d{{6}}/\d+-{_UUID}\.\w+")
_IMAGE: Mapping[str, type] = {
    **dict.fromkeys(("size", "width", "height", "thumbnail_width", "thumbnail_height"), int),
    **dict.fromkeys(("merge_key", "merge_url", "thumbnail_key", "thumbnail_url"), str),
}
_VIDEO: Mapping[str, type] = {
    **dict.fromkeys(("size", "merge_width", "merge_height", "cover_width", "cover_height"), int),
    **dict.fromkeys(("thumbnail_width", "thumbnail_height"), int),
    **dict.fromkeys(("merge_key", "merge_url", "cover_key", "cover_url"), str),
    **dict.fromkeys(("cover_thumbnail_key", "cover_thumbnail_url"), str),
    "duration": float,
}
_FACE: Mapping[str, type] = {
    **dict.fromkeys(("size", "width", "height"), int),
    **dict.fromkeys(("avatar_part_key", "avatar_part_url"), str),
    "kps": dict,
}
Face = dict[str, Any]


class Client:
    """Its calls.

    Parameters
    ----------
    session : Session
        Connections, credentials, media.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.bearer = session.credentials.key
        self.keys: dict[Path, str] = {}

    def answer(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """Whatever is answered, in its envelope.

        Raises
        ------
        AssertionError
        """
        headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        told = self.session.http.request(method, f"/v1/{path}", headers=headers, **more).json()
        expected = {"code", "message", "data"}
        self.session.expect(set(told) == expected, f"another envelope: {told}")
        return told

    def data(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """What a call that works is answered with."""
        told = self.answer(method, path, **more)
        self.session.expect(told["code"] == _OK, f"{told['code']}: {told['message']}")
        return told["data"]

    def upload(self, path: Path) -> str:
        """The key of a file of ours on their storage; each goes there once."""
        if path not in self.keys:
            made = self.data("POST", "source/upload-url", json={"file_name": path.name})
            self.session.expect(_UPLOADED.fullmatch(made["key"]), f"an odd key: {made['key']}")
            put = self.session.http.put(made["upload_url"], content=path.read_bytes())
            self.session.expect(put.is_success, f"the upload was answered {put.status_code}")
            self.keys[path] = made["key"]
        return self.keys[path]

    def begin(self, path: str, body: Mapping[str, Any]) -> int:
        """The number of a new task."""
        number = self.data("POST", f"task/{path}", json=body)["task_id"]
        self.session.expect(isinstance(number, int), f"task_id is no number: {number!r}")
        return number

    def finished(self, number: int) -> Any:
        """``additional_data`` of a task once it is there."""

        def look() -> Any:
            told = self.data("GET", "task/detail", params={"id": number})
            self.session.expect(told["id"] == number, f"the detail is of task {told['id']}")
            if told["status"] in (_WAITING, _PROCESSING):
                return None
            self.session.expect(
                told["additional_data"], f"it failed: {told['status']} {told['message']}"
            )
            return told["additional_data"]

        return self.session.poll(look, "the task's end")

    def swap(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What a swap made, all of it fetched."""
        made = self.finished(self.begin(path, body))
        self.check(made, _VIDEO if "video" in path else _IMAGE)
        for name in made:
            if name.endswith("_key"):
                self.session.expect(_MADE.fullmatch(made[name]), f"an odd {name}: {made[name]}")
                self.session.download(made[name.replace("_key", "_url")])
        size = made["thumbnail_width"], made["thumbnail_height"]
        self.session.expect(size == (1080, 540), f"a thumbnail of {size}")
        return made

    def faces(self, path: Path) -> tuple[int, Sequence[Face]]:
        """A get-face task and what it found."""
        number = self.begin("get-face", {"main_key": self.upload(path)})
        found: list[Face] = self.finished(number)
        self.session.expect(len(found) >= 2, f"{len(found)} faces found")
        for face in found:
            self.check(face, _FACE)
            self.session.expect(list(face["kps"]) == ["1", "2", "3", "4", "5"], "other points")
            for point in face["kps"].values():
                inside = 0 <= point["x"] < face["width"] and 0 <= point["y"] < face["height"]
                self.session.expect(inside, f"{point} lies outside the face's picture")
            self.session.download(face["avatar_part_url"])
        return number, found

    def check(self, told: Mapping[str, Any], expected: Mapping[str, type]) -> None:
        """Fail unless there are exactly these fields, of these types."""
        differ = sorted(set(told) ^ set(expected))
        self.session.expect(not differ, f"missing or unknown: {differ}")
        for name, kind in expected.items():
            fits = isinstance(told[name], (int, float) if kind is float else kind)
            self.session.expect(fits, f"{name} is {told[name]!r}")


def play(session: Session) -> None:
    """The whole session."""
    client = Client(session)
    _come_in(session, client)
    _bring_files(session, client)
    _swap_one(session, client)
    for path, media in (
        ("multiple-face-swap", session.media.group),
        ("multiple-video-face-swap", session.media.video),
    ):
        _swap_several(session, client, path, media)
    _go_wrong(session, client)


def _come_in(session: Session, client: Client) -> None:
    told = session.credentials
    with session.step("oauth/token"):
        client_id = session.need(told.client_id or None, "client id")
        body = {"client_id": client_id, "client_secret": told.client_secret}
        made = client.data("POST", "oauth/token", json=body)
        session.expect(made["expires_in"] > 0, f"expires_in is {made['expires_in']}")
        client.bearer = made["access_token"]


def _bring_files(session: Session, client: Client) -> None:
    media = session.media
    with session.step("source/upload-url and PUT"):
        for path in (media.scene, media.donor, media.second_donor, media.group, media.video):
            client.upload(path)
    with session.step("source/access-url"):
        url = client.data("POST", "source/access-url", json={"key": client.upload(media.donor)})
        same = session.download(url["url"]) == media.donor.read_bytes()
        session.expect(same, "another file came back")


def _swap_one(session: Session, client: Client) -> None:
    media = session.media
    with session.step("task/face-swap"):
        body = {"key": client.upload(media.scene), "target_key": client.upload(media.donor)}
        client.swap("face-swap", {**body, "is_hd": _PLAIN})
    with session.step("task/face-swap in high quality, with main_key and text for numbers"):
        body = {"main_key": client.upload(media.scene), "target_key": client.upload(media.donor)}
        client.swap("face-swap", {**body, "is_hd": str(_HD)})
    with session.step("task/video-face-swap"):
        body = {"key": client.upload(media.video), "target_key": client.upload(media.donor)}
        client.swap("video-face-swap", {**body, "is_hd": _PLAIN})
    with session.step("task/detail by a body"):
        body = {"main_key": client.upload(media.scene), "target_key": client.upload(media.donor)}
        number = client.begin("face-swap", body)
        told = client.data("GET", "task/detail", json={"id": str(number)})
        session.expect(told["id"] == number, f"the detail is of task {told['id']}")
        client.finished(number)


def _swap_several(session: Session, client: Client, path: str, media: Path) -> None:
    found: tuple[int, Sequence[Face]] | None = None
    with session.step(f"task/get-face for {path}"):
        found = client.faces(media)
    with session.step(f"task/{path}"):
        number, faces = session.need(found, "face")
        new = (client.upload(session.media.second_donor), client.upload(session.media.donor))
        pairs = [
            {"target_part_key": face["avatar_part_key"], "avatar_part_key": key}
            for face, key in zip(faces, new, strict=False)
        ]
        client.swap(path, {"avatar_key": pairs, "get_face_id": str(number), "is_hd": "2"})
    with session.step(f"task/{path}, one face kept"):
        number, faces = session.need(found, "face")
        kept, changed = (face["avatar_part_key"] for face in faces[:2])
        pairs = [
            {"target_part_key": kept, "avatar_part_key": kept},
            {"target_part_key": changed, "avatar_part_key": client.upload(session.media.donor)},
        ]
        client.swap(path, {"avatar_key": pairs, "get_face_id": number, "is_hd": _PLAIN})


def _go_wrong(session: Session, client: Client) -> None:
    with session.step("702 before the PUT"):
        made = client.data("POST", "source/upload-url", json={"file_name": "demo.jpg"})
        code = client.answer("POST", "source/access-url", json={"key": made["key"]})["code"]
        session.expect(code == _NO_KEY, f"code {code}")
    with session.step("401 with a wrong token"):
        good, client.bearer = client.bearer, "wrong"
        code = client.answer("GET", "task/detail", params={"id": 1})["code"]
        client.bearer = good
        session.expect(code == _TOKEN_WRONG, f"code {code}")

"""A client of aifaceswap.io: swaps that are told by webhook, faces that are told at once."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from personae.check_client.session import Session

_API = "/api/aifaceswap/v1"
_ID_CHARS = 32
_FOUR_PEOPLE = 4
_SECONDS = 5
Box = list[int]


class Client:
    """Its calls.

    Parameters
    ----------
    session : Session
        Connections, credentials, media.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def call(self, path: str, *, extra: bool, **more: Any) -> dict[str, Any]:
        """The data of a call that works.

        Parameters
        ----------
        extra : bool
            Whether the vendor answers this call with ``extra_data``.

        Raises
        ------
        AssertionError
            If it does not.
        """
        told = self.post(path, **more)
        expect = self.session.expect
        expect(told["code"] == 200, f"{told['code']}: {told.get('message')}")
        members = {"code", "data", "message", *(["extra_data"] if extra else [])}
        expect(set(told) == members, f"another envelope: {sorted(told)}")
        expect(told["message"] == "OK", f"another message: {told['message']}")
        return dict(told["data"])

    def post(self, path: str, key: str | None = None, **more: Any) -> dict[str, Any]:
        """Any answer of the API; it must be in the envelope."""
        headers = {"Authorization": f"Bearer {key or self.session.credentials.key}"}
        headers |= more.pop("headers", {})
        answer = self.session.http.post(f"{_API}{path}", headers=headers, **more)
        told: dict[str, Any] = answer.json()
        self.session.expect({"code", "message"} <= set(told), f"another envelope: {told}")
        return told

    def submit(self, path: str, points: int | None, *, extra: bool, **more: Any) -> str:
        """The name of a new task, at the price that the vendor's list says."""
        webhook = {} if self.session.receiver is None else {"webhook": self.session.receiver.url}
        where = "json" if "json" in more else "data"
        more[where] = {**more.get(where, {}), **webhook}
        data = self.call(path, extra=extra, **more)
        self.session.expect(set(data) == {"points", "task_id"}, f"other data: {sorted(data)}")
        name = str(data["task_id"])
        fits = len(name) == _ID_CHARS and set(name) <= set("0123456789abcdef")
        self.session.expect(fits, f"an odd task_id: {name}")
        if points is not None:
            self.session.expect(data["points"] == points, f"{data['points']} points, not {points}")
        return name

    def result(self, name: str, kind: int) -> bytes:
        """What a task made, as its webhook says."""
        told = self.session.webhook(lambda body: body.get("task_id") == name)
        missing = {"success", "type", "task_id", "result_image"} - set(told)
        self.session.expect(not missing, f"the webhook lacks {sorted(missing)}")
        self.session.expect(told["success"] == 1, f"the task failed: {told.get('message')}")
        if kind <= 2:
            self.session.expect(told["type"] == kind, f"type {told['type']}, not {kind}")
        return self.session.download(told["result_image"])

    def ended(self, name: str) -> dict[str, Any] | None:
        """A task that has ended, by this service's own call: the vendor has none."""
        data = self.call("/task_status", extra=False, json={"task_id": name})
        return None if data["success"] is None else data

    def swap(self, path: str, points: int | None, kind: int, *, extra: bool, **more: Any) -> None:
        """A task from its start to its file."""
        self.result(self.submit(path, points, extra=extra, **more), kind)

    def boxes(self, found: Sequence[Box], size_wh: tuple[int, int], least: int) -> Sequence[Box]:
        """Boxes that lie in the picture, from left to right."""
        expect, (width, height) = self.session.expect, size_wh
        expect(len(found) >= least, f"{len(found)} faces were found, not {least}")
        for x1, y1, x2, y2 in found:
            inside = 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
            expect(inside, f"the box {[x1, y1, x2, y2]} is not in the picture")
        expect(list(found) == sorted(found), "the faces are not in order")
        return found


def play(session: Session) -> None:
    """The whole session."""
    client = Client(session)
    _mistakes(client)
    _pictures(client)
    _videos(client)
    with session.step("ours: task_status and points"):
        files = {"source_image": _file(session.media.scene)}
        files["face_image"] = _file(session.media.donor)
        name = client.submit("/faceswap", 2, extra=True, files=files)
        done = session.poll(lambda: client.ended(name), "the task's end")
        session.expect(done["success"] == 1, f"the task failed: {done.get('message')}")
        session.download(done["result_image"])
        told = client.post("/task_status", json={"task_id": "0" * _ID_CHARS})
        session.expect(told["code"] == 404, f"{told['code']} for a task that is not there")
        headers = {"Authorization": f"Bearer {session.credentials.key}"}
        answer = session.http.get(f"{_API}/points", headers=headers).json()
        session.expect(isinstance(answer["data"]["points"], int), "points are a number")


def _mistakes(client: Client) -> None:
    session, swap = client.session, {"source_image": "x", "face_image": "y"}
    with session.step("a wrong key is refused"):
        code = client.post("/faceswap", key="wrong", json=swap)["code"]
        session.expect(code == 401, f"code {code}")
    with session.step("JSON with a comma too many is refused"):
        headers = {"Content-Type": "application/json"}
        told = client.post("/faceswap", headers=headers, content=b'{"source_image": "x",}')
        session.expect(400 <= told["code"] < 500, f"code {told['code']}")
    with session.step("what is no media is refused"):
        code = client.post("/faceswap", json=swap)["code"]
        session.expect(400 <= code < 500, f"code {code}")
    with session.step("a call that is not there is refused"):
        session.expect(client.post("/nothing", json={})["code"] == 404, "code")


def _pictures(client: Client) -> None:
    session, media = client.session, client.session.media
    with session.step("faceswap: URLs"):
        body = _addresses(session, source_image=media.scene, face_image=media.donor)
        client.swap("/faceswap", 2, 1, extra=True, json=body)
    with session.step("faceswap: files in a form"):
        files = {"source_image": _file(media.scene), "face_image": _file(media.donor)}
        client.swap("/faceswap", 2, 1, extra=True, files=files)
    with session.step("faceswap: base64"):
        body = {"source_image": _base64(media.scene), "face_image": _base64(media.donor)}
        client.swap("/faceswap", 2, 1, extra=True, json=body)
    group = None
    with session.step("extract_face"):
        files = {"img": _file(media.group)}
        data = client.call("/extract_face", extra=False, files=files)
        session.expect(data["points"] == 2, f"{data['points']} points, not 2")
        group = client.boxes(data["faces"], _size_of(media.group), 2)
    with session.step("multi_faceswap"):
        last = len(session.need(group, "faces")) - 1
        addresses = _addresses(session, one=media.donor, two=media.second_donor)
        faces = [addresses["two"], addresses["one"]]
        body = {"face_image": faces, "index": [0, last]}
        body |= _addresses(session, source_image=media.group)
        client.swap("/multi_faceswap", 5, 2, extra=False, json=body)
    with session.step("multi_faceswap: an index twice is refused"):
        body = {**_addresses(session, source_image=media.group), "index": [0, 0]}
        body["face_image"] = [_base64(media.donor)] * 2
        code = client.post("/multi_faceswap", json=body)["code"]
        session.expect(400 <= code < 500, f"code {code}")


def _videos(client: Client) -> None:
    session, media = client.session, client.session.media
    for enhance, each_s in ((0, 2), (1, 4)):
        with session.step(f"video_faceswap: enhance {enhance}"):
            body: dict[str, Any] = {"duration": _SECONDS, "enhance": enhance}
            body |= _addresses(session, source_video=media.video, face_image=media.donor)
            client.swap("/video_faceswap", each_s * _SECONDS, 3, extra=True, json=body)
    people = None
    with session.step("extract_base64_face"):
        frame = _frame_of(media.video)
        body = {"base64_img": base64.b64encode(frame).decode()}
        data = client.call("/extract_base64_face", extra=True, json=body)
        session.expect(set(data) == {"pos"}, f"other data: {sorted(data)}")
        boxes = client.boxes(data["pos"], _size_of(io.BytesIO(frame)), 2)
        people = [_cut_out(frame, box) for box in boxes[:2]]
    with session.step("multi_video_faceswap"):
        donors = _addresses(session, one=media.second_donor, two=media.donor)
        info = [
            {"face_ref": ref, "face_url": url}
            for ref, url in zip(session.need(people, "faces"), donors.values(), strict=True)
        ]
        body = {"ref_info": info, "duration": str(_SECONDS), "enhance": "0"}
        body |= _addresses(session, source_video=media.video)
        client.swap("/multi_video_faceswap", 6 * _SECONDS, 4, extra=True, json=body)
    with session.step("multi_video_faceswap: four people are refused"):
        one = {"face_ref": _base64(media.scene), "face_url": "https://media.example.com/a.png"}
        body = {"ref_info": [one] * _FOUR_PEOPLE, "duration": _SECONDS}
        body |= _addresses(session, source_video=media.video)
        code = client.post("/multi_video_faceswap", json=body)["code"]
        session.expect(400 <= code < 500, f"code {code}")


def _addresses(session: Session, **files: Path) -> dict[str, Any]:
    return {name: session.address_of(path) for name, path in files.items()}


def _file(path: Path) -> tuple[str, bytes]:
    return path.name, path.read_bytes()


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _size_of(file: Path | io.BytesIO) -> tuple[int, int]:
    from PIL import Image

    with Image.open(file) as picture:
        return picture.size


def _frame_of(path: Path) -> bytes:
    """The first frame of a video, as a client's ffmpeg would give it."""
    import av

    opened: Any = av.open(str(path))  # Its stubs know only parts of its types.
    with opened as video:
        picture = next(video.decode(video=0)).to_image()
    return _png(picture)


def _cut_out(frame: bytes, box: Box) -> str:
    from PIL import Image

    with Image.open(io.BytesIO(frame)) as picture:
        x1, y1, x2, y2 = box
        return base64.b64encode(_png(picture.crop((x1, y1, x2, y2)))).decode()


def _png(picture: Any) -> bytes:
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()

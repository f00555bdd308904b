"""What the client does when the service, the network or something between behaves badly."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import io
import json
import socket
import threading
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from personae_client import AsyncClient, Client, Retries, errors
from personae_client.core.sse import Parser
from personae_client.models import Account

Kind = Literal["sync", "async"]
KINDS: tuple[Kind, Kind] = ("sync", "async")
AT = "2026-11-22T00:00:00.000Z"
DATA = bytes(range(256)) * 4096
QUICK = Retries(first_s=0.01, longest_s=0.02, patience_s=2.0)


@dataclass
class Seen:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer; `cut` breaks the connection after so many bytes of the body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


class Weather:
    """A service of which every answer is made up by `answer`, one request after the other."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.answer: Callable[[Seen, int], Reply] = lambda _seen, _count: Reply(404)

    def paths(self) -> list[str]:
        return [f"{one.method} {one.path.split('?')[0]}" for one in self.seen]


@pytest.fixture
def weather() -> Iterator[Weather]:
    made = Weather()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Seen(self.command, self.path, headers, body)
            made.seen.append(request)
            count = sum(one.path == self.path for one in made.seen)
            reply = made.answer(request, count)
            data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            if reply.cut == 0:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(data)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # Who has heard enough hangs up.
                self.wfile.write(data[: reply.cut])
            self.close_connection = reply.cut is not None or "Content-Length" not in reply.headers

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield made
        server.shutdown()


def do(kind: Kind, url: str, use: Callable[[Any], Any], retries: Retries = QUICK) -> Any:
    """The same with both clients; what is iterated comes as a list."""
    if kind == "sync":
        with httpx.Client(trust_env=False) as http:
            result = use(Client(url, "pk_test", retries=retries, http=http))
            return list(result) if isinstance(result, Iterator) else result

    async def main() -> Any:
        async with httpx.AsyncClient(trust_env=False) as http:
            result = use(AsyncClient(url, "pk_test", retries=retries, http=http))
            return [one async for one in result] if hasattr(result, "__anext__") else await result

    return asyncio.run(main())


def swap(status: str = "succeeded", percent: float = 100.0, **more: Any) -> dict[str, Any]:
    done = status == "succeeded"
    output = {
        "asset_id": "asset_1",
        "content_type": "image/png",
        "size_bytes": 4,
        "url": "http://x",
    }
    return {
        "id": "task_1",
        "kind": "swap_image",
        "status": status,
        "priority": "normal",
        "progress": {"phase": status, "percent": percent},
        "request": {},
        "created_at": AT,
        "credits": {"held": 0, "charged": 1},
        "error": None,
        "label": None,
        "result": {"outputs": [output], "warnings": []} if done else None,
        **more,
    }


def asset(**more: Any) -> dict[str, Any]:
    facts = {"kind": "picture", "content_type": "image/png", "audio_streams": 0, "audio_codecs": []}
    return {
        "id": "asset_1",
        "role": "upload",
        "state": "ready",
        "content_type": "image/png",
        "created_at": AT,
        "facts": facts,
        "size_bytes": len(DATA),
        "filename": "a.png",
        "sha256": hashlib.sha256(DATA).hexdigest(),
        **more,
    }


def account() -> dict[str, Any]:
    times = dict.fromkeys(
        ("uploads", "imports", "outputs", "previews", "stills", "crops", "detections"), 60
    )
    balance = {"available": 1, "held": 0, "spent": 0, "granted": 1}
    return {
        "id": "tenant_1",
        "name": "Ada",
        "created_at": AT,
        "balance": balance,
        "retention": {**times, "faces": None},
    }


def problem(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "title": "t", "detail": "No.", "request_id": "req_7", **more}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("retry_after", ["0", formatdate(0, usegmt=True), None])
def test_who_is_turned_away_comes_back(
    weather: Weather, kind: Kind, retry_after: str | None
) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    weather.answer = lambda _, count: (
        Reply(429, problem("rate_limited"), headers) if count < 3 else Reply(body=account())
    )
    assert do(kind, weather.url, lambda client: client.account.get()).name == "Ada"
    assert len(weather.seen) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_retry_after_and_too_many_tries_become_errors(weather: Weather, kind: Kind) -> None:
    weather.answer = lambda *_: Reply(429, problem("rate_limited"), {"Retry-After": "3600"})
    with pytest.raises(errors.RateLimited) as caught:
        do(kind, weather.url, lambda client: client.account.get())
    assert caught.value.retry_after_s == 3600
    assert len(weather.seen) == 1
    weather.answer = lambda *_: Reply(503, problem("unavailable"))
    with pytest.raises(errors.Unavailable, match="req_7"):
        do(kind, weather.url, lambda client: client.account.get())
    assert len(weather.seen) == 1 + 1 + QUICK.most


@pytest.mark.parametrize("kind", KINDS)
def test_a_swap_whose_answer_is_lost_is_asked_for_under_the_same_name(
    weather: Weather, kind: Kind
) -> None:
    weather.answer = lambda _, count: Reply(cut=0) if count < 3 else Reply(202, swap("queued", 0))
    task = do(
        kind, weather.url, lambda c: c.submit("http://a/s.jpg", "http://a/d.jpg", restore=0.5)
    )
    assert task.id == "task_1"
    names = {one.headers["idempotency-key"] for one in weather.seen}
    assert len(weather.seen) == 3
    assert len(names) == 1
    assert len({one.body for one in weather.seen}) == 1
    again = do(kind, weather.url, lambda c: c.submit("http://a/s.jpg", "http://a/d.jpg"))
    assert again.id == "task_1"
    assert weather.seen[-1].headers["idempotency-key"] not in names


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [Reply(cut=0), Reply(502, b"<html>Bad gateway</html>")])
def test_what_could_happen_twice_is_not_repeated(weather: Weather, kind: Kind, bad: Reply) -> None:
    weather.answer = lambda *_: bad
    with pytest.raises((errors.ConnectionFailed, errors.Unavailable)):
        do(kind, weather.url, lambda client: client.webhooks.rotate_secret("hook_1"))
    assert len(weather.seen) == 1


def test_a_deletion_whose_answer_is_lost_has_happened(weather: Weather) -> None:
    weather.answer = lambda _, count: (
        Reply(cut=0) if count == 1 else Reply(404, problem("not_found"))
    )
    do("sync", weather.url, lambda client: client.swaps.delete("task_1"))
    weather.answer = lambda *_: Reply(404, problem("not_found"))
    with pytest.raises(errors.NotFound):
        do("sync", weather.url, lambda client: client.swaps.delete("task_2"))


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_there_is_told_in_a_sentence(kind: Kind) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(errors.ConnectionFailed, match="Check that it runs"):
            do(kind, url, lambda client: client.account.get())


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_download_goes_on_where_it_broke(
    weather: Weather, kind: Kind, tmp_path: Path
) -> None:
    def answer(seen: Seen, count: int) -> Reply:
        if seen.path.endswith("/url"):
            return Reply(body={"url": f"{weather.url}/file?sig=1", "expires_at": AT})
        if not seen.path.startswith("/file"):
            return Reply(body=asset())
        start = int(seen.headers.get("range", "bytes=0-")[6:-1])
        headers = {"ETag": '"one"', "Content-Range": f"bytes {start}-/{len(DATA)}"}
        cut = 300_000 if count < 3 else None
        return Reply(206 if start else 200, DATA[start:], headers, cut)

    weather.answer = answer
    saved = do(kind, weather.url, lambda c: c.assets.download("asset_1", tmp_path / "a.png"))
    assert saved.read_bytes() == DATA
    parts = [one for one in weather.seen if one.path.startswith("/file")]
    assert [one.headers.get("if-range") for one in parts] == [None, '"one"', '"one"']
    assert all("authorization" not in one.headers for one in parts)
    assert [one.name for one in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sent", [DATA[:-1] + b"x", DATA + b"x", DATA[:-9]])
def test_what_arrives_altered_replaces_nothing(
    weather: Weather, kind: Kind, tmp_path: Path, sent: bytes
) -> None:
    def answer(seen: Seen, _: int) -> Reply:
        if seen.path.endswith("/url"):
            return Reply(body={"url": f"{weather.url}/file", "expires_at": AT})
        return Reply(body=sent if seen.path == "/file" else asset())

    weather.answer = answer
    (tmp_path / "a.png").write_bytes(b"before")
    with pytest.raises((errors.TransferFailed, errors.UnexpectedAnswer)):
        do(kind, weather.url, lambda c: c.assets.download("asset_1", tmp_path / "a.png"))
    assert [one.name for one in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"before"


@contextmanager
def nowhere() -> Iterator[str]:
    """An address where nobody listens, as that of a storage inside somebody's network."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}/x"


@pytest.mark.parametrize("kind", KINDS)
def test_storage_that_cannot_be_reached_is_gone_around(
    weather: Weather, kind: Kind, tmp_path: Path
) -> None:
    with nowhere() as away:

        def answer(seen: Seen, _: int) -> Reply:
            if seen.path.endswith("/uploads"):
                told = {"asset": asset(), "method": "PUT", "url": away, "headers": {}}
                return Reply(201, {**told, "expires_at": AT})
            if seen.path.endswith("/url"):
                return Reply(body={"url": away, "expires_at": AT})
            return Reply(body=DATA if seen.path.endswith("/content") else asset())

        weather.answer = answer
        assert do(kind, weather.url, lambda c: c.upload(DATA, filename="a.png")).id == "asset_1"
        saved = do(kind, weather.url, lambda c: c.assets.download("asset_1", tmp_path / "a.png"))
    assert saved.read_bytes() == DATA
    assert weather.seen[1].body == DATA
    assert weather.seen[1].headers["content-type"] == "image/png"


class Pipe(io.RawIOBase):
    """Bytes that come once, in odd pieces."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._data.read(min(len(buffer), 1000))
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_be_read_once_is_still_sent_again(weather: Weather, kind: Kind) -> None:
    def answer(seen: Seen, count: int) -> Reply:
        if seen.path.endswith("/uploads"):
            told = {"asset": asset(), "method": "PUT", "url": f"{weather.url}/put?sig=1"}
            headers = {"Content-Type": "image/png", "X-Wanted": "yes"}
            return Reply(201, {**told, "headers": headers, "expires_at": AT})
        if seen.method == "PUT":
            return Reply(cut=0) if count == 1 else Reply(200, b"")
        return Reply(body=asset())

    weather.answer = answer
    sent: list[int] = []
    do(
        kind,
        weather.url,
        lambda c: c.upload(
            Pipe(DATA), filename="a.png", on_upload=lambda told: sent.append(told.sent_bytes)
        ),
    )
    puts = [one for one in weather.seen if one.method == "PUT"]
    assert [one.body == DATA for one in puts] == [True, True]
    assert all("authorization" not in one.headers for one in puts)
    assert puts[0].headers["x-wanted"] == "yes"
    assert sent[-1] == len(DATA)
    assert weather.paths()[-1] == "POST /native/v1/assets/asset_1/complete"
    reserved = json.loads(weather.seen[0].body)
    assert reserved == {"content_type": "image/png", "size_bytes": len(DATA), "filename": "a.png"}


def event(told: dict[str, Any], name: str, end: str = "\n") -> bytes:
    return f"event: progress{end}data: {json.dumps(told)}{end}id: {name}{end}{end}".encode()


STREAM = {"Content-Type": "text/event-stream"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_stream_is_taken_up_where_it_broke(weather: Weather, kind: Kind) -> None:
    whole = event(swap("running", 10), "a") + event(swap("running", 50), "b")

    def answer(seen: Seen, count: int) -> Reply:
        if count == 1:
            return Reply(200, whole + b"event: prog", STREAM, cut=len(whole) + 5)
        if count == 2:
            return Reply(cut=0)
        return Reply(200, b": ping\r\n\r\n" + event(swap(), "c", "\r\n"), STREAM)

    weather.answer = answer
    seen = do(kind, weather.url, lambda client: client.swaps.watch("task_1"))
    assert [one.progress.percent for one in seen] == [10, 50, 100]
    assert [one.headers.get("last-event-id") for one in weather.seen] == [None, "b", "b"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "between",
    [
        Reply(200, b"<html>wait</html>", {"Content-Type": "text/html"}),
        Reply(200, b"", STREAM),
        Reply(200, b"event: progress\ndata: {cut\n\n", STREAM),
    ],
)
def test_without_events_the_task_is_asked_for(weather: Weather, kind: Kind, between: Reply) -> None:
    polls = 0

    def answer(seen: Seen, _: int) -> Reply:
        nonlocal polls
        if "/events" in seen.path:
            return between
        polls += 1
        if polls == 3:
            return Reply(503, problem("unavailable"))
        return Reply(body=swap("running", 40.0 + polls) if polls < 5 else swap())

    weather.answer = answer
    seen = do(kind, weather.url, lambda client: client.swaps.watch("task_1", timeout_s=30))
    assert seen[-1].status == "succeeded"
    waits = [one.path.partition("?")[2] for one in weather.seen if "?" in one.path]
    assert waits[0] == "wait=0.0"
    assert waits[1] == "wait=20.0"


@pytest.mark.parametrize("kind", KINDS)
def test_waiting_ends_when_it_should(weather: Weather, kind: Kind) -> None:
    weather.answer = lambda seen, _: Reply(
        200, event(swap("running", 1.0), str(len(weather.seen))), STREAM
    )
    with pytest.raises(errors.TimedOut) as caught:
        do(kind, weather.url, lambda client: client.swaps.wait("task_1", timeout_s=0.2))
    assert caught.value.task_id == "task_1"
    failed = {"code": "several_faces", "message": "Two.", "retryable": False, "fault": "caller"}
    weather.answer = lambda *_: Reply(200, event(swap("failed", 5.0, error=failed), "z"), STREAM)
    with pytest.raises(errors.SeveralFaces, match=r"Two. \(several_faces, task_1\)") as ended:
        do(kind, weather.url, lambda client: client.swaps.wait("task_1"))
    assert ended.value.status is None
    assert ended.value.task.id == "task_1"


def test_a_service_that_stays_away_is_given_up(weather: Weather) -> None:
    weather.answer = lambda *_: Reply(cut=0)
    patience = Retries(most=1, first_s=0.01, longest_s=0.01, patience_s=0.1)
    with pytest.raises(errors.ConnectionFailed):
        do("sync", weather.url, lambda client: client.swaps.wait("task_1"), patience)
    assert len(weather.seen) > 2


def test_what_is_new_breaks_nothing(weather: Weather) -> None:
    told = {**account(), "shiny": {"new": 1}}
    weather.answer = lambda *_: Reply(body=told)
    found = do("sync", weather.url, lambda client: client.account.get())
    assert found.raw["shiny"] == {"new": 1}
    weather.answer = lambda *_: Reply(
        418, problem("teapot", errors=[{"pointer": "/a", "detail": "b"}])
    )
    with pytest.raises(errors.ServiceProblem, match=r"No. \[/a: b\] \(teapot, req_7\)") as caught:
        do("sync", weather.url, lambda client: client.account.get())
    assert type(caught.value) is errors.ServiceProblem
    weather.answer = lambda *_: Reply(body=swap(kind="swap_hologram"))
    assert do("sync", weather.url, lambda c: c.swaps.get("task_1")).kind == "swap_hologram"


@pytest.mark.parametrize("told", [b"<html>", b"[]", b'{"id": 7}', b'{"items": 3}', b"\xff"])
def test_what_is_not_personae_is_said_to_be(weather: Weather, told: bytes) -> None:
    weather.answer = lambda *_: Reply(body=told)
    for ask in (lambda c: c.account.get(), lambda c: c.assets.list(), lambda c: c.engines()):
        with pytest.raises(errors.UnexpectedAnswer):
            do("sync", weather.url, ask)


def test_pages_are_asked_for_when_they_are_needed(weather: Weather) -> None:
    def answer(seen: Seen, _: int) -> Reply:
        last = "cursor=two" in seen.path
        items = [asset(id=f"asset_{'b' if last else 'a'}{number}") for number in range(2)]
        return Reply(body={"items": items, "next_cursor": None if last else "two"})

    weather.answer = answer
    with httpx.Client(trust_env=False) as http:
        listing = Client(weather.url, "pk_test", http=http).assets.list(role="crop")
        assert not weather.seen
        assert [next(listing).id, next(listing).id] == ["asset_a0", "asset_a1"]
        assert len(weather.seen) == 1
        assert [one.id for one in listing] == ["asset_b0", "asset_b1"]
    assert [one.path for one in weather.seen] == [
        "/native/v1/assets?role=crop&limit=50",
        "/native/v1/assets?role=crop&limit=50&cursor=two",
    ]


def test_a_canceled_coroutine_lets_go_of_its_stream(weather: Weather) -> None:
    release = threading.Event()

    def answer(seen: Seen, _: int) -> Reply:
        release.wait(10)
        return Reply(200, b"", STREAM)

    weather.answer = answer

    async def main() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            client = AsyncClient(weather.url, "pk_test", retries=QUICK, http=http)
            waiting = asyncio.create_task(client.swaps.wait("task_1"))
            while not weather.seen:
                await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(main())
    release.set()
    gc.collect()


def test_events_are_read_however_they_are_cut() -> None:
    text = "data: {é}\r\ndata: two\r\nid: 1\r\n\r\n: ping\r\revent: x\rdata:3\r\r\nretry: 5\n\n"
    whole = [(one.name, one.data, one.id) for one in Parser().feed(text.encode())]
    assert whole == [("message", "{é}\ntwo", "1"), ("x", "3", "1")]
    for size in (1, 2, 3, 7):
        parser, found = Parser(), list[tuple[str, str, str]]()
        data = text.encode()
        for start in range(0, len(data), size):
            found += [
                (one.name, one.data, one.id) for one in parser.feed(data[start : start + size])
            ]
        assert found == whole


def test_models_know_their_types() -> None:
    assert typing.get_type_hints(Account)["name"] is str
    with pytest.raises(errors.UnexpectedAnswer, match=r"Account\.created_at"):
        Account.from_json({**account(), "created_at": "yesterday"})

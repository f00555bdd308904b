"""Bodies that are not what they say, given to every call that takes one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from attacks.conftest import PATIENT
from attacks.routes import Call, calls_of, every_dialect
from attacks.test_scopes import NAMES
from wire.service import Service

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTI = {"Content-Type": "multipart/form-data; boundary=x"}
LIMIT = 20_000


def part(name: str, value: bytes = b"x", more: bytes = b"") -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
    return head + more + b"\r\n\r\n" + value + b"\r\n"


BODIES: dict[str, tuple[dict[str, str], bytes]] = {
    "arrays a hundred thousand deep": (JSON, b"[" * 100_000),
    "objects ten thousand deep": (JSON, b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "a number of a million digits": (JSON, b'{"media": ' + b"9" * 1_000_000 + b"}"),
    "a number beyond all": (JSON, b'{"limit": 1e999999999, "media": -1e999999}'),
    "a member thousands of times": (JSON, b"{" + b'"media":"image",' * 10_000 + b'"a":1}'),
    "thousands of members": (JSON, b"{" + b",".join(b'"k%d":1' % n for n in range(5000)) + b"}"),
    "half a surrogate pair": (JSON, b'{"label": "\\ud800", "media": "\\ud800"}'),
    "NUL in a name": (JSON, b'{"media\\u0000": "image", "label": "a\\u0000b"}'),
    "not UTF-8": (JSON, b'{"label": "\xff\xfe\xc0\xaf"}'),
    "UTF-16": (JSON, '{"label": "a"}'.encode("utf-16")),
    "nothing": (JSON, b""),
    "fields without end": (FORM, b"a=b&" * 50_000),
    "percent signs": (FORM, b"%" * 10_000),
    "parts without end": (MULTI, part("a") * 2_000 + b"--x--\r\n"),
    "headers of a part without end": (MULTI, part("a", more=b"\r\nX-A: b" * 5_000) + b"--x--\r\n"),
    "one header of a part without end": (MULTI, part("a", more=b";" + b"a" * 100_000)),
    "a form that does not end": (MULTI, part("file", b"x" * 1000)),
    "a form of nothing but boundaries": (MULTI, b"--x\r\n" * 5_000),
    "a boundary of nothing": ({"Content-Type": "multipart/form-data"}, part("a")),
    "a long boundary": ({"Content-Type": f"multipart/form-data; boundary={'x' * 5000}"}, b"x"),
    "another charset": ({"Content-Type": "application/json; charset=utf-7"}, b"+AHs-"),
    "packed": ({**JSON, "Content-Encoding": "gzip"}, b"\x1f\x8b\x08\0" * 100),
}


def taking(service: Service) -> list[Call]:
    """The calls that take bodies, besides those that ask for a signature first."""
    return [
        one
        for one in calls_of(service)
        if one.method in ("POST", "PUT", "PATCH") and not one.path.startswith("/blobs")
    ]


def refused(answer: Any) -> bool:
    """Whether a call did not work; some vendors say so with status 200."""
    is_json = answer.headers.get("content-type", "").endswith("json")
    code = answer.json().get("code") if is_json and answer.content else None
    return answer.status_code >= 400 or (isinstance(code, int) and code not in (0, 200))


@pytest.fixture
def small(opened: Callable[..., Service]) -> Service:
    """A service that takes little."""
    limits = {"json_limit_bytes": LIMIT, "upload_limit_bytes": LIMIT, "inline_limit_bytes": LIMIT}
    return opened(every_dialect(), **PATIENT, **limits, body_idle_s=5.0)


@pytest.mark.parametrize("name", sorted(BODIES))
def test_no_body_breaks_a_call(service: Service, name: str) -> None:
    headers, content = BODIES[name]
    for call in taking(service):
        answer = service.client.request(
            call.method, call.url(NAMES), content=content, headers=service.headers(**headers)
        )
        assert answer.status_code < 500 or answer.status_code == 503, (call.name, answer.text)
        assert "internal_error" not in answer.text, (call.name, answer.text)
        assert len(answer.content) < 200_000, call.name


def test_no_call_reads_more_than_its_limit(small: Service) -> None:
    for call in taking(small):
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(1000):
                sent += 1000
                yield b"a" * 1000

        for kind in (JSON, FORM, MULTI, {"Content-Type": "image/png"}):
            sent = 0
            headers = small.headers(**kind)
            answer = small.client.request(
                call.method, call.url(NAMES), content=endless(), headers=headers
            )
            assert refused(answer) or call.body == "none", (call.name, answer.text)
            # What a form adds to the file in it may come on top.
            assert sent <= LIMIT + (1 << 16) + 4000, (call.name, kind, sent)


def test_lengths_that_lie_are_refused_before_anything_is_read(small: Service) -> None:
    for call in taking(small):
        for length in ("99999999999999999999", "-1", "1e9", "0x10", "\u0661"):
            headers: dict[str, Any] = {
                **small.headers(**JSON),
                "Content-Length": length.encode("utf-8"),
            }
            answer = small.client.request(
                call.method, call.url(NAMES), content=unread(), headers=headers
            )
            assert refused(answer), (call.name, length, answer.text)
            assert answer.status_code < 500, (call.name, length, answer.text)


async def unread() -> AsyncIterator[bytes]:
    """A body that nobody may ask for."""
    raise AssertionError("It was read.")
    yield b""


def test_queries_without_end_are_answered(service: Service) -> None:
    many = "&".join(f"a{number}=b" for number in range(3000))
    for call in calls_of(service):
        if call.method in ("GET", "HEAD") and call.scope is not None:
            started = time.process_time()
            answer = service.client.request(
                call.method, f"{call.url(NAMES)}?{many}", headers=service.headers()
            )
            assert answer.status_code < 500, (call.name, answer.text)
            assert len(answer.content) < 200_000
            assert time.process_time() - started < 20

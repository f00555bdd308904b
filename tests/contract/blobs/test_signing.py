"""Signed links allow what they say and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from personae.adapters.blobs.disposition import content_disposition
from personae.adapters.blobs.signing import Permit, sign, verify
from personae.errors import Expired, Forbidden

SECRET = b"0123456789abcdef"
NOW = 1_900_000_000.0
PUT = Permit("put", "t/uploads/x", int(NOW) + 60, 1000, "image/png")
GET = Permit("get", "t/x", int(NOW) + 60, 0, "image/png", "a \u00fc&b=c.png")


def query(permit: Permit, secret: bytes = SECRET) -> dict[str, str]:
    return dict(parse_qsl(sign(secret, permit), keep_blank_values=True))


@pytest.mark.parametrize("permit", [PUT, GET, Permit("get", "k", int(NOW) + 1)])
def test_a_link_says_what_was_signed(permit: Permit) -> None:
    assert verify(SECRET, permit.key, query(permit), op=permit.op, now=NOW) == permit


def test_the_end_is_exclusive() -> None:
    assert verify(SECRET, PUT.key, query(PUT), op="put", now=NOW + 59.9) == PUT
    with pytest.raises(Expired):
        verify(SECRET, PUT.key, query(PUT), op="put", now=NOW + 60)


CHANGES: list[Callable[[dict[str, str]], None]] = [
    lambda q: q.update(exp=str(int(NOW) + 6000)),
    lambda q: q.update(max="1001"),
    lambda q: q.pop("max"),
    lambda q: q.update(type="text/html"),
    lambda q: q.pop("type"),
    lambda q: q.update(name="evil.html"),
    lambda q: q.update(sig=q["sig"][:-1]),
    lambda q: q.update(sig=q["sig"] + "="),
    lambda q: q.update(sig=""),
    lambda q: q.update(sig="\u00e9" * 43),
    lambda q: q.pop("sig"),
    lambda q: q.pop("exp"),
    lambda q: q.pop("op"),
    lambda q: q.update(op="get"),
    lambda q: q.update(exp="-1"),
    lambda q: q.update(exp="1e9"),
    lambda q: q.update(exp="9" * 400),
    lambda q: q.update(exp="\u0661\u0662"),
    lambda q: q.update(max="\u00b2"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_can_be_changed(change: Callable[[dict[str, str]], None]) -> None:
    changed = query(PUT)
    change(changed)
    with pytest.raises(Forbidden):
        verify(SECRET, PUT.key, changed, op="put", now=NOW)


@pytest.mark.parametrize("key", ["t/uploads/y", "", "../x", "t/uploads/x/", "T/uploads/x"])
def test_a_link_opens_no_other_file(key: str) -> None:
    with pytest.raises(Forbidden):
        verify(SECRET, key, query(PUT), op="put", now=NOW)


def test_a_link_to_read_does_not_write() -> None:
    with pytest.raises(Forbidden):
        verify(SECRET, GET.key, query(GET), op="put", now=NOW)
    with pytest.raises(Forbidden):
        verify(SECRET, GET.key, {**query(GET), "op": "put"}, op="put", now=NOW)


def test_another_secret_signs_nothing() -> None:
    with pytest.raises(Forbidden):
        verify(SECRET, PUT.key, query(PUT, b"fedcba9876543210"), op="put", now=NOW)


def test_an_expired_forgery_is_a_forgery() -> None:
    forged = {**query(PUT), "exp": "1"}
    with pytest.raises(Forbidden):
        verify(SECRET, PUT.key, forged, op="put", now=NOW)


def test_fields_cannot_flow_into_each_other() -> None:
    one = Permit("get", "k", int(NOW) + 60, 0, "a", 'b","c')
    other = replace(one, content_type='a","b', filename="c")
    assert query(one)["sig"] != query(other)["sig"]


def test_what_means_nothing_is_ignored() -> None:
    more = {**query(PUT), "utm_source": "mail"}
    assert verify(SECRET, PUT.key, more, op="put", now=NOW) == PUT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.png", 'attachment; filename="a.png"'),
        ("a b.png", 'attachment; filename="a b.png"'),
        ("\u00fc.png", "attachment; filename=\"_.png\"; filename*=UTF-8''%C3%BC.png"),
        ('a"\r\nX: y', "attachment; filename=\"a___X_ y\"; filename*=UTF-8''a%22%0D%0AX%3A%20y"),
        ("50%.png", "attachment; filename=\"50_.png\"; filename*=UTF-8''50%25.png"),
        ("", 'attachment; filename="download"'),
    ],
)
def test_file_names_cannot_leave_their_header(name: str, value: str) -> None:
    assert content_disposition(name) == value


def test_time_is_read_when_a_link_is_made() -> None:
    from personae.adapters.blobs.signing import SignedLinks

    links = SignedLinks("http://x/", SECRET, lambda: NOW)
    assert f"exp={int(NOW) + 5}&" in links.download("k", filename="", content_type="", ttl_s=5)
    assert links.download("k", filename="", content_type="", ttl_s=5).startswith("http://x/blobs/k")
    assert time.time() != NOW

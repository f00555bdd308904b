"""The first key is given once, to the same user of the same machine or to who has the code."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from personae.hosting.first_key import LIFETIME_S, FirstKey

LOCAL = {"host": "127.0.0.1:8000"}
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
Ends = tuple[tuple[str, int], tuple[str, int]]


class Clock:
    now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(params=["127.0.0.1", "::1"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    """A real connection of this process to itself."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family) as listener:
        try:
            listener.bind((request.param, 0))
        except OSError:
            pytest.skip(f"this machine has no {request.param}")
        listener.listen()
        with socket.create_connection(listener.getsockname()[:2]) as client:
            server, _ = listener.accept()
            with server:
                yield client.getsockname()[:2], server.getsockname()[:2]


@linux
def test_it_is_given_once_to_a_program_of_the_same_user(ends: Ends) -> None:
    first = FirstKey("pk_x", Clock())
    assert first.open_to(ends, LOCAL)
    assert first.take(ends, LOCAL, None) == "pk_x"
    assert not first.open_to(ends, LOCAL)
    assert first.take(ends, LOCAL, None) is None
    assert first.take(ends, LOCAL, first.code) is None


@linux
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8000"},
        {},
        {**LOCAL, "x-forwarded-for": "203.0.113.9"},
        {**LOCAL, "forwarded": "for=203.0.113.9"},
        {**LOCAL, "via": "1.1 proxy"},
        {**LOCAL, "origin": "http://evil.example"},
        {**LOCAL, "origin": "null"},
    ],
)
def test_by_another_name_or_through_a_proxy_it_is_not(ends: Ends, headers: dict[str, str]) -> None:
    first = FirstKey("pk_x", Clock())
    assert not first.open_to(ends, headers)
    assert first.take(ends, headers, None) is None


def test_a_connection_that_is_nobodys_gets_none() -> None:
    first = FirstKey("pk_x", Clock())
    for client in (("127.0.0.1", 1), ("203.0.113.9", 50_000), ("", 0)):
        assert not first.open_to((client, ("127.0.0.1", 2)), LOCAL)


def test_the_code_opens_it_from_anywhere() -> None:
    first = FirstKey("pk_x", Clock())
    afar = (("203.0.113.9", 50_000), ("198.51.100.1", 443))
    assert first.take(afar, {"host": "swap.example.com"}, first.code) == "pk_x"


def test_guessing_ends_soon() -> None:
    first = FirstKey("pk_x", Clock())
    afar = (("203.0.113.9", 50_000), ("198.51.100.1", 443))
    for _ in range(20):
        assert first.take(afar, {}, "guess") is None
    assert first.take(afar, {}, first.code) is None


@linux
def test_after_an_hour_it_is_gone(ends: Ends) -> None:
    clock = Clock()
    first = FirstKey("pk_x", clock)
    clock.now_s += LIFETIME_S
    assert not first.open_to(ends, LOCAL)
    assert first.take(ends, LOCAL, first.code) is None

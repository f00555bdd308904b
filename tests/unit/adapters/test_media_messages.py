"""Errors come out of the child as they went in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from personae.adapters.media_host.messages import decode, encode, error_from_json, error_to_json
from personae.errors import FaceNotFound, PersonaeError, PolicyRefused, RateLimited, TaskFailed


def everything(kind: type[PersonaeError] = PersonaeError) -> Iterator[type[PersonaeError]]:
    if "code" in vars(kind):  # Without a code of its own it is, for others, what it is a kind of.
        yield kind
    for one in kind.__subclasses__():
        yield from everything(one)


@pytest.mark.parametrize("kind", list(everything()))
def test_each_error_comes_back_as_itself(kind: type[PersonaeError]) -> None:
    error = FaceNotFound("donor", "Ünwell.") if kind is FaceNotFound else kind("Ünwell.")
    plain = decode(encode({"error": error_to_json(error)}))["error"]
    back = error_from_json(plain)
    assert type(back) is kind
    assert back.message == "Ünwell."
    assert (plain["code"], plain["retryable"], plain["fault"]) == (
        kind.code,
        kind.retryable,
        kind.fault,
    )


def test_what_an_error_knows_comes_along() -> None:
    face = error_from_json(error_to_json(FaceNotFound("reference")))
    assert isinstance(face, FaceNotFound)
    assert face.role == "reference"
    facts = {"score": 0.9, "limit": 0.7}
    policy = error_from_json(
        decode(
            encode(error_to_json(PolicyRefused("No.", role="output", reason="nsfw", facts=facts)))
        )
    )
    assert isinstance(policy, PolicyRefused)
    assert (policy.role, policy.reason, policy.facts) == ("output", "nsfw", facts)
    wait = error_from_json(error_to_json(RateLimited("Slowly.", 7.5)))
    assert isinstance(wait, RateLimited)
    assert wait.retry_after_s == 7.5


def test_what_was_not_raised_on_purpose_says_nothing_of_itself() -> None:
    plain = error_to_json(RuntimeError("postgresql://me:hush@db"))
    assert plain["code"] == "task_failed"
    assert "hush" not in plain["message"]


@pytest.mark.parametrize("plain", [{}, {"code": "new", "message": "Odd."}, {"code": 3}])
def test_unknown_errors_are_the_platforms(plain: dict[str, object]) -> None:
    assert type(error_from_json(plain)) is TaskFailed


@pytest.mark.parametrize("line", [b"", b"nonsense\n", b"[1]\n", b"7\n", b"\xff\n"])
def test_lines_that_are_no_message_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json and Unicode errors are both
        decode(line)


def test_one_message_is_one_line() -> None:
    line = encode({"message": "two\nlines and a \u2028 third"})
    assert line.count(b"\n") == 1
    assert line.isascii()

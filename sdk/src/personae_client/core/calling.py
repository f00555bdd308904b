"""Requests to the native API: what may be repeated is, and problems become errors."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, cast

from personae_client._version import __version__
from personae_client.core.config import Config
from personae_client.core.effects import (
    Answer,
    Body,
    Call,
    Effect,
    OpenStream,
    ReadStream,
    Sleep,
    Steps,
)
from personae_client.errors import ConnectionFailed, Details, ServiceProblem, UnexpectedAnswer
from personae_client.errors import problem as error_of

_AGENT = f"personae-client/{__version__}"
_MOST_TOLD = 1 << 16
_WORK_S = 180.0
"""A POST may have the service fetch a file or look at one before it answers."""
_AGAIN = (408, 502, 503, 504)
_NOT_DONE = (429,)
_REPEATABLE = ("GET", "HEAD", "PUT", "PATCH", "DELETE")
_BY_STATUS: Mapping[int, str] = {
    401: "unauthorized",
    402: "insufficient_credits",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    410: "expired",
    413: "body_too_large",
    429: "rate_limited",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
}


@dataclass(frozen=True)
class Request:
    """One call of the native API.

    Attributes
    ----------
    path : str
        After ``/native/v1``; names in it are quoted.
    body : object
        To be sent as JSON; None sends none.
    upload : bytes or Body
        To be sent as it is, with `content_type`.
    once : str or None
        The Idempotency-Key: with one, a POST can be repeated.
    repeatable : bool
        Whether a POST without one can be, because it changes nothing or the same.
    """

    method: str
    path: str
    params: Mapping[str, object] | None = None
    body: object = None
    upload: bytes | Body | None = None
    content_type: str = "application/octet-stream"
    once: str | None = None
    repeatable: bool = False
    read_s: float | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether doing it twice does no harm."""
        return self.repeatable or self.once is not None or self.method in _REPEATABLE


def fresh_key() -> str:
    """A new Idempotency-Key, for one thing that is to happen once however often it is sent."""
    return str(uuid.uuid4())


def send(config: Config, request: Request) -> Steps[Answer]:
    """Carry a request out, again if need be; the answer, which is no problem.

    Raises
    ------
    ServiceProblem, ConnectionFailed
    """
    return (
        yield from repeated(config, call_of(config, request), request.may_repeat, request.method)
    )


def call_of(config: Config, request: Request) -> Call:
    """The HTTP request."""
    headers = {"Accept": "application/json", "User-Agent": _AGENT}
    if config.key:
        headers["Authorization"] = f"Bearer {config.key}"
    if request.once is not None:
        headers["Idempotency-Key"] = request.once
    content: bytes | Body | None = request.upload
    if request.body is not None:
        content = json.dumps(request.body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    elif content is not None:
        headers["Content-Type"] = request.content_type
    params = tuple(_pairs(request.params or {}))
    url = config.api_url + request.path
    read_s = request.read_s
    if read_s is None and request.method == "POST":
        read_s = _WORK_S
    return Call(request.method, url, headers, params, content, read_s)


def repeated(
    config: Config,
    wanted: Effect,
    may_repeat: bool,
    method: str = "GET",
    unreached: int | None = None,
) -> Steps[Answer]:
    """Perform a `Call` or an `OpenStream` until it is answered without a passing problem.

    Parameters
    ----------
    unreached : int, optional
        Repetitions at most if there is no connection at all, where there is another way to go.

    Raises
    ------
    ServiceProblem, ConnectionFailed
    """
    tries = 0
    while True:
        tries += 1
        try:
            answer: Answer = yield wanted
        except ConnectionFailed as failed:
            if failed.sent and not may_repeat:
                raise
            pause_s = config.retries.pause_s(tries, None)
            given_up = unreached is not None and not failed.sent and tries > unreached
            if pause_s is None or given_up:
                raise
        else:
            if answer.status < 400:
                return answer
            if answer.status == 404 and method == "DELETE" and tries > 1:
                return replace(answer, status=204)  # The try whose answer was lost deleted it.
            if isinstance(wanted, OpenStream):
                answer = replace(answer, content=(yield from _rest()))
            problem = problem_of(answer)
            passing = answer.status in _NOT_DONE or (may_repeat and answer.status in _AGAIN)
            wanted_s = problem.retry_after_s
            pause_s = config.retries.pause_s(tries, wanted_s) if passing else None
            if pause_s is None:
                raise problem
        yield Sleep(pause_s)


def _rest() -> Steps[bytes]:
    """What a stream says instead of what it should: a problem, so a little is enough."""
    told = b""
    while len(told) < _MOST_TOLD:
        try:
            chunk: bytes = yield ReadStream()
        except ConnectionFailed:
            break
        if not chunk:
            break
        told += chunk
    return told


def json_of(answer: Answer) -> Any:
    """The body as JSON.

    Raises
    ------
    UnexpectedAnswer
    """
    try:
        return json.loads(answer.content)
    except ValueError as error:
        raise UnexpectedAnswer(
            "The answer is not JSON; does the address lead to Personae itself?"
        ) from error


def problem_of(answer: Answer) -> ServiceProblem:
    """What an answer of 400 or more says, whoever wrote it."""
    try:
        loaded: object = json.loads(answer.content)
    except ValueError:
        loaded = None
    told = cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}
    usual = "internal_error" if answer.status >= 500 else "bad_request"
    code = str(told.get("code") or _BY_STATUS.get(answer.status, usual))
    message = str(told.get("detail") or told.get("title") or f"HTTP status {answer.status}.")
    errors = told.get("errors")
    details = Details(
        code=code,
        title=str(told.get("title") or ""),
        status=answer.status,
        request_id=told.get("request_id") or answer.headers.get("x-request-id"),
        retryable=bool(told.get("retryable", answer.status in (*_NOT_DONE, *_AGAIN))),
        retry_after_s=_retry_after_s(answer.headers.get("retry-after")),
        role=told.get("role"),
        reason=told.get("reason"),
        errors=tuple(cast("list[dict[str, Any]]", errors)) if isinstance(errors, list) else (),
    )
    return error_of(message, details)


def _retry_after_s(header: str | None) -> float | None:
    """Seconds from now; RFC 9110 allows a number or a date."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _pairs(params: Mapping[str, object]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        if value is None:
            continue
        several = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
        pairs += [(name, _text(one)) for one in several]
    return pairs


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

"""What parent and media child say to each other: one JSON object a line, errors included.

Parent to child: a job, ``{"op": …}``, or ``{"stop": true}`` about the job that runs. Child to
parent: ``{"ready": pid}`` once, then for each job ``{"begun": true}``, any number of
``{"progress": {…}}`` and one ``{"answer": {…}}`` or ``{"error": {…}}``. An error with ``"last"``
is the child's last line.

A child has no key. While it seals an output it may say ``{"sign": hex}``, and the parent answers
``{"signature": hex}``, or None if it cannot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args

from personae.errors import (
    FaceNotFound,
    MediaUnreachable,
    PersonaeError,
    PolicyRefused,
    RateLimited,
    Reason,
    Role,
    TaskFailed,
)

LINE_BYTES = 32 * 2**20
"""No message is longer; faces with all their landmarks are the longest."""

JOB_BYTES = 2**20
"""No job is longer: as much as an unprivileged process may let a pipe of Linux hold."""

ROLES: tuple[Role, ...] = get_args(Role)
REASONS: tuple[Reason, ...] = get_args(Reason)


def encode(message: Mapping[str, Any]) -> bytes:
    """One line, in ASCII so that no locale can spoil it."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of one line.

    Raises
    ------
    ValueError
        If it is no JSON object.
    """
    message: Any = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("A message is a JSON object.")
    return cast("dict[str, Any]", message)


def error_to_json(error: BaseException) -> dict[str, Any]:
    """An error as plain values; what Personae did not raise on purpose says nothing of itself."""
    if not isinstance(error, PersonaeError):
        error = TaskFailed("Something broke inside Personae; the log says what.")
    plain: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
        "fault": error.fault,
        "role": error.role,
    }
    if isinstance(error, PolicyRefused):
        plain |= {"reason": error.reason, "facts": error.facts}
    if isinstance(error, RateLimited):
        plain["retry_after_s"] = error.retry_after_s
    return plain


def error_from_json(plain: Mapping[str, Any]) -> PersonaeError:
    """The error that `error_to_json` wrote, of the same class; an unknown one is `TaskFailed`."""
    code, message = plain.get("code"), plain.get("message")
    text = message if isinstance(message, str) else None
    kind = _BY_CODE.get(code) if isinstance(code, str) else None
    if kind is None:
        return TaskFailed(text)
    role, reason = plain.get("role"), plain.get("reason")
    if kind is FaceNotFound:
        return FaceNotFound(role if role in ROLES else "scene", text)
    if kind is PolicyRefused:
        return PolicyRefused(
            text,
            role=role if role in ROLES else None,
            reason=reason if reason in REASONS else "file",
            facts=plain.get("facts"),
        )
    if kind is RateLimited:
        return RateLimited(text, float(plain.get("retry_after_s", 1.0)))
    if kind is MediaUnreachable:
        return MediaUnreachable(text, retryable=bool(plain.get("retryable")))
    return kind(text)


def _below(kind: type[PersonaeError]) -> Iterator[type[PersonaeError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _below(one)


# A class without a code of its own travels as what it is a kind of.
_BY_CODE = {kind.code: kind for kind in _below(PersonaeError) if "code" in vars(kind)}

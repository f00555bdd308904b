"""Answers made of models."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel
from starlette.responses import Response

from personae.app.hooks import iso_time

REPLAYED = "Idempotency-Replayed"


def reply(
    shown: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A model as JSON. It is valid by construction, so nothing checks it again."""
    return Response(
        shown.model_dump_json(),
        status_code=status,
        headers=None if headers is None else dict(headers),
        media_type="application/json",
    )


def replayed(new: bool) -> dict[str, str]:
    """Tells a client that its idempotency key has been used before, by the same request."""
    return {} if new else {REPLAYED: "true"}


def at(time_s: float | None) -> str | None:
    """A time as the wire writes it, if there is one."""
    return None if time_s is None else iso_time(time_s)

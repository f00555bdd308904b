"""What every group of A2E's routes is made with."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Protocol, cast

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from personae.errors import InvalidRequest
from personae.wire.a2e.settings import A2eSettings
from personae.wire.dialects import Call
from personae.wire.guard import Guarded

NAME = "a2e"
PREFIX = "/a2e"
EXAMPLE_ID = "69205f10c3a94b1e7d52f086"

WORK = ("not_found", "feature_disabled", "maintenance")
"""What calls refuse that take work on, besides what all do."""

_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
_ABOUT_ID = "24 hex digits, as `_id` gives them."

IdInPath = Annotated[str, Path(alias="_id", description=_ABOUT_ID, examples=[EXAMPLE_ID])]
IdInQuery = Annotated[
    str, Query(alias="_id", max_length=100, description=_ABOUT_ID, examples=[EXAMPLE_ID])
]
MaybeId = Annotated[
    str | None,
    Query(alias="_id", max_length=100, description=f"{_ABOUT_ID} Without it: several."),
]


class _Speaker(Protocol):
    @property
    def settings(self) -> A2eSettings: ...


def group(path: str, tag: str) -> APIRouter:
    """Routes below one of the vendor's paths."""
    return APIRouter(prefix=f"{PREFIX}/api/v1/{path}", route_class=Guarded, tags=[tag])


def settings_of(call: Call) -> A2eSettings:
    """How this service decides what the pages leave open."""
    return cast("_Speaker", call.dialect).settings


def ok(data: Any) -> Response:
    """The vendor's envelope around what went well."""
    body = json.dumps({"code": 0, "data": data}, ensure_ascii=False, separators=(",", ":"))
    # Names may have halves of surrogate pairs, which no encoding has.
    return Response(body.encode("utf-8", "replace"), media_type="application/json")


def checked_id(text: str) -> str:
    """One of the vendor's ids.

    Raises
    ------
    InvalidRequest
        As the vendor answers what is none.
    """
    found = text.strip().lower()
    if _ID.fullmatch(found) is None:
        raise InvalidRequest(f"{text[:40]!r} is no id: those have 24 hex digits.")
    return found

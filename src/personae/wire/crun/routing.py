"""What every group of crun's routes is made with."""

from __future__ import annotations

from typing import Any, Protocol, cast

from fastapi import APIRouter
from starlette.responses import Response

from personae.wire.crun.answers import Answer
from personae.wire.crun.settings import CrunSettings
from personae.wire.dialects import Call
from personae.wire.guard import Guarded
from personae.wire.replies import reply

NAME_OF_DIALECT = "crun"
PREFIX = "/crun"


class _Served(Protocol):
    @property
    def settings(self) -> CrunSettings: ...


def group(path: str, tag: str) -> APIRouter:
    """Routes below one path."""
    return APIRouter(prefix=f"{PREFIX}/api/v1/client/{path}", route_class=Guarded, tags=[tag])


def settings_of(call: Call) -> CrunSettings:
    """How the operator wants it."""
    return cast("_Served", call.dialect).settings


def success(data: object) -> Response:
    """An answer of a call that worked."""
    return reply(Answer[Any](data=data))

"""Reading what several groups of calls need: tasks of some kinds, their files, pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.responses import Response

from personae.app import tasks
from personae.app.ports import Transaction
from personae.domain import pages
from personae.domain.tasks import Task, TaskKind
from personae.errors import InvalidRequest, NotFound
from personae.wire.dialects import Call
from personae.wire.native.models.common import Page
from personae.wire.native.routing import PREFIX
from personae.wire.native.views import Files, files_of
from personae.wire.paging import from_cursor, next_link, to_cursor
from personae.wire.replies import reply

T = TypeVar("T")


def find_task(tx: Transaction, tenant_id: str, task_id: str, kinds: Sequence[TaskKind]) -> Task:
    """One of the tenant's tasks.

    Raises
    ------
    NotFound
        Also for tasks of other kinds.
    """
    task = tasks.get(tx, tenant_id, task_id)
    if task.kind not in kinds:
        raise NotFound(f"There is no task {task_id}.")
    return task


async def task_now(call: Call, task_id: str, kinds: Sequence[TaskKind]) -> Task:
    """One of the caller's tasks, as it is now; see `find_task`."""
    return await call.services.database.aread(
        lambda tx: find_task(tx, call.tenant_id, task_id, kinds)
    )


async def files_now(call: Call, task: Task) -> Files:
    """The files that a task made; asks the database only if there can be any."""
    if task.result is None:
        return {}
    return await call.services.database.aread(lambda tx: files_of(tx, task))


def note_links(call: Call, files: Files) -> None:
    """Have it written down that the caller is given links to these files."""
    for asset_id in files:
        call.gate.accesses.linked(asset_id)


async def listed(
    call: Call,
    path: str,
    cursor: str | None,
    limit: int,
    read: Callable[[Transaction, str | None], pages.Page[T]],
    shown: Callable[[T], BaseModel],
    query: Sequence[tuple[str, str | int]] = (),
) -> Response:
    """Answer with the page of a listing that the cursor asks for.

    Parameters
    ----------
    path : str
        As `page_reply`.
    read : callable
        Reads the page of `limit` rows after the one of this name.
    shown : callable
        What is told of a row.
    query : sequence of (name, value)
        What the next page has to be asked with, besides the limit.

    Raises
    ------
    InvalidRequest
        If the cursor is of another listing.
    """
    after = from_cursor(path, cursor)
    page = await call.services.database.aread(lambda tx: read(tx, after))
    items = [shown(one) for one in page.items]
    return page_reply(call, path, items, page.next_after, [("limit", limit), *query])


def page_reply(
    call: Call,
    path: str,
    items: Sequence[BaseModel],
    next_after: str | None,
    query: Sequence[tuple[str, str | int]],
) -> Response:
    """A page of a listing, and the link to the next.

    Parameters
    ----------
    path : str
        Of the listing, below the prefix; its cursors are good for nothing else.
    query : sequence of (name, value)
        What the next page has to be asked with.
    """
    token = to_cursor(path, next_after)
    url = f"{call.services.settings.base_url}{PREFIX}{path}"
    page = Page[Any](items=list(items), next_cursor=token)
    return reply(page, headers=next_link(url, query, token))


def seconds_of(moment: datetime) -> float:
    """Seconds since 1970, of times that can be written back.

    Raises
    ------
    InvalidRequest
        Outside 1970 to 9998.
    """
    if not 1970 < moment.year < 9999:
        raise InvalidRequest("Times lie between the years 1971 and 9998.")
    return moment.astimezone(UTC).timestamp()

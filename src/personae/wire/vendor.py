"""What the vendors' dialects have in common: submitting, finding and showing tasks by their ids.

A dialect translates; these are the few calls to the rules that each of them makes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from personae.app import submit, tasks
from personae.app.consents import Asserting
from personae.app.filenames import suffix_for
from personae.app.given import GivenMedia
from personae.app.links import Links
from personae.app.ports import Transaction
from personae.app.submit import Context
from personae.domain.ids import int_id
from personae.domain.media import Asset
from personae.domain.swap import Media, MediaRef, SwapRequest
from personae.domain.tasks import Priority, Task, TaskKind
from personae.errors import NotFound, PersonaeError, Unauthorized
from personae.wire.dialects import Call
from personae.wire.problems import Problem

Files = Mapping[str, Asset]
"""What a task made, by asset id."""

SWAPS: tuple[TaskKind, ...] = ("swap_image", "swap_video")
DETECTIONS: tuple[TaskKind, ...] = ("detect_image", "detect_video")
_ASSET = re.compile(r"(?:the asset )?asset_[0-9a-z]{26}", re.ASCII)
_MISSING = re.compile(r"There is no asset_[0-9a-z]{26}", re.ASCII)
_SHOWN_TOO = re.compile(r" \(asset_[0-9a-z]{26}\)", re.ASCII)
_ADVICE = "X-API-Key"
"""In what the native API says of a key that is not there; the vendors have other headers."""
_log = structlog.get_logger("personae.wire")


def given(call: Call) -> GivenMedia:
    """What turns a client's media into references."""
    services = call.services
    # Links that it makes stay in the house.
    return GivenMedia(services.assets, services.fetcher, services.links.telling(None))


def context(
    call: Call,
    dialect_id: str | None,
    *,
    callback: dict[str, Any] | None = None,
    label: str | None = None,
    priority: Priority = "normal",
    echo: dict[str, Any] | None = None,
) -> Context:
    """Who submits what, under which name; `echo` is what the dialect will repeat."""
    return Context(
        tenant_id=call.tenant_id,
        now=call.now(),
        request_id=call.request_id,
        dialect=call.dialect.name,
        dialect_id=dialect_id,
        callback=callback,
        label=label,
        priority=priority,
        disabled=call.services.settings.disabled,
        refused_files=call.services.settings.refused_files,
        echo=echo,
        asserting=asserting(call),
        any_letters=call.services.settings.any_letters,
        engines=call.services.settings.engines,
    )


def asserting(call: Call) -> Asserting:
    """What is known of consent: no dialect has words for it, so its tenant's own has to do."""
    return Asserting(call.services.settings.consent, key=call.who.key)


def callback_to(
    call: Call, url: str | None, headers: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """Where a client wants to be told of a task's end; None if nowhere.

    Raises
    ------
    InvalidRequest, AddressRefused
        If the service may not go there.
    """
    if not url:
        return None
    call.services.fetcher.check(url)
    return {"url": url, "headers": dict(headers or {})}


def numbered(
    tx: Transaction, call: Call, who: Context, draw: Callable[[], int] = int_id
) -> Context:
    """The same submitter, for a task whose name is a whole number that none of theirs has yet."""
    while task_called(tx, call, number := str(draw())) is not None:
        pass
    return renamed(who, number)


async def submit_swap(call: Call, asked: SwapRequest, who: Context) -> Task:
    """Take a swap on.

    Raises
    ------
    As `personae.app.submit.submit_swap`.
    """
    task, _ = await call.services.database.awrite(lambda tx: submit.submit_swap(tx, who, asked))
    return task


async def submit_preview(call: Call, asked: SwapRequest, who: Context) -> Task:
    """Take one frame of a swap on."""
    task, _ = await call.services.database.awrite(
        lambda tx: submit.submit_preview(tx, who, asked, None)
    )
    return task


async def submit_detection(
    call: Call, media: Media, scene: MediaRef, who: Context, tariff: str | None = None
) -> Task:
    """Take a search for people on."""
    task, _ = await call.services.database.awrite(
        lambda tx: submit.submit_detection(tx, who, media, scene, tariff)
    )
    return task


async def find_task(call: Call, dialect_id: str, kinds: Sequence[TaskKind]) -> Task:
    """The caller's task of that name in this dialect.

    Raises
    ------
    NotFound
    """
    found = await call.services.database.aread(lambda tx: task_called(tx, call, dialect_id))
    if found is None or found.kind not in kinds:
        raise NotFound(f"There is no task {dialect_id[:64]}.")
    return found


def task_called(tx: Transaction, call: Call, dialect_id: str) -> Task | None:
    """As `find_task`, inside a transaction, whatever its kind."""
    return tx.tasks.by_dialect_id(call.tenant_id, call.dialect.name, dialect_id)


async def files_of(call: Call, found: Sequence[Task]) -> dict[str, Files]:
    """What tasks have made, by task id; asks the database only if there can be any."""
    wanted = [task.id for task in found if task.result is not None]
    if not wanted:
        return {}

    def work(tx: Transaction) -> dict[str, Files]:
        return {name: {one.id: one for one in tx.assets.of_task(name)} for name in wanted}

    return await call.services.database.aread(work)


async def delete_task(call: Call, task: Task) -> None:
    """Remove a task and what it made; one that is under way is canceled first."""
    now = call.now()

    def work(tx: Transaction) -> tuple[bool, list[str]]:
        current = tasks.get(tx, call.tenant_id, task.id)
        under_way = not current.final
        if under_way:
            tasks.cancel(tx, call.tenant_id, task.id, now)
        return under_way, tasks.delete(tx, call.tenant_id, task.id, now)

    under_way, unused = await call.services.database.awrite(work)
    if under_way:
        await _tell_queue(call, task)
    if unused:
        # What fails here is found by the sweep of blobs that no row names.
        with suppress(PersonaeError):
            await asyncio.to_thread(call.services.blobs.delete, unused)


async def cancel_task(call: Call, task: Task) -> Task:
    """End a task that nobody waits for any more, unless it has just ended by itself.

    Its credits are given back.
    """
    now = call.now()

    def work(tx: Transaction) -> Task:
        current = tasks.get(tx, call.tenant_id, task.id)
        return current if current.final else tasks.cancel(tx, call.tenant_id, task.id, now)

    ended = await call.services.database.awrite(work)
    if ended.status == "canceled":
        await _tell_queue(call, task)
    return ended


async def _tell_queue(call: Call, task: Task) -> None:
    """Save workers the work on a canceled task: the row has decided already."""
    try:
        await call.services.cancel_workflow(task.id)
    except Exception:
        _log.exception("the queue was not told", action="task.cancel", task_id=task.id)


def link_to(links: Links, asset: Asset, ttl_s: float, filename: str | None = None) -> str:
    """A link to a stored file, under a name with the right ending."""
    name = filename or asset.filename or f"{asset.id}{suffix_for(asset.content_type)}"
    return links.url(asset.id, name, ttl_s)


def output_of(task: Task, files: Files) -> Asset | None:
    """What a finished swap made; None once it is gone."""
    ids: list[str] = (task.result or {}).get("assets") or [""]
    return files.get(ids[0])


def still_of(task: Task, files: Files, name: str) -> Asset | None:
    """A finished swap's ``cover`` or ``thumbnail``, if it has one."""
    return files.get(str((task.result or {}).get(name)))


def stem_of(url: str) -> str:
    """What a file behind a URL is called, without its ending."""
    try:
        return PurePosixPath(unquote(urlsplit(url).path)).stem
    except ValueError:
        return ""


def plain(message: str) -> str:
    """A sentence without our names of files, which these clients have never seen."""
    bare = _SHOWN_TOO.sub("", message)
    bare = bare.replace("There is no asset asset_", "There is no asset_")
    bare = _MISSING.sub("There is no such file", bare)
    said = _ASSET.sub("the file", bare)
    return f"T{said[1:]}" if said.startswith("the file") else said


def shown(problem: Problem) -> Problem:
    """An error in words that a vendor's client understands."""
    if problem.code == Unauthorized.code and _ADVICE in problem.detail:
        return replace(problem, detail=problem.title)
    return replace(problem, detail=plain(problem.detail))


def renamed(who: Context, dialect_id: str) -> Context:
    """The same submitter, for a task of another name."""
    return replace(who, dialect_id=dialect_id)

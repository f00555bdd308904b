"""Takedowns: made, listed; files that nobody may use, allowed again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from personae.cli.admin.common import AsJson, Data, known, log_apart, open_database, plain, when
from personae.cli.exit_codes import ExitCode
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.app.ports import Database
    from personae.app.subjects import Found
    from personae.app.takedown_service import TakedownService
    from personae.domain.takedowns import Order, Takedown

_WAIT_S = 60.0
_STEP_BYTES = 1 << 20


def take_down(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT",
            help="Id of a task, an asset or a face; a link; a file on this machine, by its bytes; "
            "sha256:…; mark:1f08a55c3e; or with --dialect a task's name there.",
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; kept with the takedown.")],
    dialect: Annotated[str | None, typer.Option(help="Whose name SUBJECT is.")] = None,
    tenant: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --dialect: whose task.")
    ] = None,
    all_of_inputs: Annotated[
        bool, typer.Option("--all-of-inputs", help="Finished swaps of the same inputs, too.")
    ] = False,
    everywhere: Annotated[
        bool,
        typer.Option("--everywhere/--this-tenant", help="Same bytes of other tenants, too."),
    ] = True,
    block: Annotated[
        bool, typer.Option("--block/--no-block", help="Let nobody use these bytes again.")
    ] = True,
    register: Annotated[
        Literal["donor", "scene", "either"] | None,
        typer.Option(help="Put the donors into the do-not-swap register, as what."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Until the last byte is gone; a minute at most")
    ] = True,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Remove an output with its inputs, previews, crops, stills and saved faces, everywhere.

    Tasks under way are canceled and their credits given back. Repeating it does no harm.
    """
    with Talk(as_json=as_json) as talk:
        from personae.domain.takedowns import Order
        from personae.hosting import wiring
        from personae.hosting.folders import keep_private
        from personae.hosting.settings import load_settings

        keep_private()
        settings = load_settings(data_dir=data)
        log_apart(settings)
        with wiring.open_service(settings) as opened:
            order = Order(
                _named(subject),
                reason,
                "operator",
                all_of_inputs=all_of_inputs,
                everywhere=everywhere,
                block=block,
                owner=_tenant_id(opened.database, tenant),
                dialect=dialect,
            )
            service = wiring.takedown_service(settings, opened)
            if dry_run:
                _show_plan(talk, service.look(order), order)
                return
            if register is None:
                made, new = service.take_down(order)
            else:
                with wiring.open_register(settings, opened) as people:
                    enrolling = wiring.takedown_service(settings, opened, people)
                    made, new = enrolling.take_down(order, register)
            _finish(talk, service, made, new, wait=wait)


def _finish(talk: Talk, service: TakedownService, made: Takedown, new: bool, *, wait: bool) -> None:
    """Show a takedown, if asked to after it is done."""
    if wait:
        made = _wait(talk, service, made)
    _show(talk, made, new)
    if wait and made.state != "done":
        raise typer.Exit(ExitCode.SERVICE)


def list_takedowns(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List what was taken down, newest first; tenants' own among it."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        page = database.read(lambda tx: tx.takedowns.page(None, after=None, limit=limit))
        lines = [
            f"{one.id}  {one.state}  {when(one.created_at)}  {one.requested_by}  "
            f"{_counted(one)}  {one.reason}"
            for one in page.items
        ]
        talk.result("\n".join(lines), {"takedowns": [_shown(one) for one in page.items]})


def unblock(
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="64 hex digits.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Let a file be used again that a takedown has blocked."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import takedowns

        name = sha256.lower()
        database.write(lambda tx: takedowns.unblock(tx, name, "operator", time.time()))
        talk.result(f"{name} may be used again.", {"sha256": name, "blocked": False})


def _named(subject: str) -> str:
    """A file on this machine by its bytes; anything else as it is."""
    path = Path(subject)
    try:
        if not path.is_file():
            return subject
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(_STEP_BYTES):
                digest.update(piece)
    except OSError:  # Too long to be a name, for one.
        return subject
    return f"sha256:{digest.hexdigest()}"


def _tenant_id(database: Database, name: str | None) -> str | None:
    return None if name is None else database.read(lambda tx: known(tx, name).id)


def _wait(talk: Talk, service: TakedownService, made: Takedown) -> Takedown:
    if made.state != "done":
        talk.note("Nobody finds it any more; waiting for the last bytes to go …")
    return service.wait(made, _WAIT_S)


def _show_plan(talk: Talk, found: Found, order: Order) -> None:
    """What a takedown would do."""
    lists = {
        "tasks": list(found.tasks),
        "under_way": [one.id for one in found.tasks.values() if not one.final],
        "assets": list(found.assets),
        "faces": list(found.faces),
        "tenants": list(found.tenants),
        "other_tasks": list(found.left),
    }
    lines = [f"{name}: {_listed(value)}" for name, value in lists.items()]
    shown = {**lists, "subject": order.subject, "unstored_inputs": len(found.unstored)}
    talk.result("Nothing has been removed. It would be:\n" + "\n".join(lines), shown)


def _show(talk: Talk, made: Takedown, new: bool) -> None:
    detail = made.detail
    lines = [f"{made.id}: {made.state}" if new else f"{made.id} took it down before: {made.state}"]
    names = ("tasks", "canceled", "assets", "faces", "tenants", "blocked", "registered")
    lines += [f"{name}: {_listed(getattr(detail, name))}" for name in names]
    if detail.left:
        lines.append(f"made of the same, still there: {_listed(detail.left)}")
        lines.append("--all-of-inputs takes these down, too; or name them one by one.")
    if detail.unstored:
        lines.append(f"inputs behind URLs, not stored here: {detail.unstored}")
    if detail.last_failure is not None:
        lines.append(f"tried {detail.failures} times in vain: {detail.last_failure}")
    talk.result("\n".join(lines), {"new": new, **_shown(made)})


def _shown(made: Takedown) -> dict[str, Any]:
    """A takedown without where its bytes lay."""
    detail = asdict(made.detail)
    for name in ("keys", "folders", "settled_at"):
        del detail[name]
    return {**plain(made), "detail": detail}


def _counted(made: Takedown) -> str:
    detail = made.detail
    return f"{len(detail.tasks)} tasks, {len(detail.assets)} files, {len(detail.faces)} faces"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"

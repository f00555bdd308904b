"""Tasks: listed and canceled."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli.admin.common import AsJson, Data, TenantName, known, open_database, when
from personae.cli.output import Talk
from personae.errors import NotFound

if TYPE_CHECKING:
    from personae.app.ports import Transaction

tasks_app = typer.Typer(help="Look at tasks and cancel them.", no_args_is_help=True)


@tasks_app.command("list")
def list_tasks(
    tenant: TenantName,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List a tenant's newest tasks."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        page = database.read(
            lambda tx: tx.tasks.page(known(tx, tenant).id, kinds=(), after=None, limit=limit)
        )
        lines = [
            f"{one.id}  {one.kind}  {one.status}  {when(one.created_at)}  {one.credits_charged}"
            for one in page.items
        ]
        shown = [
            {
                "id": one.id,
                "kind": one.kind,
                "status": one.status,
                "created_at": when(one.created_at),
                "credits_charged": one.credits_charged,
                "error": None if one.error is None else asdict(one.error),
            }
            for one in page.items
        ]
        talk.result("\n".join(lines), {"tasks": shown})


@tasks_app.command("cancel")
def cancel(
    task_id: Annotated[str, typer.Argument(metavar="TASK_ID")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """End a task and give its credits back."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import tasks

        def work(tx: Transaction) -> str:
            found = tx.tasks.get(None, task_id)
            if found is None:
                raise NotFound(f"There is no task {task_id}.")
            return tasks.cancel(tx, found.tenant_id, task_id, time.time()).status

        status = database.write(work)
        talk.result(f"{task_id} is {status}.", {"id": task_id, "status": status})

"""Tenants: made, listed, suspended; their labels and what they assert of consent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli.admin.common import AsJson, Data, known, open_database, plain, when
from personae.cli.admin.consents import moment
from personae.cli.output import Talk
from personae.domain.labels import DEFAULT_PLACE, DEFAULT_SIZE, LEAST_SIZE, MOST_SIZE, PLACES
from personae.errors import InvalidRequest

if TYPE_CHECKING:
    from personae.app.ports import Transaction
    from personae.domain.tenants import Tenant

tenants_app = typer.Typer(help="Make, list and suspend tenants.", no_args_is_help=True)


@tenants_app.command("create")
def create_tenant(
    name: Annotated[str, typer.Argument()], data: Data = None, as_json: AsJson = False
) -> None:
    """Make a tenant with an empty account."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts

        made = database.write(lambda tx: accounts.create_tenant(tx, name, time.time()))
        talk.result(f"{made.id}  {made.name}", plain(made))


@tenants_app.command("list")
def list_tenants(data: Data = None, as_json: AsJson = False) -> None:
    """List all tenants and their balances."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.domain.credits import counted

        rows = database.read(
            lambda tx: [(one, tx.credits.balance(one.id)) for one in tx.tenants.all()]
        )
        lines = [
            f"{one.id}  {one.name}  {counted(balance.available)}"
            f"{'  suspended' if one.suspended_at else ''}"
            for one, balance in rows
        ]
        shown = [{**plain(one), "balance": asdict(balance)} for one, balance in rows]
        talk.result("\n".join(lines), {"tenants": shown})


@tenants_app.command("suspend")
def suspend(
    tenant: Annotated[str, typer.Argument(metavar="NAME")],
    undo: Annotated[bool, typer.Option("--undo", help="Readmit it.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a tenant's requests from now on; its tasks under way go on."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts

        def work(tx: Transaction) -> str:
            owner = known(tx, tenant)
            accounts.set_suspended(tx, owner.id, not undo, time.time())
            return owner.id

        found = database.write(work)
        state = "readmitted" if undo else "suspended"
        talk.result(f"{found} is {state}.", {"tenant_id": found, "suspended": not undo})


def _time(kind: str) -> typer.models.OptionInfo:
    return typer.Option(f"--{kind}", metavar="TIME", help="90, 30m, 12h, 7d or 2w.")


@tenants_app.command("retention")
def retention(
    tenant: Annotated[str, typer.Argument(metavar="NAME")],
    uploads: Annotated[str | None, _time("uploads")] = None,
    imports: Annotated[str | None, _time("imports")] = None,
    outputs: Annotated[str | None, _time("outputs")] = None,
    previews: Annotated[str | None, _time("previews")] = None,
    stills: Annotated[str | None, _time("stills")] = None,
    crops: Annotated[str | None, _time("crops")] = None,
    detections: Annotated[str | None, _time("detections")] = None,
    faces: Annotated[
        str | None, typer.Option(metavar="TIME", help="Or never: until they are deleted.")
    ] = None,
    usual: Annotated[
        bool, typer.Option("--usual", help="As everybody's, but for what is named.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say how long a tenant's things are kept, or show it. What is there ends sooner as well."""
    given = {
        "uploads": uploads,
        "imports": imports,
        "outputs": outputs,
        "previews": previews,
        "stills": stills,
        "crops": crops,
        "detections": detections,
        "faces": faces,
    }
    with Talk(as_json=as_json) as talk:
        from personae.app import retention as rules
        from personae.domain.retention import allowed, in_force, seconds
        from personae.hosting.settings import load_settings

        default = load_settings(data_dir=data).kept
        times = {name: seconds(text, name) for name, text in given.items() if text is not None}

        def work(tx: Transaction) -> Tenant:
            owner = known(tx, tenant)
            if usual:
                owner = rules.forget_rule(tx, owner.id, time.time())
            return rules.rule(tx, owner.id, times, time.time()) if times else owner

        with open_database(data) as database:
            settings = database.write(work).settings
        holds, most = in_force(settings, default), allowed(settings, default)
        lines = [
            f"{name}: {_said(value)}" + ("" if value == most else "  (the tenant's own wish)")
            for (name, value), most in zip(
                holds.to_json().items(), most.to_json().values(), strict=True
            )
        ]
        talk.result(
            "\n".join(lines),
            {"tenant": tenant, "in_force": holds.to_json(), "longest": most.to_json()},
        )


def _said(seconds: float | None) -> str:
    if seconds is None:
        return "until they are deleted"
    return f"{seconds / 86400:g} days" if seconds >= 86400 else f"{seconds / 3600:g} hours"


@tenants_app.command("label")
def label(
    tenant: Annotated[str, typer.Argument(metavar="NAME")],
    pictures: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Write this over pictures; '' for nothing.")
    ] = None,
    videos: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Over videos and animations; '' for nothing.")
    ] = None,
    place: Annotated[
        str, typer.Option(metavar="|".join(PLACES), help="Where the label stands.")
    ] = DEFAULT_PLACE,
    size: Annotated[
        float, typer.Option(min=LEAST_SIZE, max=MOST_SIZE, help="Height of its letters, a share.")
    ] = DEFAULT_SIZE,
    enforced: Annotated[
        bool | None,
        typer.Option("--enforced/--not-enforced", help="Whether tasks can do without it."),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Set what is written over a tenant's outputs, or show it."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import labels
        from personae.domain.labels import Label

        def made(text: str) -> Label | None:
            return Label(text, place, size) if text else None

        changes: dict[str, Label | bool | None] = {}
        if pictures is not None:
            changes["pictures"] = made(pictures)
        if videos is not None:
            changes["videos"] = made(videos)
        if enforced is not None:
            changes["enforced"] = enforced
        letters = _check_letters(data)
        for one in changes.values():
            if isinstance(one, Label):
                letters(one.text)
        told = database.write(
            lambda tx: labels.change(tx, known(tx, tenant).id, changes, time.time())
        ).to_json()
        shown = [
            f"{kind}: {'nothing' if told[kind] is None else told[kind]['text']}"
            for kind in ("pictures", "videos")
        ]
        talk.result("\n".join([*shown, f"enforced: {told['enforced']}"]), told)


def _check_letters(data: Path | None) -> Callable[[str], None]:
    """What refuses a text that this service has no letters for."""
    from personae.domain.labels import check_drawable
    from personae.hosting.settings import load_settings

    font = load_settings(data_dir=data).label_font
    if font is None:
        return check_drawable
    from personae.video.font_files import lettering_of

    draw = lettering_of(font)
    return lambda text: (draw(text, 24), None)[1]


@tenants_app.command("consent")
def consent(
    tenant: Annotated[str, typer.Argument(metavar="NAME")],
    statement: Annotated[
        str | None, typer.Option(help="What the tenant asserts, or the name of such a text.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who asserts it.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="When it ends by itself: 2027-11-21, UTC.")
    ] = None,
    evidence: Annotated[str | None, typer.Option(help="Where the proof is.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="It holds no longer.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Record that a tenant asserts the consent of the people it shows, or show what it asserts."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import consents
        from personae.domain.consent import Standing

        now = time.time()
        if withdraw and statement is not None:
            raise InvalidRequest("Use either --statement or --withdraw.")
        if statement is not None and by is None:
            raise InvalidRequest("Say with --by who asserts it.")
        if statement is None and (by, until, evidence) != (None, None, None):
            raise InvalidRequest("Say with --statement what is asserted.")
        ends = None if until is None else moment(until)

        def work(tx: Transaction) -> Standing | None:
            owner = known(tx, tenant).id
            if withdraw:
                consents.withdraw(tx, owner, now)
            elif statement is not None and by is not None:
                made = Standing(statement, by, now, "operator", ends, evidence)
                consents.assert_standing(tx, owner, made, now)
            return consents.standing_of(tx, owner)

        found = database.write(work)
        if found is None:
            talk.result("Nothing is asserted.", {"standing": None, "holds": False})
            return
        ending = "" if found.until is None else f", until {when(found.until)}"
        state = "" if found.holds(now) else " It has ended."
        talk.result(
            f"{found.asserted_by}, {when(found.at)}{ending}: {found.statement}{state}",
            {"standing": found.to_json(), "holds": found.holds(now)},
        )

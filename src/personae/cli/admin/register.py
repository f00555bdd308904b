"""The do-not-swap register: people added, found, removed, imported, exported."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from personae.cli.admin.common import AsJson, Data, known, open_database, plain, when
from personae.cli.exit_codes import ExitCode
from personae.cli.output import Talk
from personae.errors import MediaUnreachable, PersonaeError

if TYPE_CHECKING:
    from personae.app.ports import Database
    from personae.app.register import RegisterService
    from personae.app.register_entries import Entry
    from personae.cli.admin.register_files import Wanted
    from personae.domain.register import ProtectedPerson

register_app = typer.Typer(
    help="Keep the register of people who may not be swapped.", no_args_is_help=True
)
_BY = "operator"
Person = Annotated[str, typer.Argument(metavar="PERSON_ID")]
AppliesTo = Annotated[
    Literal["donor", "scene", "either"], typer.Option(help="What they may not be.")
]
Reason = Annotated[str, typer.Option(help="Why.")]
Origin = Annotated[
    str, typer.Option(help="Where it comes from: public figure list, court order, opt-out, …")
]
Expires = Annotated[str, typer.Option(metavar="DAY", help="2027-01-31; without it, never.")]
Tenant = Annotated[
    str | None,
    typer.Option("--tenant", metavar="NAME", help="Only for its tasks; else for everybody's."),
]


@register_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="May be empty ('') or made up.")],
    photo: Annotated[
        list[Path], typer.Option(help="Of this person alone, not kept; repeat for several.")
    ],
    applies_to: AppliesTo = "either",
    reason: Reason = "",
    origin: Origin = "",
    expires: Expires = "",
    tenant: Tenant = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Let somebody not be swapped, from the next task on."""
    with Talk(as_json=as_json) as talk, _open(data) as (service, database, _):
        from personae.app.register_entries import Entry, expiry_of

        _check_there(photo)
        owner = _tenant_id(database, tenant)
        entry = Entry(
            name=name,
            applies_to=applies_to,
            reason=reason,
            origin=origin,
            expires_at=expiry_of(expires),
        )
        person, warnings = service.add(entry, photo, added_by=_BY, tenant_id=owner)
        for text in warnings:
            talk.warn(text)
        talk.result(f"{person.id} is protected.", {"person": plain(person), "warnings": warnings})


@register_app.command("list")
def list_people(
    words: Annotated[str, typer.Argument(help="Only with this in name, reason or origin.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List entries, newest first; tenants' own among them."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import register_entries

        page = database.read(
            lambda tx: register_entries.page(
                tx, None, everybody=True, words=words, after=None, limit=limit
            )
        )
        text = "\n".join(_line(one) for one in page.items)
        talk.result(text, {"people": [plain(one) for one in page.items]})


@register_app.command("show")
def show(person_id: Person, data: Data = None, as_json: AsJson = False) -> None:
    """Show an entry."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import register_entries

        person = database.read(lambda tx: register_entries.get(tx, person_id, None, everybody=True))
        told = plain(person)
        lines = [f"{name}: {value}" for name, value in told.items() if value is not None]
        talk.result("\n".join(lines), told)


@register_app.command("remove")
def remove(person_id: Person, data: Data = None, as_json: AsJson = False) -> None:
    """Remove an entry; what is known of the face is deleted at once."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import register_entries

        database.write(
            lambda tx: register_entries.remove(tx, person_id, None, everybody=True, now=time.time())
        )
        talk.result(f"{person_id} is removed.", {"id": person_id, "removed": True})


@register_app.command("check")
def check(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO")],
    count: Annotated[int, typer.Option(min=1, max=100, help="How many of the nearest.")] = 5,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say whom a photo would be taken for, and how far the nearest entries are."""
    with Talk(as_json=as_json) as talk, _open(data) as (service, _, _):
        _check_there([photo])
        found, warnings = service.look_up(photo, count=count)
        for text in warnings:
            talk.warn(text)
        lines = [
            f"{one.distance:.4f}  {'refused' if one.refused else 'allowed'}  {_line(one.person)}"
            for one in found
        ]
        shown = [
            {"distance": one.distance, "refused": one.refused, "person": plain(one.person)}
            for one in found
        ]
        talk.result("\n".join(lines) or "Nobody is protected.", {"found": shown})


@register_app.command("import")
def import_people(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|CSV|JSONL",
            help="A folder of pictures or of folders, one for each person; a table with the "
            "columns photos (separated by ;), name, applies_to, reason, origin, expires_at; or "
            "an export with embeddings.",
        ),
    ],
    applies_to: AppliesTo = "either",
    reason: Reason = "",
    origin: Origin = "",
    expires: Expires = "",
    tenant: Tenant = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Add many people. Options are for those who have nothing else said of them.

    One that is interrupted, or run again, leaves out who is in already.
    """
    with Talk(as_json=as_json) as talk, _open(data) as (service, database, folder):
        from personae.cli.admin.register_files import Done, read_people

        owner = _tenant_id(database, tenant)
        name = hashlib.sha256(f"{path.resolve()} {owner}".encode()).hexdigest()[:32]
        done = Done(folder / "imports" / name)
        common = {"applies_to": applies_to, "reason": reason, "origin": origin}
        common["expires_at"] = expires
        counts = {"added": 0, "known": 0, "failed": 0}
        for wanted in read_people(path):
            try:
                digest = wanted.digest
                person_id = done.person(digest)
                if person_id is not None and _is_there(database, person_id):
                    counts["known"] += 1
                    continue
                person, warnings = _add_one(service, wanted, common, owner)
            except (PersonaeError, OSError) as error:
                why = error.message if isinstance(error, PersonaeError) else "cannot be read"
                talk.warn(f"{wanted.label} was left out: {why}")
                counts["failed"] += 1
                continue
            done.note(digest, person.id)
            counts["added"] += 1
            for text in warnings:
                talk.warn(f"{wanted.label}: {text}")
        text = ", ".join(f"{count} {what}" for what, count in counts.items())
        talk.result(text, counts)
        if counts["failed"]:
            raise typer.Exit(ExitCode.SERVICE)


@register_app.command("export")
def export(
    path: Annotated[Path, typer.Argument(metavar="JSONL")],
    embeddings: Annotated[
        bool,
        typer.Option("--embeddings", help="With what faces are known by: personal data."),
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write all entries down, one JSON object a line."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        count = 0
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                for person in _everybody(database):
                    told = plain(person)
                    if embeddings:
                        told["embeddings"] = _embeddings(database, person.id)
                    file.write(json.dumps(told, ensure_ascii=False) + "\n")
                    count += 1
        except OSError as error:
            raise MediaUnreachable(f"{path} cannot be written: {error.strerror}.") from error
        talk.result(f"{count} entries are in {path}.", {"entries": count})


@contextmanager
def _open(data: Path | None) -> Generator[tuple[RegisterService, Database, Path]]:
    """The register, the database, and a folder of the service's for what imports have done."""
    from personae.app import audit
    from personae.domain.audit import OPERATOR
    from personae.hosting import wiring
    from personae.hosting.folders import keep_private
    from personae.hosting.settings import load_settings

    keep_private()
    settings = load_settings(data_dir=data)
    with (
        wiring.open_service(settings) as opened,
        wiring.open_register(settings, opened) as register,
        audit.acting(OPERATOR),
    ):
        yield register, opened.database, settings.data_dir / "register"


def _add_one(
    service: RegisterService, wanted: Wanted, common: Mapping[str, str], owner: str | None
) -> tuple[ProtectedPerson, list[str]]:
    entry = _entry({**common, **wanted.fields})
    if wanted.embeddings:
        made = service.write(entry, wanted.embeddings, added_by=_BY, tenant_id=owner)
        return made, []
    return service.add(entry, wanted.photos, added_by=_BY, tenant_id=owner)


def _entry(fields: Mapping[str, Any]) -> Entry:
    from personae.app.register_entries import Entry, expiry_of

    told = {name: fields.get(name, "") for name in ("name", "reason", "origin")}
    expires_at = expiry_of(fields.get("expires_at", ""))
    return Entry(**told, applies_to=fields["applies_to"], expires_at=expires_at)


def _check_there(photos: list[Path]) -> None:
    for photo in photos:
        if not photo.is_file():
            raise MediaUnreachable(f"{photo} is no file.", retryable=False)


def _tenant_id(database: Database, name: str | None) -> str | None:
    return None if name is None else database.read(lambda tx: known(tx, name).id)


def _is_there(database: Database, person_id: str) -> bool:
    person = database.read(lambda tx: tx.register.get(person_id))
    return person is not None and person.removed_at is None


def _everybody(database: Database) -> Generator[ProtectedPerson]:
    from personae.app import register_entries

    after: str | None = None
    while True:
        page = database.read(
            lambda tx, after=after: register_entries.page(
                tx, None, everybody=True, after=after, limit=500
            )
        )
        yield from page.items
        after = page.next_after
        if after is None:
            return


def _embeddings(database: Database, person_id: str) -> list[str]:
    found = database.read(lambda tx: tx.register.embeddings(person_id))
    return [base64.b64encode(one).decode("ascii") for one in found]


def _line(person: ProtectedPerson) -> str:
    until = "" if person.expires_at is None else f"  until {when(person.expires_at)}"
    return (
        f"{person.id}  {person.applies_to}  {person.name or '(no name)'}  {person.origin}"
        f"  {person.faces} face{'s' if person.faces != 1 else ''}{until}"
    )

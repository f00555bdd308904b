"""Consent: the records of tasks, given out."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from personae.cli.admin.common import Data, TenantName, known, open_database, when
from personae.cli.output import Talk
from personae.errors import InvalidRequest

consents_app = typer.Typer(
    help="Give out the records of who asserted consent.", no_args_is_help=True
)
FORMATS = ("csv", "jsonl")
COLUMNS = (
    *("task_id", "tenant_id", "kind", "dialect", "status", "created_at"),
    *("how", "asserted_by", "asserted_at", "statement", "subjects", "evidence"),
    *("terms_version", "key_id", "retry_of", "faces", "sha256"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@consents_app.command("export")
def export(
    tenant: TenantName,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only from then on: 2026-11-21, UTC.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How it is written.")
    ] = "jsonl",
    data: Data = None,
) -> None:
    """Print every record of a tenant's, newest first: of deleted tasks too, without pictures."""
    with Talk(as_json=False) as talk, open_database(data) as database:
        from personae.app import audit, consents

        if form not in FORMATS:
            raise InvalidRequest(f"--format is one of {', '.join(FORMATS)}.")
        start = None if since is None else moment(since)

        owner = database.read(lambda tx: known(tx, tenant).id)
        # Read apart from the line that is written: nobody has to wait for a long listing.
        found = database.read(lambda tx: list(consents.every(tx, owner, start)))
        database.write(lambda tx: audit.consent_exported(tx, owner, len(found), time.time()))
        talk.result(as_csv(found) if form == "csv" else _as_lines(found), {})


def moment(text: str) -> float:
    """A date or a time, ISO 8601; UTC unless it has a zone. Seconds since 1970.

    Raises
    ------
    InvalidRequest
    """
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"{text} is no date; write it as 2026-11-21.") from error
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def as_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Records as a table; no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in records:
        row = _flat(one)
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return out.getvalue().rstrip("\n")


def _as_lines(records: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(json.dumps(one, ensure_ascii=False, sort_keys=True) for one in records)


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    told: Mapping[str, Any] = one["consent"] or {}
    row = {**told, **{name: value for name, value in one.items() if name != "consent"}}
    for name in ("created_at", "asserted_at"):
        if row.get(name) is not None:
            row[name] = when(row[name])
    return row


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = str(value)
    # Spreadsheets calculate what begins so; a client chose these words.
    return f"'{text}" if text.startswith(_FORMULA) else text

"""The audit log: read, checked, given out."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.admin.common import AsJson, Data, known, open_database
from personae.cli.exit_codes import ExitCode
from personae.cli.output import Talk
from personae.errors import InvalidRequest, MediaUnreachable, TaskFailed

if TYPE_CHECKING:
    from personae.app.ports import Transaction
    from personae.domain.audit_chain import Head
    from personae.domain.audit_check import Verdict

audit_app = typer.Typer(help="Read, check and give out the audit log.", no_args_is_help=True)

Since = Annotated[str | None, typer.Option(metavar="TIME", help="From then: 2026-08-02[T12:00].")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Up to then, not including it.")]
_AT_ONCE = 500
_LONGEST_LINE = 1 << 20


@audit_app.command("list")
def list_lines(
    tenant: Annotated[str | None, typer.Option(metavar="NAME", help="Of a tenant only.")] = None,
    actor: Annotated[str | None, typer.Option(help="Of a key, worker, operator, sweep.")] = None,
    action: Annotated[str | None, typer.Option(help="Such as task.submit, or key.*.")] = None,
    subject: Annotated[str | None, typer.Option(help="About a task, an asset, a key.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest lines."""
    with Talk(as_json=as_json) as talk, open_database(data, there=True) as database:
        from personae.app.repositories.safety import AuditFilter

        wanted = AuditFilter(actor, subject, action, _seconds(since), _seconds(until))

        def work(tx: Transaction) -> list[dict[str, Any]]:
            owner = None if tenant is None else known(tx, tenant).id
            found, after = list[dict[str, Any]](), None
            while len(found) < limit:
                at_once = min(limit - len(found), _AT_ONCE)
                page = tx.audit.page(owner, wanted=wanted, after=after, limit=at_once)
                found += page.items
                after = page.next_after
                if after is None:
                    break
            return found

        lines = [_shown(one) for one in database.read(work)]
        text = "\n".join(
            f"{one['number'] or '-':>9}  {one['at']}  {one['actor']:<31}  {one['action']:<16}  "
            f"{one['subject']}  {_told(one['detail'])}".rstrip()
            for one in lines
        )
        talk.result(text, {"lines": lines})


@audit_app.command("export")
def export(
    since: Since = None,
    until: Until = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Instead of stdout.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="There is one: jsonl.")] = "jsonl",
    data: Data = None,
) -> None:
    """Write lines out, one JSON object each, oldest first, as anybody can check them.

    What is said at the end on stderr is the last line's number and hash: with them, and with
    `audit verify --file`, whoever has the file can tell that nothing of it is missing.
    """
    with Talk() as talk, open_database(data, there=True) as database, _opened(output) as out:
        from personae.app import audit_reading
        from personae.domain.audit_chain import Head, moment

        if form != "jsonl":
            raise InvalidRequest(f"The log is exported as jsonl, not as {form[:40]}.")
        before, after = _seconds(until), _seconds(since)

        def work(tx: Transaction) -> tuple[int, Head | None]:
            count, last = 0, None
            end = None if before is None else moment(before)
            for line in audit_reading.exported(tx, after, end):
                out.write(line.exported().encode("utf-8") + b"\n")
                count, last = count + 1, line
            return count, None if last is None else Head(last.number, last.hash)

        try:
            count, last = database.read(work)
        except ValueError as error:
            raise TaskFailed(f"{error} Run `personae audit verify`.") from error
        talk.note(f"{count} lines; the last one: {last or 'none'}")


@audit_app.command("verify")
def verify(
    head: Annotated[
        str | None, typer.Option(metavar="N:HASH", help="A head that was noted earlier.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check an export instead of the log.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Look for lines that were changed, moved, inserted or removed, and name them.

    Note the head that it prints where nobody who can write to the database can reach it, and give
    it as --head the next time: only so a log shows that was cut off at its end or written anew.
    """
    with Talk(as_json=as_json) as talk:
        noted = _head(head)
        verdict = _of_log(data, noted) if file is None else _of_file(file, noted)
        talk.result(_sentences(verdict), _plain(verdict))
        if not verdict.whole:
            raise typer.Exit(ExitCode.SERVICE)


def _of_log(data: Path | None, noted: Head | None) -> Verdict:
    from personae.app import audit_reading

    with open_database(data, there=True) as database:
        return database.read(lambda tx: audit_reading.verify(tx, noted))


def _of_file(file: Path, noted: Head | None) -> Verdict:
    from personae.app import audit_reading

    try:
        with file.open("r", encoding="utf-8", errors="replace", newline="\n") as lines:
            # A line is never that long, so a file without ends of lines does not fill the memory.
            return audit_reading.verify_export(
                iter(lambda: lines.readline(_LONGEST_LINE), ""), noted
            )
    except OSError as error:
        raise MediaUnreachable(f"{file} cannot be read: {error.strerror}.") from error


def _sentences(verdict: Verdict) -> str:
    lines = list(verdict.faults)
    if verdict.found > len(lines):
        lines.append(f"… and {verdict.found - len(lines)} more.")
    if verdict.outside:
        lines.append(
            f"{verdict.outside} lines are from before the chain; nothing vouches for them."
        )
    what = "The audit log is whole" if verdict.whole else "The audit log is damaged"
    lines.append(f"{what}: {verdict.lines} lines.")
    lines.append(f"Head: {verdict.head}")
    return "\n".join(lines)


def _plain(verdict: Verdict) -> dict[str, Any]:
    return {
        "whole": verdict.whole,
        "lines": verdict.lines,
        "first": verdict.first,
        "head": str(verdict.head),
        "outside": verdict.outside,
        "found": verdict.found,
        "faults": verdict.faults,
    }


def _shown(line: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromtimestamp(line["at"], UTC).isoformat(timespec="milliseconds")
    kept = {name: value for name, value in line.items() if name != "id"}
    return {**kept, "at": at.replace("+00:00", "Z")}


def _told(detail: dict[str, Any]) -> str:
    """A detail on one line, whatever is in it."""
    return json.dumps(detail, separators=(",", ":")) if detail else ""


def _seconds(text: str | None) -> float | None:
    """A time as people write it; without a zone it is UTC."""
    if text is None:
        return None
    try:
        told = datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(
            f"{text[:40]!r} is not a time such as 2026-08-02 or 2026-08-02T12:00."
        ) from error


def _head(text: str | None) -> Head | None:
    from personae.domain.audit_chain import Head

    try:
        return None if text is None else Head.parse(text)
    except ValueError as error:
        raise InvalidRequest(
            "A head is written as a number, a colon and 64 hexadecimal digits, as `audit verify` "
            "prints it."
        ) from error


@contextmanager
def _opened(path: Path | None) -> Generator[IO[bytes]]:
    """Where an export goes: a file that appears when it is whole, or standard output."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(path)
    except OSError as error:
        raise MediaUnreachable(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)

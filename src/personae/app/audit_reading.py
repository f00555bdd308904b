"""Checking the audit log, and giving it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from personae.app.ports import Transaction
from personae.domain.audit_chain import Head, Line, imported
from personae.domain.audit_check import Broken, Checker, Verdict


def verify(tx: Transaction, noted: Head | None = None) -> Verdict:
    """Check every line of the log, in memory that does not grow with it.

    Parameters
    ----------
    tx : Transaction
        One that only reads: it sees the lines and the head as they were at one moment.
    noted : Head, optional
        A head that was written down earlier. Without one, an end that was cut off together with its
        head cannot be told, nor a log that was wholly written anew.
    """
    checker = Checker(noted)
    checker.check(tx.audit.lines())
    return checker.finish(tx.audit.head(), tx.audit.outside())


def verify_export(lines: Iterable[str], noted: Head | None = None) -> Verdict:
    """Check an export, which may begin and end anywhere in the log."""
    checker = Checker(noted, partial=True)
    checker.check(_imported(lines))
    return checker.finish_export()


def exported(
    tx: Transaction, since: float | None = None, until: str | None = None
) -> Iterator[Line]:
    """The lines of the log, from the first one of a time on.

    Parameters
    ----------
    since : float, optional, seconds since 1970, UTC
    until : str, optional
        As lines have their time; the first line that is not before it, and all behind it, stay out.

    Raises
    ------
    ValueError
        At a line that cannot be read: a log with such a line is not given out as if it were whole.
    """
    for line in tx.audit.lines(since):
        if isinstance(line, Broken):
            raise ValueError(f"Line {line.number} was changed and cannot be read.")
        if until is not None and line.at >= until:
            return
        yield line


def _imported(lines: Iterable[str]) -> Iterator[Line | Broken]:
    last = 0
    for text in lines:
        if not text.strip():
            continue
        try:
            line: Line | Broken = imported(text)
        except ValueError:
            line = Broken(last + 1)  # As its neighbours have it; the chain will tell.
        last = line.number or last + 1
        yield line

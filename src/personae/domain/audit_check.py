"""Checking a chain of audit lines: one pass, in bounded memory, naming what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from personae.domain.audit_chain import NO_HASH, Head, Line, hash_of

BEGIN = "audit.begin"
"""The action of the first line, whose detail ``lines_before`` counts those outside the chain."""
_FAULTS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Broken:
    """A stored line that cannot be read as one; ``number`` None if not even that is there."""

    number: int | None


@dataclass(slots=True)
class Verdict:
    """What checking a chain came to.

    Attributes
    ----------
    faults : list of str
        The first hundred, one sentence each.
    found : int
        How many faults there are.
    first, head
        The first line's number, and the last line's number and hash.
    outside : int
        Lines from before the chain.
    """

    faults: list[str] = field(default_factory=list[str])
    found: int = 0
    first: int | None = None
    lines: int = 0
    head: Head = field(default_factory=Head)
    outside: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found

    def add(self, fault: str) -> None:
        """Write a fault down."""
        self.found += 1
        if len(self.faults) < _FAULTS_KEPT:
            self.faults.append(fault)


class Checker:
    """Checks lines one by one, in the order of their numbers, and keeps none of them.

    Parameters
    ----------
    noted : Head, optional
        A head that was written down earlier.
    partial : bool
        Whether the chain may begin after its first line, as an export does.
    """

    def __init__(self, noted: Head | None = None, *, partial: bool = False) -> None:
        self.verdict = Verdict()
        self._noted = noted
        self._partial = partial
        self._links: set[str] = {NO_HASH}  # What the next line may give as the hash before it.
        self._before: int | None = None  # The outside lines that the first line counted.

    def check(self, lines: Iterable[Line | Broken]) -> None:
        """Check lines."""
        for line in lines:
            self._add(line)

    def _add(self, line: Line | Broken) -> None:
        verdict, number = self.verdict, line.number
        if number is None:
            verdict.add("There is a line that cannot be read.")
            return
        verdict.lines += 1
        self._check_number(number)
        if isinstance(line, Broken):
            verdict.add(f"Line {number} was changed.")
            self._links, verdict.head = set(), Head(number, verdict.head.hash)
            return
        real = hash_of(line.members())
        if real != line.hash:
            verdict.add(f"Line {number} was changed.")
        elif self._links and line.previous_hash not in self._links:
            verdict.add(
                f"Line {number} does not follow line {number - 1}: one of the two was replaced."
                if number > 1
                else "Line 1 is not a first line."
            )
        self._links, verdict.head = {line.hash, real}, Head(number, line.hash)
        if number == 1 and line.action == BEGIN:
            before = line.detail.get("lines_before")
            self._before = before if isinstance(before, int) else None
        if self._noted is not None and number == self._noted.lines and real != self._noted.hash:
            verdict.add(f"Line {number} is not the one whose hash was noted.")

    def _check_number(self, number: int) -> None:
        verdict = self.verdict
        if verdict.first is None:
            verdict.first = number
            if self._partial:
                self._links = self._links if number == 1 else set()
                return
        expected = verdict.head.lines + 1
        if number > expected:
            verdict.add(_missing(expected, number - 1))
            self._links = set()
        elif number < expected:
            verdict.add(f"Line {number} is there twice, or not in its place.")
            self._links = set()

    def finish(self, stored: Head | None, outside: int) -> Verdict:
        """Compare with the stored head and with what was noted; the verdict on a whole log.

        Parameters
        ----------
        stored : Head or None
            None if there is none, as in a log that somebody took the head of.
        outside : int
            Lines without a place in the chain.
        """
        verdict, last = self.verdict, self.verdict.head
        verdict.outside = outside
        if stored is None:
            verdict.add("The head of the chain is missing.")
        elif stored.lines > last.lines:
            verdict.add(_missing(last.lines + 1, stored.lines))
        elif stored.lines < last.lines:
            verdict.add(_beyond(stored.lines + 1, last.lines))
        elif stored.hash not in self._links and self._links:
            verdict.add(f"The head does not fit line {last.lines}: one of the two was replaced.")
        if last.lines and outside != (self._before or 0):
            verdict.add(
                f"{outside} lines stand outside the chain; there were {self._before or 0} when it "
                "began."
            )
        self._check_noted()
        return verdict

    def finish_export(self) -> Verdict:
        """The verdict on lines that stand alone; they may end before the log's end."""
        if self._noted is not None and (self.verdict.first or 1) > self._noted.lines:
            self.verdict.add(f"Line {self._noted.lines}, which was noted, is not among these.")
        else:
            self._check_noted()
        return self.verdict

    def _check_noted(self) -> None:
        noted, last = self._noted, self.verdict.head
        if noted is not None and noted.lines > last.lines:
            self.verdict.add(
                f"{noted.lines} lines were noted, but the last one is line {last.lines}: the end "
                "was cut off."
            )


def _missing(first: int, last: int) -> str:
    return f"Line {first} is missing." if first == last else f"Lines {first} to {last} are missing."


def _beyond(first: int, last: int) -> str:
    lines = f"Line {first} stands" if first == last else f"Lines {first} to {last} stand"
    return f"{lines} behind the head: added past the service, or the head is an older one."

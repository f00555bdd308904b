"""The operator's list of files that nobody may use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from personae.errors import InvalidRequest

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


def refused_files(entries: Sequence[str]) -> frozenset[str]:
    """SHA-256 hashes in lower case.

    Parameters
    ----------
    entries : sequence of str
        Hashes, or text files with one at the beginning of each line, as ``sha256sum`` writes them;
        lines that begin with ``#`` and empty ones are passed over.

    Raises
    ------
    InvalidRequest
        Naming the first entry or line that is neither.
    """
    return frozenset(_hashes(entries))


def _hashes(entries: Sequence[str]) -> Iterator[str]:
    for entry in entries:
        if _HASH.fullmatch(entry.lower()):
            yield entry.lower()
            continue
        try:
            lines = Path(entry).read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise InvalidRequest(
                f"The refused file {entry!r} is neither a SHA-256 hash of 64 hex digits nor a "
                "list of them that can be read."
            ) from error
        for number, line in enumerate(lines, 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            # sha256sum puts a backslash before lines with an escaped file name.
            first = words[0].lower().removeprefix("\\")
            if _HASH.fullmatch(first) is None:
                raise InvalidRequest(f"Line {number} of {entry} begins with no SHA-256 hash.")
            yield first

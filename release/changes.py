"""The changelog: its form, and what it says of one release."""

from __future__ import annotations

import re
from pathlib import Path

from release.service import Failed

FILE = Path(__file__).parents[1] / "CHANGELOG.md"
HEADING = re.compile(r"## (?:Unreleased|(\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2}))")
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def sections(text: str) -> dict[str, str]:
    """What is under each heading: ``Unreleased`` or a version to its text.

    Raises
    ------
    Failed
        If a heading has another form.
    """
    found: dict[str, str] = {}
    name = None
    for line in text.splitlines():
        if line.startswith("## "):
            match = HEADING.fullmatch(line)
            if match is None:
                raise Failed(f"The changelog's heading {line!r} is neither a version nor a date.")
            name = match[1] or "Unreleased"
            found[name] = ""
            continue
        if line.startswith("### ") and line[4:] not in KINDS:
            raise Failed(f"The changelog has {line!r}; use one of {', '.join(KINDS)}.")
        if name is not None:
            found[name] += f"{line}\n"
    return found


def excerpt(version: str) -> str:
    """What a version brings; what is unreleased, while it has no heading of its own."""
    found = sections(FILE.read_text("utf-8"))
    return found.get(version, found.get("Unreleased", "")).strip() + "\n"

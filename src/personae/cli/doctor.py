"""``personae doctor``: what is installed, what works, and where it really computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from personae.cli.exit_codes import ExitCode
from personae.cli.output import Talk


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
) -> None:
    """Check this installation; nothing is fetched and nothing is changed.

    Exits with 0 if everything that a swap needs works, with 6 if only models are missing.
    """
    with Talk(as_json=as_json) as talk:
        from personae.cli.checks import CHECKS, Finding

        def text(findings: Sequence[Finding]) -> str:
            lines: list[str] = []
            area = ""
            for finding in findings:
                if finding.area != area:
                    area = finding.area
                    lines.append(area)
                mark = {None: "  ", True: "ok", False: "! "}[finding.ok]
                lines.append(f"  {mark} {finding.name}: {finding.detail}")
            return "\n".join(lines)

        findings = [finding for check in CHECKS for finding in check()]
        broken = [finding for finding in findings if finding.broken]
        data = {
            "ok": not broken,
            "findings": [finding.to_json() for finding in findings],
        }
        talk.result(text(findings), data)
        if not broken:
            talk.note("Everything that a swap needs works.")
            return
        talk.note(f"{len(broken)} thing{'s' * (len(broken) != 1)} that a swap needs: see !")
        others = [finding.code for finding in broken if finding.code is not ExitCode.MODEL]
        raise typer.Exit(others[0] if others else ExitCode.MODEL)

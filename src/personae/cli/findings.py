"""What `personae doctor` finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from personae.cli.exit_codes import ExitCode


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    ``ok``: None where there is nothing to judge. ``needed``: a swap does not work without it.
    ``code``: the exit code if it is needed and not ok.
    """

    area: str
    name: str
    detail: str
    ok: bool | None = None
    needed: bool = False
    code: ExitCode = ExitCode.INTERNAL

    @property
    def broken(self) -> bool:
        """Whether a swap cannot work because of this."""
        return self.needed and self.ok is False

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        plain = asdict(self)
        del plain["code"]
        return plain

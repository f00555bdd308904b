"""The audit log."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from personae.wire.native.models.common import EXAMPLE_NAME, Shown, Time

_HASH = "8a1ff0528fed4d94aba0dbe2ddb9780eeee075b5324d141b7d9a1b355c9aa534"


class AuditLine(Shown):
    """Something that happened."""

    at: Time
    actor: str = Field(
        description="A key of yours, by its id; or `worker`, `sweep`, `link` (whoever holds a "
        "link), `operator`, `service`.",
        examples=[f"key_{EXAMPLE_NAME}"],
    )
    action: str = Field(description="What happened.", examples=["task.submit"])
    subject: str = Field(description="To what, by its id.", examples=[f"task_{EXAMPLE_NAME}"])
    detail: dict[str, Any] = Field(examples=[{"kind": "swap_image", "credits": 1}])
    hash: str | None = Field(
        description="The line's hash in the log's chain; null for lines from before it. Whoever "
        "notes it can have the operator show that the line is still as it was.",
        examples=[_HASH],
    )


class OperatorAuditLine(AuditLine):
    """Something that happened, with what its tenant is not told."""

    number: int | None = Field(description="The line's place in the chain.", examples=[17])
    tenant_id: str | None = Field(examples=[f"tenant_{EXAMPLE_NAME}"])


class AuditHead(Shown):
    """The end of the chain."""

    lines: int = Field(description="How many lines there are.", examples=[17])
    hash: str = Field(description="The last one's hash.", examples=[_HASH])

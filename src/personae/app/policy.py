"""What nobody may use, whatever they pay; and what is known when something is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import structlog

from personae.app.ports import Transaction
from personae.domain.gate import GatePolicy
from personae.errors import PolicyRefused, Role

_log = structlog.get_logger("personae.policy")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A policy's refusal, for logs and audits.

    Attributes
    ----------
    task_id : str or None
        None where photos were looked at before they were kept.
    role, reason, facts
        As `PolicyRefused`.
    """

    tenant_id: str | None
    task_id: str | None
    role: str | None
    reason: str | None
    facts: Mapping[str, float | str] = field(default_factory=dict[str, float | str])


def check_file(
    tx: Transaction, sha256: str | None, role: Role | None, refused: Collection[str] = ()
) -> None:
    """Let a file in, or be used as `role`, unless its bytes are refused or were taken down.

    Raises
    ------
    PolicyRefused
    """
    if role is not None:
        check_allowed(sha256, role, refused)
    if sha256 is not None and tx.takedowns.is_blocked(sha256):
        raise PolicyRefused(
            f"The operator of this service does not allow the {role or 'file'}.", role=role
        )


def check_allowed(sha256: str | None, role: Role, refused: Collection[str]) -> None:
    """Let a file be used as `role` unless the operator refuses it by its bytes.

    Parameters
    ----------
    sha256 : str or None, 64 lower-case hex digits
    refused : collection of the same

    Raises
    ------
    PolicyRefused
    """
    if sha256 is not None and sha256 in refused:
        raise PolicyRefused(f"The operator of this service does not allow the {role}.", role=role)


def gate_of(tx: Transaction, tenant_id: str, gate: GatePolicy) -> GatePolicy:
    """The content gate's policy for a tenant.

    Raises
    ------
    InvalidRequest
        If the tenant's settings make no sense.
    """
    tenant = tx.tenants.get(tenant_id)
    return gate if tenant is None else gate.of_tenant(tenant.settings)


def log_refusal(refusal: Refusal) -> None:
    """Tell the log of a refusal."""
    _log.warning(
        "refused by policy",
        action="policy.refuse",
        tenant_id=refusal.tenant_id,
        task_id=refusal.task_id,
        refused=refusal.role,
        reason=refusal.reason,
        **refusal.facts,
    )

"""What nobody may use, whatever they pay."""

from __future__ import annotations

from collections.abc import Collection

from personae.app.ports import Transaction
from personae.errors import PolicyRefused, Role


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

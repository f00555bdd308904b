"""Who acts, and what a line is made of."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from personae.app.ports import Transaction
from personae.domain.audit import ACTIONS, SERVICE

_actor: ContextVar[str] = ContextVar("personae_actor", default=SERVICE)


@contextmanager
def acting(actor: str) -> Generator[None]:
    """Everything written inside is this actor's: a key's name, or one of `domain.audit.ACTORS`."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def set_actor(actor: str) -> None:
    """As `acting`, for the rest of a context that ends by itself, such as a request's."""
    _actor.set(actor)


def current_actor() -> str:
    """Who acts here."""
    return _actor.get()


def note(
    tx: Transaction,
    action: str,
    subject: str,
    now: float,
    *,
    tenant_id: str | None,
    actor: str | None = None,
    **detail: Any,
) -> None:
    """Write one line; the functions below say it with types.

    Parameters
    ----------
    action : str
        One of `personae.domain.audit.ACTIONS`.
    actor : str, optional
        `current_actor()` if omitted.
    detail
        Text, whole numbers, truth values, lists and mappings of these; None is left out, and
        fractions become decimal text.
    """
    known = ACTIONS[action]
    told = {name: _plain(one) for name, one in detail.items() if one is not None}
    unknown = told.keys() - {*known.told, *known.kept}
    if unknown:
        raise ValueError(f"lines of {action} have no {', '.join(sorted(unknown))}")
    tx.audit.write(
        tenant_id=tenant_id,
        actor=actor or current_actor(),
        action=action,
        subject=subject,
        detail=told,
        at=now,
    )


def _plain(value: Any) -> Any:
    """A value as lines hold it: a fraction looks different in every language's JSON, text not."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items() if one is not None}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple, set, frozenset)):
        listed = sorted(value) if isinstance(value, (set, frozenset)) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return [_plain(one) for one in listed]  # pyright: ignore[reportUnknownVariableType]
    return value

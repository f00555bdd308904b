"""Taking things down: what was asked for, and what has become of it.

    asked ──► done

A takedown is asked for, and the rows it is about end, in one transaction. From then on nobody sees
the things; it is done once every byte of them is gone from the storage as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

TakedownState = Literal["asked", "done"]


@dataclass(frozen=True, slots=True)
class Removal:
    """What a takedown removed, and what is left to be removed.

    Attributes
    ----------
    tasks, canceled, assets, faces : tuple of str
        Names of what was removed; `canceled` are the tasks that were under way.
    tenants : tuple of str
        Whose they were.
    sha256 : tuple of str, 64 lower-case hex digits each
        Of the files that were removed, or that it was about.
    blocked : tuple of str
        Those that nobody may use from now on.
    registered : tuple of str
        Names of the people that were put into the do-not-swap register.
    left : tuple of str
        Finished swaps of the same inputs, which stay unless all are asked for.
    unstored : int
        Inputs behind URLs: not ours to remove.
    credits_released : int
    keys, folders : tuple of str
        Where bytes may still lie in the storage; nobody but operators sees these.
    settled_at : float, seconds since 1970, UTC
        Until then a worker that has just been told to stop may still be writing.
    failures : int
        How often removing the bytes has failed.
    last_failure : str or None
    """

    tasks: tuple[str, ...] = ()
    canceled: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unstored: int = 0
    credits_released: int = 0
    keys: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    settled_at: float = 0.0
    failures: int = 0
    last_failure: str | None = None

    def __post_init__(self) -> None:
        # JSON makes lists of tuples, and this goes through it on its way to a row and back.
        for name in self.__dataclass_fields__:
            value: Any = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(cast("list[Any]", value)))


@dataclass(frozen=True, slots=True)
class Takedown:
    """One takedown; ``takedown_…``.

    Attributes
    ----------
    tenant_id : str or None
        Who asked for it; None for an operator, who reaches everybody's things.
    subject : str
        What was named: an id, a link, ``sha256:…`` or ``mark:…``.
    detail : Removal
    times : float, seconds since 1970, UTC
    """

    id: str
    tenant_id: str | None
    subject: str
    reason: str
    requested_by: str
    state: TakedownState
    detail: Removal
    created_at: float
    finished_at: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What a takedown is to do.

    Attributes
    ----------
    tenant_id : str or None
        Whose things it may touch; None for an operator.
    requested_by : str
        The key or the person that asks, as the audit log names them.
    all_of_inputs : bool
        Also the finished swaps that were made of the same inputs.
    everywhere : bool
        Also other tenants' files with the same bytes; for operators.
    block : bool
        Let nobody use these bytes again; for operators.
    owner, dialect : str, optional
        Where `subject` is a task's name in a dialect: whose, and in which.
    registered : tuple of str
        The people that were put into the register for it.
    """

    subject: str
    reason: str
    requested_by: str
    tenant_id: str | None = None
    all_of_inputs: bool = False
    everywhere: bool = False
    block: bool = False
    owner: str | None = None
    dialect: str | None = None
    registered: tuple[str, ...] = field(default=())

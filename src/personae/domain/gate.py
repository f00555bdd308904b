"""The content gate as a policy: how much is too much, for whom, and who may do without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from personae.errors import InvalidRequest

LIMIT = 0.7
"""The highest score that passes by default: see docs/13-content-gate.md for why."""
EVERY_S = 1.0
EVERY_ENDS_S = (0.1, 60.0)


def check_limit(name: str, value: object) -> None:
    """Refuse a limit outside [0, 1].

    Raises
    ------
    InvalidRequest
    """
    if not _is_number(value) or not 0 <= value <= 1:  # pyright: ignore[reportOperatorIssue]
        raise InvalidRequest(
            f"The content gate's limit for the {name} is a number from 0 to 1, not {value!r}; 1 "
            "lets everything through."
        )


def check_every(value: object) -> None:
    """Refuse an interval that is no time, or finds nothing.

    Raises
    ------
    InvalidRequest
    """
    low, high = EVERY_ENDS_S
    if not _is_number(value) or not low <= value <= high:  # pyright: ignore[reportOperatorIssue]
        raise InvalidRequest(
            f"The content gate looks at a clip every {low:g} to {high:g} seconds, not every "
            f"{value!r}."
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What an operator wants of the gate, for a whole service or for one tenant.

    Attributes
    ----------
    on : bool
    donor, scene, output : float, range [0, 1]
        The highest score that passes; 1 refuses nothing.
    every_s : float, seconds
        How far the frames of a clip are apart that are looked at.
    may_disable : bool
        Whether a request that asks to go without the gate does.

    Raises
    ------
    InvalidRequest
    """

    on: bool = True
    donor: float = LIMIT
    scene: float = LIMIT
    output: float = LIMIT
    every_s: float = EVERY_S
    may_disable: bool = False

    def __post_init__(self) -> None:
        for name in ("on", "may_disable"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidRequest(f"The content gate's {name} is true or false.")
        for name in ("donor", "scene", "output"):
            check_limit(name, getattr(self, name))
        check_every(self.every_s)

    def of_tenant(self, settings: Mapping[str, Any]) -> GatePolicy:
        """The same with what a tenant's settings say otherwise, under ``gate``.

        Raises
        ------
        InvalidRequest
        """
        return self if not settings.get("gate") else self.but(settings["gate"])

    def but(self, changes: Mapping[str, Any]) -> GatePolicy:
        """The same with some fields changed.

        Raises
        ------
        InvalidRequest
            If a field is unknown or its value makes no sense.
        """
        known = [field.name for field in fields(self)]
        unknown = sorted(set(changes) - set(known))
        if unknown:
            raise InvalidRequest(
                f"The content gate has no setting {unknown[0]!r}; it has {', '.join(known)}."
            )
        return replace(self, **changes)

    def applies(self, *, asked_off: bool = False) -> bool:
        """Whether a task is looked at; `asked_off`: its client would rather it were not."""
        return self.on and not (asked_off and self.may_disable)

    def options(self, *, asked_off: bool = False) -> dict[str, float | None]:
        """A media job's options; a limit of None does not look."""
        if not self.applies(asked_off=asked_off):
            return dict.fromkeys(("gate_donor", "gate_scene", "gate_output"))
        return {
            "gate_donor": self.donor,
            "gate_scene": self.scene,
            "gate_output": self.output,
            "gate_every_s": self.every_s,
        }

"""How long things are kept: by kind, for the whole service, for a tenant, and by its own wish.

The operator says it for the service, and may say otherwise for a tenant; a tenant may shorten what
holds for it. So it is always one rule that is in force, the shortest of what was said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from personae.domain.media import AssetRole
from personae.errors import InvalidRequest

DAY_S = 86400.0
LEAST_S = 60.0
LONGEST_S = 100 * 365 * DAY_S
SETTING, WISH = "retention", "retention_wish"
"""Where a tenant's settings keep what the operator says and what the tenant wishes."""
_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S, "w": 7 * DAY_S}
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([smhdw]?)", re.ASCII)
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind of thing is kept, in seconds.

    Attributes
    ----------
    uploads, imports : float, seconds
        Files that clients send or have fetched, from when they came last.
    outputs, previews, stills, crops : float, seconds
        What tasks make; stills never longer than their output, manifests beside files as long.
    detections : float, seconds
        What a search found of people, embeddings among it; never longer than its scene.
    faces : float, seconds, or None
        Saved faces and their photos; None keeps them until they are deleted.
    """

    uploads: float = 7 * DAY_S
    imports: float = 7 * DAY_S
    outputs: float = 7 * DAY_S
    previews: float = 3600.0
    stills: float = 7 * DAY_S
    crops: float = 3600.0
    detections: float = 25 * 3600.0
    faces: float | None = None

    def of_role(self, role: AssetRole, *, preview: bool = False) -> float:
        """How long a file lasts by what it is for."""
        if role == "output":
            return self.previews if preview else self.outputs
        return {
            "import": self.imports,
            "manifest": self.outputs,
            "crop": self.crops,
            "cover": min(self.stills, self.outputs),
            "thumbnail": min(self.stills, self.outputs),
        }.get(role, self.uploads)

    def shortened(self, wish: Mapping[str, float]) -> Retention:
        """The same, with what is to be kept for a shorter time."""
        return replace(
            self, **{name: _shorter(getattr(self, name), value) for name, value in wish.items()}
        )

    def to_json(self) -> dict[str, float | None]:
        """Seconds by kind."""
        return asdict(self)


USUAL = Retention()
"""What holds where nobody has said anything."""
KINDS: tuple[str, ...] = tuple(one.name for one in fields(Retention))


def allowed(settings: Mapping[str, Any], default: Retention) -> Retention:
    """The longest that a tenant may have things kept, as the operator says."""
    said: Mapping[str, float | None] = settings.get(SETTING) or {}
    return replace(default, **{name: value for name, value in said.items() if name in KINDS})


def in_force(settings: Mapping[str, Any], default: Retention) -> Retention:
    """How long a tenant's things are kept."""
    wish: Mapping[str, float] = settings.get(WISH) or {}
    known = {name: value for name, value in wish.items() if name in KINDS}
    return allowed(settings, default).shortened(known)


def seconds(text: str | float, kind: str) -> float | None:
    """A duration as people write it: ``90``, ``30m``, ``12h``, ``7d``, ``2w``; ``never`` is None.

    Raises
    ------
    InvalidRequest
        Also for times that are too short or too long, and for ``never`` of anything but faces.
    """
    if isinstance(text, str) and text.strip().lower() == NEVER:
        if kind != "faces":
            raise InvalidRequest(f"Only faces may be kept until they are deleted, not {kind}.")
        return None
    found = _DURATION.fullmatch(str(text).strip().lower())
    if found is None:
        raise InvalidRequest(f"The time for {kind} is written as 90, 30m, 12h, 7d or 2w.")
    value = float(found[1]) * _UNITS_S[found[2]]
    if not LEAST_S <= value <= LONGEST_S:
        raise InvalidRequest(f"The time for {kind} lies between a minute and a hundred years.")
    return value


def _shorter(one: float | None, other: float | None) -> float | None:
    times = [value for value in (one, other) if value is not None]
    return min(times) if times else None

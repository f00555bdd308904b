"""What a file's manifest says, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Trust = Literal["trusted", "local", "untrusted"]
Place = Literal["embedded", "sidecar"]


@dataclass(frozen=True, slots=True)
class ActionFact:
    """One thing that was done to an asset."""

    action: str
    when: str | None = None
    software: str | None = None
    digital_source_type: str | None = None


@dataclass(frozen=True, slots=True)
class IngredientFact:
    """What an asset was made of, and what that was made of in turn.

    ``made_by``: the program in its own manifest. ``valid``: whether that held when it was used;
    None without one.
    """

    title: str | None
    relationship: str
    made_by: str | None = None
    valid: bool | None = None
    problems: tuple[str, ...] = ()
    ingredients: tuple[IngredientFact, ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """What a file's manifest says, and whether it holds.

    Everything but `present`, `valid`, `trust` and `problems` is what the signer says: it is worth
    what the signer is.

    Attributes
    ----------
    present : bool
    place : "embedded", "sidecar" or None
    valid : bool
        The file is what was signed, and the signature is sound.
    trust : "trusted", "local", "untrusted" or None
        By an authority that this operator trusts; by this machine itself; by anybody.
    made_by_personae : bool
        The manifest says so.
    signer, issuer : str or None
    signed_at : str or None, ISO 8601
        By a time stamp if there is one, else as the signer says.
    timestamped : bool
    mark_id : int or None
        What the invisible mark in the pixels should say.
    problems : tuple of str
        Codes of the C2PA specification, section 15.2, or a sentence.
    """

    present: bool
    place: Place | None = None
    valid: bool = False
    trust: Trust | None = None
    made_by_personae: bool = False
    generator: str | None = None
    signer: str | None = None
    issuer: str | None = None
    signed_at: str | None = None
    timestamped: bool = False
    digital_source_type: str | None = None
    mark_id: int | None = None
    actions: tuple[ActionFact, ...] = ()
    ingredients: tuple[IngredientFact, ...] = ()
    problems: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return asdict(self)

"""Which licences an operator has accepted, for which model, when, and in which words.

What is permissive for everybody needs nobody's word. Everything else is accepted by the model's
name, and again when its card states another licence than the one that was accepted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from personae.adapters.models.records import write_whole
from personae.engine.card import Card
from personae.errors import ModelError

FOLDER: Final = ".licences"

LicenceState = Literal["permissive", "accepted", "needed", "changed", "refused"]
"""``changed``: another licence was accepted. ``refused``: only permissive ones are allowed here."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted what for one model.

    Attributes
    ----------
    model, licence, url : str
    stated_sha256 : str
        Of the licence's name, address and statement, as they were shown.
    by : str
        The user's name on the machine.
    at : float
        Seconds since 1970.
    """

    model: str
    licence: str
    url: str
    stated_sha256: str
    by: str
    at: float


class Licences:
    """The acceptances in a models folder.

    Parameters
    ----------
    folder : path
        The models folder.
    permissive_only : bool
        Refuse every other model, whatever was accepted.
    """

    def __init__(self, folder: Path, permissive_only: bool = False) -> None:
        self._folder = folder / FOLDER
        self.permissive_only = permissive_only

    def __repr__(self) -> str:
        return f"Licences({self._folder}, permissive_only={self.permissive_only})"

    def state(self, card: Card) -> LicenceState:
        """Whether a model may be used as far as its licence goes."""
        if card.licence.permissive:
            return "permissive"
        if self.permissive_only:
            return "refused"
        given = self.acceptance(card)
        if given is None:
            return "needed"
        return "accepted" if given.stated_sha256 == stated_sha256(card) else "changed"

    def acceptance(self, card: Card) -> Acceptance | None:
        """What was accepted for a model, whether or not it is what its card states today."""
        try:
            text = (self._folder / f"{card.name}.json").read_text("utf-8")
            return Acceptance(**json.loads(text))
        except (OSError, ValueError, TypeError):
            return None

    def accept(self, card: Card, by: str, at: float) -> Acceptance:
        """Write down that somebody accepted the licence of a model as its card states it.

        Raises
        ------
        ModelError
            If only permissive models are allowed here, or the folder cannot be written.
        """
        if self.state(card) == "refused":
            raise ModelError(_refused(card))
        given = Acceptance(
            card.name, card.licence.name, card.licence.url, stated_sha256(card), by, at
        )
        path = self._folder / f"{card.name}.json"
        try:
            write_whole(path, json.dumps(asdict(given), indent=1) + "\n")
        except OSError as error:
            raise ModelError(
                f"It cannot be written down that the licence of {card.name} was accepted "
                f"({error.strerror or error}); make the models folder writable, or set "
                "PERSONAE_MODELS_DIR to another folder."
            ) from error
        return given

    def require(self, cards: Iterable[Card], options: str = "") -> None:
        """Raise unless every one of `cards` may be used.

        ``options`` are added to the command that the message gives.

        Raises
        ------
        ModelError
            With the command that accepts what is missing.
        """
        states = {card: self.state(card) for card in cards}
        for card, state in states.items():
            if state == "refused":
                raise ModelError(_refused(card))
        missing = [card for card, state in states.items() if state in ("needed", "changed")]
        if not missing:
            return
        command = f"personae models accept {' '.join(card.name for card in missing)}{options}"
        first = missing[0]
        if len(missing) > 1:
            told = ", ".join(f"{card.name} ({card.licence.name})" for card in missing)
            raise ModelError(f"The licences of {told} have not been accepted; run `{command}`.")
        before = " is another one by now, which" if states[first] == "changed" else ""
        raise ModelError(
            f"The licence of {first.name}, {first.licence.name},{before} has not been accepted; "
            f"run `{command}`."
        )


def stated_sha256(card: Card) -> str:
    """The hash by which a licence is known again: of its name, address and statement."""
    stated = "\n".join((card.licence.name, card.licence.url, card.licence.statement))
    return hashlib.sha256(stated.encode()).hexdigest()


def _refused(card: Card) -> str:
    return (
        f"The model {card.name} is under {card.licence.name}, which is not permissive, and "
        "only permissive ones are allowed (PERSONAE_PERMISSIVE_ONLY, --permissive-only); choose "
        "another model."
    )

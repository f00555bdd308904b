"""A takedown from beginning to end, for commands and calls: register, end the rows, remove."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Protocol

from personae.app import takedowns
from personae.app.ports import Clock, Database
from personae.app.removing import Remover
from personae.app.subjects import Found
from personae.domain.media import Asset
from personae.domain.takedowns import Order, Takedown
from personae.errors import InvalidRequest

AppliesTo = Literal["donor", "scene", "either"]
_LOOK_S = 1.0


class Enroll(Protocol):
    """Puts the people on photos into the do-not-swap register."""

    def __call__(
        self, photos: Sequence[Asset], *, applies_to: AppliesTo, reason: str, order: Order
    ) -> tuple[str, ...]:
        """The names of the new entries.

        Raises
        ------
        FaceNotFound, SeveralFaces, Unavailable
        """
        ...


class TakedownService:
    """Takes things down; every method blocks.

    Parameters
    ----------
    enroll : Enroll, optional
        Without it nobody can be registered by a takedown.
    """

    def __init__(
        self,
        database: Database,
        remover: Remover,
        clock: Clock,
        enroll: Enroll | None = None,
    ) -> None:
        self._database = database
        self._remover = remover
        self._clock = clock
        self._enroll = enroll

    def look(self, order: Order) -> Found:
        """What would be removed; see `takedowns.look`."""
        return self._database.read(lambda tx: takedowns.look(tx, order))

    def take_down(self, order: Order, register: AppliesTo | None = None) -> tuple[Takedown, bool]:
        """Take something down and remove what can be removed at once; and whether it is new.

        Who is to be registered is, before anything is removed: if that fails, nothing has been
        done.

        Raises
        ------
        InvalidRequest, NotFound, Conflict
            As `takedowns.ask`.
        FaceNotFound, SeveralFaces
            If there is nobody on the photos who can be registered.
        Unavailable
        """
        if register is not None:
            order = replace(order, registered=self._register(order, register))
        takedown, new = self._database.write(lambda tx: takedowns.ask(tx, order, self._clock()))
        if takedown.state == "asked":
            takedown = self._remover.remove(takedown)
        return takedown, new

    def wait(self, takedown: Takedown, timeout_s: float) -> Takedown:
        """Go on until it is done, or for so long; workers go on by themselves as well."""
        ends = time.monotonic() + timeout_s
        while takedown.state != "done" and time.monotonic() < ends:
            time.sleep(_LOOK_S)
            takedown = self._remover.remove(takedown)
        return takedown

    def _register(self, order: Order, register: AppliesTo) -> tuple[str, ...]:
        if self._enroll is None:
            raise InvalidRequest("This service has no register of people; leave it out.")
        photos = list(self.look(order).people.values())
        if not photos:
            raise InvalidRequest(
                "There is no stored photo of a donor to register; add one to the register yourself."
            )
        return self._enroll(photos, applies_to=register, reason=order.reason, order=order)

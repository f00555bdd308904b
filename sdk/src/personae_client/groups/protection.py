"""Taking things down, and people who may not be swapped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from personae_client.core.calling import Request
from personae_client.core.effects import Steps
from personae_client.core.side import M_co, Side, name_in_path, operation, stream
from personae_client.groups.account import iso
from personae_client.inputs import Media, stored
from personae_client.models import ProtectedPerson, ProtectedPersonMade, Takedown


class Takedowns(Side[M_co]):
    """Removing something with its inputs and all that was made of it."""

    @operation
    def create(
        self,
        subject: str,
        reason: str,
        *,
        all_of_inputs: bool = False,
        dialect: str | None = None,
    ) -> Steps[Takedown]:
        """Take something down; the same call again gives the same takedown.

        Parameters
        ----------
        subject : str
            The id of a task, a file or a saved face; a link to a file; ``sha256:`` and the hash of
            its bytes; ``mark:`` and the number of an invisible mark.
        all_of_inputs : bool
            Also remove the finished swaps that were made of the same inputs.
        dialect : str, optional
            Whose name `subject` is, if it is a vendor's.
        """
        body: dict[str, object] = {
            "subject": subject,
            "reason": reason,
            "all_of_inputs": all_of_inputs,
            **({} if dialect is None else {"dialect": dialect}),
        }
        return self.ask(Takedown, Request("POST", "/takedowns", body=body, repeatable=True))

    @stream(Takedown)
    def list(self, *, page_size: int = 50) -> Steps[None]:
        """What the account took down, newest first."""
        return self.pages(Takedown, "/takedowns", {"limit": page_size})

    @operation
    def get(self, takedown_id: str) -> Steps[Takedown]:
        """What a takedown removed, and whether it is done."""
        return self.ask(Takedown, Request("GET", f"/takedowns/{name_in_path(takedown_id)}"))


class Register(Side[M_co]):
    """People who may not be swapped in the account's tasks."""

    @operation
    def protect(
        self,
        photos: Media | Sequence[Media],
        *,
        name: str = "",
        applies_to: Literal["donor", "scene", "either"] = "either",
        reason: str = "",
        origin: str = "",
        expires_at: datetime | None = None,
    ) -> Steps[ProtectedPersonMade]:
        """Let somebody not be swapped; photos that are not at the service yet are uploaded.

        The register keeps no picture. It is not repeated if its answer is lost: look with `list`
        whether the entry is there.

        Parameters
        ----------
        photos : Media or a sequence of them
            Pictures of that person alone.
        applies_to : "donor", "scene" or "either"
            What they may not be.
        """
        assets = yield from stored(self.config, photos)
        body = {
            "asset_ids": assets,
            "name": name,
            "applies_to": applies_to,
            "reason": reason,
            "origin": origin,
            "expires_at": iso(expires_at),
        }
        asked = Request("POST", "/register/people", body=body)
        return (yield from self.ask(ProtectedPersonMade, asked))

    @stream(ProtectedPerson)
    def list(self, *, search: str = "", page_size: int = 50) -> Steps[None]:
        """The account's own entries, newest first."""
        params: dict[str, object] = {"q": search or None, "limit": page_size}
        return self.pages(ProtectedPerson, "/register/people", params)

    @operation
    def get(self, person_id: str) -> Steps[ProtectedPerson]:
        """What was written down; never the face."""
        return self.ask(ProtectedPerson, Request("GET", _path(person_id)))

    @operation
    def forget(self, person_id: str) -> Steps[None]:
        """Remove an entry."""
        return self.tell(Request("DELETE", _path(person_id)))


def _path(person_id: str) -> str:
    return f"/register/people/{name_in_path(person_id)}"

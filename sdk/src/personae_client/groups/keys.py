"""API keys of the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from personae_client.core.calling import Request, fresh_key
from personae_client.core.effects import Steps
from personae_client.core.side import M_co, Side, name_in_path, operation, stream
from personae_client.groups.account import iso
from personae_client.models import CurrentKey, Key, KeyMade


class Keys(Side[M_co]):
    """Make, list and revoke keys."""

    @operation
    def create(
        self,
        name: str,
        *,
        scopes: Sequence[str] | None = None,
        expires_at: datetime | None = None,
    ) -> Steps[KeyMade]:
        """Make a key; its secrets are in this answer and never again.

        Parameters
        ----------
        scopes : sequence of str, optional
            Some of what the key that makes it may do; all of that unless given.

        Raises
        ------
        Conflict
            If the answer with the secrets was lost on its way: it names the key to revoke.
        """
        body: dict[str, object] = {"name": name, "expires_at": iso(expires_at)}
        if scopes is not None:
            body["scopes"] = list(scopes)
        return self.ask(KeyMade, Request("POST", "/keys", body=body, once=fresh_key()))

    @stream(Key)
    def list(self) -> Steps[None]:
        """All keys."""
        return self.pages(Key, "/keys")

    @operation
    def current(self) -> Steps[CurrentKey]:
        """Whose key this is and what it opens; any key may ask."""
        return self.ask(CurrentKey, Request("GET", "/keys/current"))

    @operation
    def get(self, key_id: str) -> Steps[Key]:
        """A key, without its secret."""
        return self.ask(Key, Request("GET", f"/keys/{name_in_path(key_id)}"))

    @operation
    def revoke(self, key_id: str) -> Steps[Key]:
        """End a key; it works for at most a second more."""
        return self.ask(Key, Request("DELETE", f"/keys/{name_in_path(key_id)}"))

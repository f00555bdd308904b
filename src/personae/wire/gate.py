"""Who may come in, and how often: keys are looked up here, and requests are counted."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from personae.app import accounts
from personae.app.accesses import Accesses
from personae.app.accounts import Principal
from personae.app.ports import Transaction
from personae.errors import RateLimited, Unauthorized
from personae.wire.buckets import MOST_NAMES, Bucket, Buckets
from personae.wire.guesses import Guesses
from personae.wire.key_uses import KeyUses
from personae.wire.services import Services

_LONGEST_SECRET = 512
_LONGEST_TOKEN = 2048
POLICY = "key"
"""The name of the one rate limit, as the headers give it."""


@dataclass(slots=True)
class _Known:
    principal: Principal
    until: float


class Gate:
    """The doorkeeper of one process.

    Requests are counted in this process alone: several of them together let in as many times more.

    Parameters
    ----------
    services : Services
        For the database, the clock and the limits.

    Attributes
    ----------
    inspections : Buckets
        By network address: who inspects files needs no key.
    """

    def __init__(self, services: Services) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        limits = services.settings
        self._buckets = Buckets(limits.rate_per_s, limits.rate_burst, services.clock)
        self.inspections = Buckets(
            limits.inspect_per_minute / 60, max(1, limits.inspect_per_minute), services.clock
        )
        self.uses = KeyUses()
        self.accesses = Accesses(services.clock)
        # What links are made of from here on is an answer to somebody.
        self.services = replace(services, links=services.links.telling(self.accesses.linked))
        self._guesses = Guesses(limits.wrong_keys_burst, limits.wrong_keys_per_s)

    async def admit(self, secret: str | None, address: str = "") -> Principal:
        """Who holds this key.

        Parameters
        ----------
        address : str
            Where it comes from; wrong keys are counted by it (see `Guesses`).

        Raises
        ------
        Unauthorized, Forbidden
        RateLimited
            If too many wrong keys came from there; nobody has looked at this one.
        """
        if not secret or len(secret) > _LONGEST_SECRET:
            raise Unauthorized(
                "Send an API key: Authorization: Bearer pk_…, or X-API-Key: pk_…."
                if not secret
                else None
            )
        now, name = self.services.clock(), accounts.digest(secret)
        known = self._known.get(name)
        if known is not None and known.until > now:
            expiry = known.principal.key.expires_at
            if expiry is not None and expiry <= now:
                raise Unauthorized
            return known.principal
        principal = await self._look_up(
            name, address, now, lambda tx: accounts.authenticate(tx, secret, now)
        )
        self.remember(name, principal)
        return principal

    async def admit_token(self, token: str | None, address: str = "") -> Principal:
        """Who holds this token (see `personae.app.tokens`).

        Raises
        ------
        As `admit`.
        """
        if not token or len(token) > _LONGEST_TOKEN:
            raise Unauthorized
        now = self.services.clock()
        # Apart from keys, or what is known of a token would let it in where only keys are taken.
        name = f"token {accounts.digest(token)}"
        # Read each time: a token that is over must not live on in what is known.
        try:
            tenant_id, key_id, _ = self.services.tokens.read(token, now)
        except Unauthorized:
            self._refuse_guess(name, address, now)
            raise
        known = self._known.get(name)
        if known is not None and known.until > now:
            return known.principal
        # It was signed here, so it is no guess, even if its key has been revoked since.
        principal = await self.services.database.aread(
            lambda tx: accounts.authenticate_key(tx, tenant_id, key_id, now)
        )
        self.remember(name, principal)
        return principal

    async def admit_client(
        self, client_id: str, client_secret: str, address: str = ""
    ) -> Principal:
        """Who has this client id and secret; never from memory.

        Raises
        ------
        As `admit`.
        """
        if max(len(client_id), len(client_secret)) > _LONGEST_SECRET:
            raise Unauthorized
        now, name = self.services.clock(), accounts.digest(f"{client_id} {client_secret}")
        return await self._look_up(
            name,
            address,
            now,
            lambda tx: accounts.authenticate_client(tx, client_id, client_secret, now),
        )

    async def _look_up(
        self, name: str, address: str, now: float, look: Callable[[Transaction], Principal]
    ) -> Principal:
        """Ask the database, unless too many wrong keys have come from that address."""
        wait_s = self._guesses.wait_s(address, name, now)
        if wait_s:
            raise RateLimited(retry_after_s=wait_s)
        try:
            principal = await self.services.database.aread(look)
        except Unauthorized:
            self._guesses.was_wrong(address, name, now)
            raise
        self._guesses.was_right(name)
        return principal

    def _refuse_guess(self, name: str, address: str, now: float) -> None:
        """Count a token that was not made here."""
        wait_s = self._guesses.wait_s(address, name, now)
        if wait_s:
            raise RateLimited(retry_after_s=wait_s)
        self._guesses.was_wrong(address, name, now)

    def remember(self, name: str, principal: Principal) -> None:
        """Let a principal in under `name` (a digest, never a secret) for `auth_cache_s`."""
        ttl = self.services.settings.auth_cache_s
        if ttl <= 0:
            return
        self._known[name] = _Known(principal, self.services.clock() + ttl)
        self._known.move_to_end(name)
        while len(self._known) > MOST_NAMES:
            self._known.popitem(last=False)

    def forget(self, key_id: str) -> None:
        """Look a key up again at its next use, because it has just been revoked."""
        for name in [n for n, known in self._known.items() if known.principal.key.id == key_id]:
            del self._known[name]

    def count(self, key_id: str) -> tuple[Mapping[str, str], float]:
        """Take one request off a key's allowance.

        A bucket of `rate_burst` tokens that fills at `rate_per_s`.

        Returns
        -------
        headers : mapping
            They tell what is left.
        wait_s : float, seconds
            0 lets the request in; otherwise it came this much too early.
        """
        bucket, wait_s = self._buckets.take(key_id)
        return self._headers(bucket, bucket.at), wait_s

    def _headers(self, bucket: Bucket, now: float) -> dict[str, str]:
        """The IETF draft's two fields and the three that came before it.

        draft-ietf-httpapi-ratelimit-headers: ``q`` requests in ``w`` seconds; ``r`` are left, and
        all of them are there again after ``t`` seconds. ``X-RateLimit-Reset`` is that moment in
        seconds since 1970.
        """
        burst, rate = self.services.settings.rate_burst, self.services.settings.rate_per_s
        left, full_s = int(bucket.tokens), math.ceil((burst - bucket.tokens) / rate)
        return {
            "RateLimit-Policy": f'"{POLICY}";q={burst};w={math.ceil(burst / rate)}',
            "RateLimit": f'"{POLICY}";r={left};t={full_s}',
            "X-RateLimit-Limit": str(burst),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(math.ceil(now + full_s)),
        }

"""Short-lived tokens that stand for an API key: what an OAuth client trades its secret for.

A token is a JSON Web Token (RFC 7519, HS256) that names the key; nothing is stored of it. Whether
the key still holds is looked up at every use, so revoking a key ends its tokens.
"""

from __future__ import annotations

import hmac

import jwt
from jwt.types import Options

from personae.app.accounts import Principal
from personae.errors import Unauthorized

_ALGORITHM = "HS256"
_PURPOSE = b"personae tokens 1"  # Keeps these apart from all else that the secret may sign.


class Tokens:
    """Makes and reads the tokens of one service.

    Parameters
    ----------
    secret : bytes
        The same in every process of the service.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, _PURPOSE, "sha256")

    def __repr__(self) -> str:
        return "Tokens(hidden)"

    def issue(self, principal: Principal, now: float, ttl_s: int) -> str:
        """A token that is good for `ttl_s` seconds."""
        claims = {
            "sub": principal.key.id,
            "tenant": principal.tenant.id,
            "iat": int(now),
            "exp": int(now) + ttl_s,
        }
        return jwt.encode(claims, self._key, _ALGORITHM)

    def read(self, token: str, now: float) -> tuple[str, str, float]:
        """Tenant, key and expiry of a token.

        Raises
        ------
        Unauthorized
            If it was not made here, or is over.
        """
        # The time is compared here, against the service's own clock.
        unchecked: Options = {
            "verify_exp": False,
            "verify_iat": False,
            "require": ["sub", "tenant", "exp"],
        }
        try:
            claims = jwt.decode(token, self._key, [_ALGORITHM], options=unchecked)
            tenant_id, key_id = str(claims["tenant"]), str(claims["sub"])
            expires_at = float(claims["exp"])
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise Unauthorized from error
        if expires_at <= now:
            raise Unauthorized
        return tenant_id, key_id, expires_at

    @staticmethod
    def looks_like_one(secret: str) -> bool:
        """Whether a bearer is a token rather than an API key; decides only who looks at it."""
        return secret.count(".") == 2

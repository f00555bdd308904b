"""Tokens that stand for a key."""

from __future__ import annotations

import jwt
import pytest

from personae.app.accounts import Principal
from personae.app.tokens import Tokens
from personae.domain.tenants import ApiKey, Tenant
from personae.errors import Unauthorized

WHO = Principal(
    Tenant("tenant_a", "ours", 0.0),
    ApiKey("key_a", "tenant_a", "test", "pk_", ("swaps:read",), "client_a", 0.0),
)


def test_a_token_names_its_key_until_its_end() -> None:
    tokens = Tokens(b"secret")
    token = tokens.issue(WHO, 1000.0, 60)
    assert tokens.looks_like_one(token)
    assert not tokens.looks_like_one("pk_abc-DEF_0")
    assert tokens.read(token, 1059.0) == ("tenant_a", "key_a", 1060.0)
    with pytest.raises(Unauthorized):
        tokens.read(token, 1060.0)


def test_what_was_signed_elsewhere_is_refused() -> None:
    claims = {"sub": "key_a", "tenant": "tenant_a", "exp": 2000}
    forged = [
        Tokens(b"another").issue(WHO, 1000.0, 60),
        jwt.encode(claims, "", "none"),
        jwt.encode(claims, b"secret" * 6, "HS256"),
        "a.b.c",
        "",
    ]
    for token in forged:
        with pytest.raises(Unauthorized):
            Tokens(b"secret").read(token, 1000.0)

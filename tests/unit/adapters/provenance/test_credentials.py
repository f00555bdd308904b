"""What an operator's certificate and key must be, and what is said when they are not."""

from __future__ import annotations

from typing import Any

import pytest
from certificates import DAY, NOW, Ca, key_pem, pem_of
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID

from personae.adapters.provenance.credentials import CLAIM_SIGNING, DOCUMENT_SIGNING
from personae.adapters.provenance.credentials import operator_signer as signer_of
from personae.errors import InvalidRequest

CA = Ca()
KEY = ec.generate_private_key(ec.SECP256R1())
ES256_BYTES = 64


def refused(cert: str, key: str = key_pem(KEY), algorithm: str = "auto") -> str:
    with pytest.raises(InvalidRequest) as told:
        signer_of(cert, key, algorithm, "", NOW)
    assert told.value.message.count("\n") == 0
    return told.value.message


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (KEY, "es256"),
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
    ],
)
def test_the_algorithm_is_the_keys(key: Any, algorithm: str) -> None:
    made = signer_of(pem_of(CA.issue(key), CA.cert), key_pem(key), "auto", "", NOW)
    assert made.credential.algorithm == algorithm
    assert made.credential.origin == "operator"
    assert made.credential.subject == "Example Studio, Studio"
    signature = made.sign(b"content")
    public = key.public_key()
    if algorithm == "es256":
        assert len(signature) == ES256_BYTES
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        public.verify(utils.encode_dss_signature(r, s), b"content", ec.ECDSA(hashes.SHA256()))
    elif algorithm == "ed25519":
        public.verify(signature, b"content")
    elif algorithm == "ps256":
        digest = hashes.SHA256()
        public.verify(signature, b"content", padding.PSS(padding.MGF1(digest), 32), digest)


@pytest.mark.parametrize("purpose", [CLAIM_SIGNING, DOCUMENT_SIGNING])
def test_purposes_for_signing_content_are_taken(purpose: Any) -> None:
    cert = pem_of(CA.issue(KEY, purposes=(purpose,)), CA.cert)
    assert signer_of(cert, key_pem(KEY), "es256", "", NOW).credential.algorithm == "es256"


def test_a_key_of_another_certificate() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    told = refused(pem_of(CA.issue(other), CA.cert))
    assert "no certificate belongs to the key" in told


def test_the_wrong_order() -> None:
    told = refused(pem_of(CA.cert, CA.issue(KEY)))
    assert "put the signer's own first" in told


def test_an_issuer_that_did_not_issue() -> None:
    stranger = Ca("Another authority")
    assert "was not issued by" in refused(pem_of(CA.issue(KEY), stranger.cert))


def test_one_that_is_self_signed() -> None:
    mine = Ca("Studio", key=KEY)
    assert "self-signed" in refused(pem_of(mine.issue(KEY)))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"ends": -DAY / 2}, "expired on 2026-05-31"),
        ({"begins": DAY}, "is not valid before 2026-06-02"),
        ({"purposes": ()}, "emailProtection, documentSigning or c2pa-kp-claimSigning"),
        ({"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "not for signing content"),
        (
            {
                "purposes": (
                    ExtendedKeyUsageOID.EMAIL_PROTECTION,
                    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
                )
            },
            "used for anything",
        ),
        ({"signs": False}, "digitalSignature"),
        ({"ca": True}, "CA's own"),
    ],
)
def test_certificates_that_no_validator_takes(how: dict[str, Any], said: str) -> None:
    assert said in refused(pem_of(CA.issue(KEY, **how), CA.cert))


def test_an_issuer_that_is_no_authority() -> None:
    middle = ec.generate_private_key(ec.SECP256R1())
    no_ca = CA.issue(middle, "Test authority 2")
    leaf = Ca("Test authority 2", key=middle).issue(KEY)
    assert "is no CA" in refused(pem_of(leaf, no_ca))


def test_files_that_hold_something_else() -> None:
    good = pem_of(CA.issue(KEY), CA.cert)
    assert "no certificates in PEM form" in refused("nonsense")
    assert "no private key in PEM form" in refused(good, "nonsense")
    assert "protected by a passphrase" in refused(good, key_pem(KEY, b"secret"))
    assert "but the key is for es256" in refused(good, algorithm="ps256")
    small = rsa.generate_private_key(65537, 1024)
    assert "1024 bits" in refused(good, key_pem(small))
    odd = ec.generate_private_key(ec.SECP256K1())
    assert "secp256k1" in refused(good, key_pem(odd))


def test_nothing_shows_the_key() -> None:
    made = signer_of(pem_of(CA.issue(KEY), CA.cert), key_pem(KEY), "auto", "", NOW)
    assert "PRIVATE" not in repr(made)
    assert "PRIVATE" not in repr(made.credential.to_json())

"""The certificate chain and the key that sign manifests, checked before anything is signed.

What a certificate has to be is told by the C2PA specification 2.2, section 14.5, "X.509
Certificates".
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from personae.errors import InvalidRequest

Origin = Literal["operator", "local"]
ALGORITHMS = ("es256", "es384", "es512", "ps256", "ed25519")
CERT_SETTING, KEY_SETTING = "PERSONAE_SIGNING_CERT", "PERSONAE_SIGNING_KEY"

CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
PURPOSES = (CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING)
"""Extended key usages of those who may sign manifests."""
_NEVER = (
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.OCSP_SIGNING,
)
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_DIGESTS = {"es256": hashes.SHA256(), "es384": hashes.SHA384(), "es512": hashes.SHA512()}
_LEAST_RSA_BITS = 2048

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Credential:
    """What may be known of a signer: everything but the key.

    Attributes
    ----------
    chain_pem : str
        The signer's certificate, then whoever issued each.
    algorithm : one of `ALGORITHMS`
    origin : "operator" or "local"
        Local ones were made on this machine; nobody else has a reason to trust them.
    subject : str
        The signer's organisation and name.
    expires_at : float, seconds since 1970, UTC
    timestamp_url : str
        An RFC 3161 authority; empty for none.
    """

    chain_pem: str
    algorithm: str
    origin: Origin
    subject: str
    expires_at: float
    timestamp_url: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Signer:
    """A credential with its key, which stays here."""

    credential: Credential
    _key: SigningKey

    def __repr__(self) -> str:
        return f"Signer({self.credential.subject}, {self.credential.algorithm})"

    def sign(self, data: bytes) -> bytes:
        """The signature as COSE wants it: r and s of a curve one after the other (RFC 9053)."""
        key = self._key
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(data)
        if isinstance(key, rsa.RSAPrivateKey):
            digest = hashes.SHA256()
            return key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        digest = _DIGESTS[self.credential.algorithm]
        r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
        size = (key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def operator_signer(
    cert: str, key: str, algorithm: str, timestamp_url: str, now: datetime.datetime
) -> Signer:
    """The signer that an operator configured.

    Parameters
    ----------
    cert, key : str
        PEM text.
    algorithm : str
        One of `ALGORITHMS`, or ``auto``.

    Raises
    ------
    InvalidRequest
        If they do not fit each other, or are nothing that a validator of manifests would take.
    """
    chain = load_chain(cert, CERT_SETTING)
    secret = load_key(key, KEY_SETTING)
    found = algorithm_of(secret)
    if algorithm not in ("auto", found):
        raise InvalidRequest(f"PERSONAE_SIGNING_ALG is {algorithm}, but the key is for {found}.")
    check_chain(chain, secret, now)
    return make_signer(chain, secret, "operator", timestamp_url)


def make_signer(
    chain: Sequence[x509.Certificate], key: SigningKey, origin: Origin, timestamp_url: str = ""
) -> Signer:
    """A signer of parts that are known to fit."""
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain).decode("ascii")
    ends = min(one.not_valid_after_utc for one in chain).timestamp()
    subject = _called(chain[0].subject)
    return Signer(Credential(pem, algorithm_of(key), origin, subject, ends, timestamp_url), key)


def load_chain(pem: str, called: str) -> list[x509.Certificate]:
    """Certificates of PEM text.

    Raises
    ------
    InvalidRequest
    """
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise InvalidRequest(
            f"{called} holds no certificates in PEM form (-----BEGIN CERTIFICATE-----)."
        ) from error


def load_key(pem: str, called: str) -> SigningKey:
    """A private key of PEM text.

    Raises
    ------
    InvalidRequest
    """
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except TypeError as error:
        raise InvalidRequest(
            f"{called} is protected by a passphrase; give a key without one, in a file that only "
            "the service can read."
        ) from error
    except Exception as error:  # cryptography has several errors for keys that it does not know
        raise InvalidRequest(
            f"{called} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)."
        ) from error
    if not isinstance(key, SigningKey):
        raise InvalidRequest(f"{called} is of a kind that signs no manifests; use ECDSA P-256.")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _LEAST_RSA_BITS:
        raise InvalidRequest(
            f"{called} is an RSA key of {key.key_size} bits; at least {_LEAST_RSA_BITS} are needed."
        )
    algorithm_of(key)
    return key


def algorithm_of(key: SigningKey) -> str:
    """Which of `ALGORITHMS` a key is for.

    Raises
    ------
    InvalidRequest
        For a curve that C2PA does not know.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if key.curve.name not in _CURVES:
        raise InvalidRequest(
            f"{KEY_SETTING} is on the curve {key.curve.name}; use P-256, P-384 or P-521."
        )
    return _CURVES[key.curve.name]


def check_chain(chain: Sequence[x509.Certificate], key: SigningKey, now: datetime.datetime) -> None:
    """Refuse what a validator of manifests would refuse, and say why in one sentence.

    Raises
    ------
    InvalidRequest
    """
    wrong = (
        _misfit(chain, key)
        or _disorder(chain)
        or _out_of_time(chain, now)
        or _unfit_signer(chain[0])
        or _unfit_issuer(chain[1:])
    )
    if wrong:
        raise InvalidRequest(f"{CERT_SETTING}: {wrong}")


def _misfit(chain: Sequence[x509.Certificate], key: SigningKey) -> str | None:
    mine = _public_bytes(key.public_key())
    fits = [_public_bytes(one.public_key()) == mine for one in chain]
    if fits[0]:
        return None
    if any(fits):
        return (
            f"the key belongs to {_called(chain[fits.index(True)].subject)}, which is not the "
            "first certificate; put the signer's own first, then whoever issued each, and give "
            "the signer's key."
        )
    return f"no certificate belongs to the key in {KEY_SETTING}."


def _disorder(chain: Sequence[x509.Certificate]) -> str | None:
    if chain[0].issuer == chain[0].subject:
        return "the certificate is self-signed, which C2PA does not allow; have a CA issue it."
    for one, above in pairwise(chain):
        try:
            one.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature):
            return (
                f"{_called(one.subject)} was not issued by {_called(above.subject)}, which comes "
                "after it; put whoever issued each certificate right behind it."
            )
    return None


def _out_of_time(chain: Sequence[x509.Certificate], now: datetime.datetime) -> str | None:
    for one in chain:
        if now > one.not_valid_after_utc:
            return (
                f"{_called(one.subject)} expired on {one.not_valid_after_utc:%Y-%m-%d}; renew it."
            )
        if now < one.not_valid_before_utc:
            begins = one.not_valid_before_utc
            return f"{_called(one.subject)} is not valid before {begins:%Y-%m-%d %H:%M} UTC."
    return None


def _unfit_signer(leaf: x509.Certificate) -> str | None:
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        return "the first certificate is a CA's own; have it issue one for signing."
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        return "the certificate lacks the key usage digitalSignature."
    purposes = _extension(leaf, x509.ExtendedKeyUsage)
    if purposes is None or not any(one in purposes for one in PURPOSES):
        return (
            "the certificate is not for signing content: it needs the extended key usage "
            "emailProtection, documentSigning or c2pa-kp-claimSigning."
        )
    if any(one in purposes for one in _NEVER):
        return "the certificate may be used for anything, time stamps or OCSP too; C2PA forbids it."
    if _extension(leaf, x509.AuthorityKeyIdentifier) is None:
        return "the certificate lacks an authority key identifier."
    return None


def _unfit_issuer(issuers: Sequence[x509.Certificate]) -> str | None:
    for one in issuers:
        constraints = _extension(one, x509.BasicConstraints)
        if constraints is None or not constraints.ca:
            return f"{_called(one.subject)} is no CA, but issues a certificate."
    return None


def _extension(one: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return one.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _public_bytes(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)


def _called(name: x509.Name) -> str:
    """Organisation and common name, whichever there are."""
    parts = [
        str(one.value)
        for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for one in name.get_attributes_for_oid(oid)
    ]
    return ", ".join(parts) or "a certificate without a name"

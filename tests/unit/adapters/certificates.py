"""Certificates of a small authority, good ones and bad ones."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def pem_of(*certs: x509.Certificate) -> str:
    """PEM text of certificates."""
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in certs)


def key_pem(key: Any, password: bytes | None = None) -> str:
    """PEM text of a private key."""
    how = (
        serialization.NoEncryption()
        if password is None
        else serialization.BestAvailableEncryption(password)
    )
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, how).decode()


@dataclass
class Ca:
    """An authority that issues whatever it is asked to."""

    name: str = "Test authority"
    now: datetime.datetime = NOW
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def cert(self) -> x509.Certificate:
        """Its own certificate, self-signed."""
        return self.issue(self.key, self.name, ca=True)

    def issue(
        self,
        key: Any,
        name: str = "Studio",
        *,
        ca: bool = False,
        purposes: tuple[Any, ...] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
        signs: bool = True,
        begins: datetime.timedelta = -DAY,
        ends: datetime.timedelta = 100 * DAY,
    ) -> x509.Certificate:
        """A certificate for a key."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + begins)
            .not_valid_after(self.now + ends)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(_usage(signs and not ca, ca), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        if purposes and not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
        digest = None if isinstance(self.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return builder.sign(self.key, digest)


def _named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Studio"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _usage(signs: bool, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(signs, False, not signs, False, False, certifies, certifies, False, False)

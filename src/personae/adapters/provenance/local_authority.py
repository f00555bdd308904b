"""A signer of this machine's own, for those who have no certificate: made once, renewed in time.

A small authority issues it, because C2PA allows no self-signed signers. The authority stays for
ten years, so that whoever was told to trust it still does after a renewal.

Any number of processes may come at once: a file is made complete under another name and linked to
its own, which only the first of them can do.
"""

from __future__ import annotations

import datetime
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from personae.adapters.provenance.credentials import Signer, load_chain, load_key, make_signer
from personae.errors import InvalidRequest

ORGANISATION = "Personae (local, unverified)"
"""What programs show as the signer: it must not look like anybody's word."""
AUTHORITY, SIGNER = "authority.pem", "signer.pem"
_AUTHORITY_LIFE = datetime.timedelta(days=3653)
_SIGNER_LIFE = datetime.timedelta(days=397)
RENEW_BEFORE = datetime.timedelta(days=30)
_SLOW_CLOCKS = datetime.timedelta(hours=1)


def local_signer(folder: Path, now: datetime.datetime) -> Signer:
    """The local signer in `folder`; made, or renewed, if need be.

    Raises
    ------
    InvalidRequest
        If the folder cannot be used, or holds something else under these names.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / AUTHORITY).exists():
            _put_first(folder / AUTHORITY, _make_authority(now))
        made = _read(folder / SIGNER)
        if made is None:
            _put_first(folder / SIGNER, _make_signer(folder, now))
            made = _read(folder / SIGNER)
        if made is not None and made.credential.expires_at < (now + RENEW_BEFORE).timestamp():
            made = _renewed(folder, made, now)
    except OSError as error:
        raise InvalidRequest(
            f"The folder {folder} cannot hold the certificate that signs outputs: "
            f"{error.strerror or error}. Name another with PERSONAE_SIGNING_DIR, give a "
            "certificate of your own with PERSONAE_SIGNING_CERT, or switch manifests off."
        ) from error
    if made is None:
        raise _spoilt(folder / SIGNER)
    return made


def _renewed(folder: Path, old: Signer, now: datetime.datetime) -> Signer | None:
    """A new signer in the old one's place; the old one if that fails while it is still good."""
    try:
        _replace(folder / SIGNER, _make_signer(folder, now))
    except OSError:
        if old.credential.expires_at > now.timestamp():
            return old
        raise
    return _read(folder / SIGNER)


def authority_pem(folder: Path) -> str:
    """The local authority's certificate alone; empty if there is none."""
    try:
        text = (folder / AUTHORITY).read_text("ascii")
        return _pem(load_chain(text, AUTHORITY)[0]).decode("ascii")
    except (OSError, ValueError, InvalidRequest):
        return ""


def _read(path: Path) -> Signer | None:
    """What was made before, if there is any."""
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _spoilt(path) from error
    try:
        return make_signer(load_chain(text, path.name), load_key(text, path.name), "local")
    except InvalidRequest as error:
        raise _spoilt(path) from error


def _spoilt(path: Path) -> InvalidRequest:
    return InvalidRequest(
        f"{path} holds no local signer; delete it, and a new one is made at the next start."
    )


def _make_authority(now: datetime.datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    # Two authorities must not look alike to whoever compares names alone.
    name = _name(f"Local authority {secrets.token_hex(4)}")
    cert = (
        _begin(name, name, key.public_key(), now, _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _private(key) + _pem(cert)


def _make_signer(folder: Path, now: datetime.datetime) -> bytes:
    text = (folder / AUTHORITY).read_text("ascii")
    issuer, issuer_key = load_chain(text, AUTHORITY)[0], load_key(text, AUTHORITY)
    key = ec.generate_private_key(ec.SECP256R1())
    cert = (
        _begin(_name("Local signer"), issuer.subject, key.public_key(), now, _SIGNER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        # The one purpose that every validator takes without being told to.
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return _private(key) + _pem(cert) + _pem(issuer)


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    life: datetime.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLOW_CLOCKS)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _put_first(path: Path, content: bytes) -> None:
    """Make a file, unless somebody else just did."""
    aside = _aside(path, content)
    try:
        with suppress(FileExistsError):
            os.link(aside, path)
    except OSError:
        # A file system without links: renaming is as complete, and the last one wins.
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    os.replace(_aside(path, content), path)


def _aside(path: Path, content: bytes) -> Path:
    """A complete file under another name that only we can read."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return aside

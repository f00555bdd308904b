"""Holds a process's signer: the operator's, or the local one, which it renews while it runs."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personae.adapters.provenance.credentials import (
    CERT_SETTING,
    KEY_SETTING,
    Signer,
    load_chain,
    operator_signer,
)
from personae.adapters.provenance.local_authority import authority_pem, local_signer
from personae.errors import InvalidRequest, Unavailable

ANCHORS_SETTING = "PERSONAE_TRUST_ANCHORS"
_PEM = "-----BEGIN "
_READING = ("read_manifest", "inspect")
"""Media jobs that read manifests."""


@dataclass(frozen=True, slots=True)
class SigningConfig:
    """Which signer an operator wants.

    Attributes
    ----------
    folder : Path
        Where the local signer lies, or will.
    cert, key : str
        PEM text or the path of a file; both empty for the local signer.
    algorithm : str
        ``auto`` takes the key's.
    timestamp_url : str
        An RFC 3161 authority; empty for none.
    anchors : str
        Certificates of authorities that are trusted when manifests are read: PEM text or a path.
    """

    folder: Path
    cert: str = ""
    key: str = ""
    algorithm: str = "auto"
    timestamp_url: str = ""
    anchors: str = ""

    def __repr__(self) -> str:
        return f"SigningConfig({'operator' if self.cert else 'local'}, {self.folder})"


class Keeper:
    """A signer that lasts as long as its process; safe for several threads.

    It is what a media host asks to furnish jobs about manifests, and to sign.

    Raises
    ------
    InvalidRequest
        If there is no usable signer.
    """

    def __init__(self, config: SigningConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._anchors = read_anchors(config)
        self._signer = self._load()

    def __repr__(self) -> str:
        return f"Keeper({self._signer!r})"

    @property
    def signer(self) -> Signer:
        """The signer as of now.

        Raises
        ------
        Unavailable
            If the operator's certificate has expired meanwhile and not been replaced.
        """
        with self._lock:
            if self._due():
                try:
                    self._signer = self._load()
                except InvalidRequest as error:
                    raise Unavailable(
                        "The certificate that signs outputs has expired; the service's operator "
                        "has to renew it."
                    ) from error
            return self._signer

    def furnish(self, op: str) -> dict[str, Any]:
        """What a media job called `op` has to know of signers; never a key."""
        if op == "seal":
            return {"credential": self.signer.credential.to_json()}
        if op in _READING:
            return {"anchors": self._anchors}
        return {}

    def sign(self, data: bytes) -> bytes:
        """A signature by the signer that was last told of."""
        return self._signer.sign(data)

    @property
    def anchors(self) -> dict[str, str]:
        """Whom to trust when manifests are read; see `read_anchors`."""
        return self._anchors

    def _due(self) -> bool:
        credential = self._signer.credential
        ahead = datetime.timedelta(days=1) if credential.origin == "local" else datetime.timedelta()
        return credential.expires_at < self._clock() + ahead.total_seconds()

    def _load(self) -> Signer:
        signer = load_signer(self._config, self._clock())
        if signer.credential.origin == "local":
            self._anchors = read_anchors(self._config)
        return signer


class Onlooker:
    """In a keeper's place where nothing is signed: knows whom to trust."""

    def __init__(self, config: SigningConfig) -> None:
        self._anchors = read_anchors(config)

    def furnish(self, op: str) -> dict[str, Any]:
        """What a media job called `op` has to know; see `Keeper.furnish`."""
        return {"anchors": self._anchors} if op in _READING else {}

    def sign(self, data: bytes) -> bytes:
        """Refuse.

        Raises
        ------
        Unavailable
        """
        del data
        raise Unavailable("Nothing is signed here: manifests are switched off.")


def load_signer(config: SigningConfig, now_s: float) -> Signer:
    """The operator's signer if one is configured, else the local one.

    Raises
    ------
    InvalidRequest
    """
    now = datetime.datetime.fromtimestamp(now_s, datetime.UTC)
    if not config.cert and not config.key:
        return local_signer(config.folder, now)
    if not config.cert or not config.key:
        given, lacking = (CERT_SETTING, KEY_SETTING) if config.cert else (KEY_SETTING, CERT_SETTING)
        raise InvalidRequest(f"{given} is set without {lacking}; a signer needs both.")
    return operator_signer(
        _text(config.cert, CERT_SETTING),
        _text(config.key, KEY_SETTING),
        config.algorithm,
        config.timestamp_url,
        now,
    )


def read_anchors(config: SigningConfig) -> dict[str, str]:
    """Certificates of authorities as PEM text: ``operator``, those that are trusted, and ``local``.

    Raises
    ------
    InvalidRequest
    """
    trusted = _text(config.anchors, ANCHORS_SETTING) if config.anchors else ""
    if trusted:
        load_chain(trusted, ANCHORS_SETTING)
    return {"operator": trusted, "local": authority_pem(config.folder)}


def _text(given: str, called: str) -> str:
    """PEM text, from a file unless it is given itself."""
    if given.lstrip().startswith(_PEM):
        return given
    try:
        return Path(given).expanduser().read_text("ascii")
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
        raise InvalidRequest(f"{called} names {given}, which cannot be read: {why}.") from error

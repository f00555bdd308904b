"""Which certificate signs manifests, and whom to trust when they are read, by the environment."""

from __future__ import annotations

import functools
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from personae.adapters.provenance.keeper import Keeper, SigningConfig

SIGNING_DIR_VARIABLE = "PERSONAE_SIGNING_DIR"
SIGNING_VARIABLES = (
    *("PERSONAE_SIGNING_CERT", "PERSONAE_SIGNING_KEY", "PERSONAE_SIGNING_ALG"),
    *("PERSONAE_TIMESTAMP_URL", "PERSONAE_TRUST_ANCHORS"),
)

_keeper_lock = threading.Lock()


def keeper() -> Keeper:
    """The process's signer of manifests, by the environment; a local one is made at first use.

    Raises
    ------
    InvalidRequest
        If the operator's certificate cannot be used, or the local one has no place.
    """
    with _keeper_lock:
        return _keeper(signing_config())


def signing_config() -> SigningConfig:
    """Which signer the environment asks for."""
    from personae.adapters.provenance.keeper import SigningConfig

    cert, key, algorithm, timestamp_url, anchors = (
        os.environ.get(name, "") for name in SIGNING_VARIABLES
    )
    return SigningConfig(signing_dir(), cert, key, algorithm or "auto", timestamp_url, anchors)


def trust_anchors() -> dict[str, str]:
    """Whom to trust when manifests are read; reading makes no certificate.

    Raises
    ------
    InvalidRequest
    """
    from personae.adapters.provenance.keeper import read_anchors

    return read_anchors(signing_config())


def now() -> float:
    """Seconds since 1970, UTC."""
    return time.time()


def signing_dir() -> Path:
    """The folder of the local certificate: PERSONAE_SIGNING_DIR, else the user's data folder."""
    given = os.environ.get(SIGNING_DIR_VARIABLE)
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("personae")) / "signing"


@functools.lru_cache(maxsize=1)
def _keeper(config: SigningConfig) -> Keeper:
    from personae.adapters.provenance.keeper import Keeper

    return Keeper(config, time.time)

"""From ``PERSONAE_STORAGE_URL`` to the blobs behind it."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from personae.adapters.blobs.cloud import CloudBlobs
from personae.adapters.blobs.local import LocalBlobs
from personae.adapters.blobs.s3_links import S3Keys
from personae.app.ports import Blobs, Clock
from personae.errors import InvalidRequest

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_S3_SCHEMES = ("s3", "s3a")
_GOOGLE_SCHEMES = ("gs",)
_AZURE_SCHEMES = ("az", "azure", "abfs", "abfss", "adl")
_ALLOW_HTTP = ("AWS_ALLOW_HTTP", "AZURE_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP")


def blobs_from_url(
    url: str,
    *,
    base_url: str,
    secret: bytes,
    now: Clock = time.time,
    spool_folder: Path | None = None,
) -> Blobs:
    """Open the storage that a URL names.

    Parameters
    ----------
    url : str
        ``file:///folder``, ``s3://bucket/prefix``, ``gs://bucket/prefix`` or
        ``az://container/prefix``. Credentials, endpoint and region of the clouds come from the
        variables that their own tools use (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, …).
    base_url : str
        Where clients reach the API; signed URLs of a local folder lead there.
    secret : bytes, at least 16
        Signs those URLs.
    now : callable
        Seconds since 1970, UTC.
    spool_folder : Path, optional
        For long uploads on their way to a cloud.

    Raises
    ------
    InvalidRequest
        If the URL names no storage, or its settings are incomplete.
    Unavailable
        If a local folder cannot be made.
    """
    scheme = url.partition(":")[0].lower()
    if scheme == "file":
        return LocalBlobs(_folder(url), base_url, secret, now)
    if scheme in (*_S3_SCHEMES, *_GOOGLE_SCHEMES, *_AZURE_SCHEMES):
        return _cloud(scheme, url, spool_folder)
    raise InvalidRequest(
        f"The storage URL starts with {scheme!r}; use file://, s3://, gs:// or az://."
    )


def _folder(url: str) -> Path:
    parts = urlsplit(url)
    absolute = parts.path.startswith("/")
    if parts.netloc not in ("", "localhost") or not absolute or parts.query or parts.fragment:
        raise InvalidRequest(
            "A local storage URL has three slashes and an absolute path: file:///var/lib/personae."
        )
    return Path(unquote(parts.path))


def _cloud(scheme: str, url: str, spool_folder: Path | None) -> Blobs:
    # One request moves at most 8 MiB. A store that stays silent is reported within a minute
    # or two; whoever asked can try again.
    patience: ClientConfig = {
        "connect_timeout": "5s",
        "timeout": "60s",
        "read_timeout": "20s",
        # Options given here hide the environment's, so this one is looked up by hand.
        "allow_http": any(os.environ.get(name) in ("true", "1") for name in _ALLOW_HTTP),
    }
    retries: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
    try:
        if scheme in _S3_SCHEMES:
            store = S3Store.from_url(url, client_options=patience, retry_config=retries)
            return CloudBlobs(store, S3Keys.from_environment(os.environ), spool_folder)
        kind = GCSStore if scheme in _GOOGLE_SCHEMES else AzureStore
        store = kind.from_url(url, client_options=patience, retry_config=retries)
        return CloudBlobs(store, None, spool_folder)
    except (BaseError, ValueError, OSError) as error:
        reason = str(error).split("\n\n")[0]
        raise InvalidRequest(f"The storage {scheme}:// cannot be set up: {reason}") from error

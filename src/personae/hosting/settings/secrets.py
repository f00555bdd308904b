"""The secret that a service on one machine makes for itself."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

from personae.errors import InvalidRequest


def kept_secret(data_dir: Path) -> bytes:
    """The secret in `data_dir`, made once; 64 letters.

    Raises
    ------
    InvalidRequest
        If the folder cannot be written, or the file there holds something else.
    """
    path = data_dir / "secret"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise InvalidRequest(
            f"The data folder {data_dir} cannot be written: {error.strerror}."
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    return _read(path)


def _read(path: Path) -> bytes:
    # Another process may have made the file and not yet filled it.
    for _ in range(50):
        try:
            text = path.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            raise InvalidRequest(f"The secret {path} cannot be read: {error}.") from error
        if len(text) == 64:
            return text.encode()
        time.sleep(0.02)
    raise InvalidRequest(f"{path} holds no secret; delete it and start again.")

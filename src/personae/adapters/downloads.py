"""Stream a file from a URL to disk, within the size that its card states."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from personae.adapters.distributions import Progress
from personae.errors import ModelError

_BLOCK_BYTES = 1 << 18
_TIMEOUT_S = 30.0  # Without a single byte; not for the whole file.


def download(url: str, size_bytes: int, path: Path, progress: Progress | None = None) -> None:
    """Write what is at `url` to `path`, and raise unless it has exactly `size_bytes`.

    Never writes more than that. What is in the file is for the caller to check; after an error a
    part of it may be left at `path`.

    Raises
    ------
    ModelError
        If the server cannot be reached, refuses, or sends more or less than expected.
    OSError
        If `path` cannot be written.
    """
    received = 0
    with path.open("wb") as file:
        for block in _blocks(url):
            received += len(block)
            if received > size_bytes:
                raise ModelError(f"{url} is larger than the {size_bytes} bytes that were expected.")
            file.write(block)
            if progress:
                progress(path.name, received, size_bytes)
    if received < size_bytes:
        raise ModelError(_cut_off(url, received, size_bytes))


def _blocks(url: str) -> Generator[bytes]:
    """The body of the answer in blocks, with the network's errors as ModelErrors."""
    import http.client  # Not free to import, and rarely needed.
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": "personae"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
            while block := response.read(_BLOCK_BYTES):
                yield block
    except urllib.error.HTTPError as error:
        raise ModelError(f"The server refuses {url} with status {error.code}.") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelError(
            f"{url} cannot be downloaded ({reason}); look at the connection and try again."
        ) from error


def _cut_off(url: str, received: int, size_bytes: int) -> str:
    return f"{url} was cut off after {received} of {size_bytes} bytes; try again."

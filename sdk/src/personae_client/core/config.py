"""What a client knows besides its connection."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

from personae_client.errors import ConfigurationError

URL_VARIABLE = "PERSONAE_URL"
KEY_VARIABLE = "PERSONAE_API_KEY"
PREFIX = "/native/v1"
_USUAL_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Retries:
    """How often, and after what pauses, a request is repeated.

    Attributes
    ----------
    most : int
        Repetitions after the first try; 0 switches them off.
    first_s, longest_s : float, seconds
        The pause is a random part of `first_s`, then of twice that, and so on up to `longest_s`.
    honoured_s : float, seconds
        A ``Retry-After`` up to this is waited for; a longer one becomes an error at once.
    patience_s : float, seconds
        How long waiting for a task puts up with a service that is away.
    """

    most: int = 4
    first_s: float = 0.5
    longest_s: float = 8.0
    honoured_s: float = 60.0
    patience_s: float = 120.0

    def pause_s(self, tries: int, wanted_s: float | None) -> float | None:
        """Seconds to wait after so many failed tries; None if it is enough.

        Parameters
        ----------
        tries : int, from 1
        wanted_s : float or None
            What the service asked for.
        """
        if tries > self.most or (wanted_s is not None and wanted_s > self.honoured_s):
            return None
        upper = min(self.longest_s, self.first_s * 2 ** min(tries - 1, 30))
        # Many clients that were turned away together must not come back together.
        jitter = random.uniform(upper / 4, upper)
        return jitter if wanted_s is None else wanted_s + jitter / 4


@dataclass(frozen=True)
class Config:
    """Where the service is, who calls, and how patiently."""

    url: str
    key: str = field(repr=False)
    retries: Retries = field(default_factory=Retries)

    @property
    def api_url(self) -> str:
        """What the paths of the native API are appended to."""
        return self.url + PREFIX


def config_from(url: str | None, api_key: str | None, retries: Retries | None) -> Config:
    """What was given, or else what the environment says.

    Raises
    ------
    ConfigurationError
        Without a key, or with an address or a key that cannot be one.
    """
    address = (url or os.environ.get(URL_VARIABLE) or _USUAL_URL).strip().rstrip("/")
    address = address.removesuffix(PREFIX)
    if not address.lower().startswith(("http://", "https://")):
        raise ConfigurationError(
            f"{address!r} is no address of a service; give one like {_USUAL_URL}."
        )
    key = os.environ.get(KEY_VARIABLE) if api_key is None else api_key
    if key is None:
        raise ConfigurationError(
            f"Give an API key: set {KEY_VARIABLE}, or pass api_key=. `personae serve` prints one "
            "at its first start; `personae keys create` makes more."
        )
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError("The API key has characters that no key has; copy it again.")
    return Config(address, key, retries or Retries())

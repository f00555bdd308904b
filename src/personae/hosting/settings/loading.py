"""Settings from everywhere they may come from."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from personae.errors import InvalidRequest
from personae.hosting.settings.files import sentence
from personae.hosting.settings.whole import Settings


def load_settings(**given: Any) -> Settings:
    """Settings from everywhere; `given` wins, where it is not None.

    Raises
    ------
    InvalidRequest
        Naming every setting that is wrong, without its value if it is a secret.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise InvalidRequest(f"The settings are wrong: {sentence(error, Settings)}.") from error

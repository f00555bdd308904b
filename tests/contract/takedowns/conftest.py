"""A lab for each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service_lab import Lab, lab


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    """A service without workers, on an empty database."""
    with lab(database_url, tmp_path) as made:
        yield made

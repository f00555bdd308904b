"""A service for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wire.service import Service, open_service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with nothing in it; its clients ask for what they need."""
    service = open_service(tmp_path)
    with service.client:
        yield service
    service.database.close()

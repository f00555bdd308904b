"""A service that speaks A2E, for each test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from personae.wire.a2e.dialect import A2e
from wire.service import Service


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((A2e(),))

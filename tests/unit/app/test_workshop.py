"""How patient a worker is with its media jobs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from personae.app.workshop import MODELS_PATIENCE, ExecuteOptions, Workshop
from personae.domain.engines import EngineChoice


class Asked:
    """A media host that notes how long jobs may say nothing."""

    stall_s = 0.0

    def run(self, job: Any, **how: Any) -> dict[str, Any]:
        self.stall_s = how["stall_s"]
        return {}


class Idle:
    """A watch on nothing."""

    should_stop = progress = None


@pytest.mark.parametrize(
    ("choice", "patience"),
    [(None, 1), (EngineChoice(), 1), (EngineChoice("swap_128"), MODELS_PATIENCE)],
)
def test_jobs_that_run_models_may_be_silent_for_longer(
    tmp_path: Path, choice: EngineChoice | None, patience: float
) -> None:
    asked, nothing = Asked(), None
    shop = Workshop(
        *(nothing, nothing, nothing, asked, lambda: 0.0),  # type: ignore[arg-type]
        ExecuteOptions(tmp_path, stall_s=7.0),
        threading.Event(),
    )
    options = {} if choice is None else {"options": choice.job_options(0.5)}
    shop.run({"op": "swap", **options}, Idle())  # type: ignore[arg-type]
    assert asked.stall_s == 7.0 * patience

"""Workers killed at random: nothing lost, nothing charged twice, every output right, once."""

from __future__ import annotations

from pathlib import Path

from chaos import chaos
from service_lab import lab


def test_random_kills_lose_nothing(database_url: str, tmp_path: Path) -> None:
    with lab(database_url, tmp_path) as service:
        report = chaos(service, 10.0, workers=2, kill_every_s=1.2, pause_s=0.5)
        assert report.wrong == [], service.log_tail()
    assert report.kills_of_workers >= 4
    assert report.kills_of_submitters >= 1
    assert report.tasks >= 15
    assert report.videos > 0

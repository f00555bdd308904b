"""APIs and workers killed at random: nothing lost, nothing charged twice, all told, every byte."""

from __future__ import annotations

from pathlib import Path

from chaos import QUICK, chaos


def test_random_kills_lose_nothing(database_url: str, tmp_path: Path) -> None:
    report = chaos(tmp_path, {"PERSONAE_DATABASE_URL": database_url}, QUICK, scripted=True)
    assert report.wrong == [], report.errors
    assert report.kills_of_workers >= 1
    assert report.kills_of_apis >= 1
    assert sum(report.found.statuses.values()) >= 10
    assert report.found.videos > 0

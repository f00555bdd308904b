"""Alert rules and dashboard against a live /metrics page: a name nobody tells alerts nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from personae.adapters.durable import names
from personae.adapters.durable.backlog import Backlog
from personae.adapters.durable.engines import durable_engine, migrate
from personae.app.figures import WorkState
from personae.domain.tasks import TaskKind, TaskStatus
from wire.checks import submitted
from wire.service import Service

DEPLOY = Path(__file__).parents[2] / "deploy"
SERIES = re.compile(r"\b((?:personae|process)_\w+|up\b)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"')
# What Prometheus adds to every series, and what it tells of each scrape itself.
ADDED = {"job", "instance"}
VALUES: dict[str, set[str]] = {
    "queue": set(names.QUEUES),
    "state": set(get_args(WorkState)),
    "kind": set(get_args(TaskKind)),
    "status": set(get_args(TaskStatus)),
}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    return json.loads((DEPLOY / "grafana/personae.json").read_text("utf-8"))


def expressions() -> Iterator[tuple[str, str]]:
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    scaled = DEPLOY / "kubernetes/components/autoscaling/scale-by-prometheus.yaml"
    for trigger in yaml.safe_load(scaled.read_text("utf-8"))["spec"]["triggers"]:
        yield "autoscaling", trigger["metadata"]["query"]


@pytest.fixture
def told(opened: Callable[..., Service], tmp_path: Path) -> dict[str, set[str]]:
    """The labels of every series on a page of a service that has been used a little."""
    url = f"sqlite:///{tmp_path / 'personae.db'}"
    service = opened()
    engine = durable_engine(url, pool_size=1)
    migrate(url)
    gate = service.app.state.gate
    gate.services = replace(gate.services, look_at_work=Backlog(engine).look)
    service.succeed(submitted(service))
    submitted(service)
    service.client.get("/metrics")
    page = service.client.get("/metrics").text
    engine.dispose()
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    } | {"up": set[str]()}


def test_every_series_and_label_is_told(told: dict[str, set[str]]) -> None:
    seen: set[str] = set()
    for where, expression in expressions():
        found = list(SERIES.finditer(expression.replace("$job", "job")))
        assert found, where
        for series in found:
            name, matchers = series.groups()
            assert name in told, f"{where}: nobody tells {name}"
            seen.add(name)
            for label, how, value in MATCHER.findall(matchers or ""):
                assert label in told[name] | ADDED, f"{where}: {name} has no {label}"
                if label in VALUES and "http" not in name and "!" not in how:
                    assert set(value.split("|")) <= VALUES[label], f"{where}: {value}"
        for grouped in re.findall(r"by \(([^)]*)\)", expression):
            labels = {one.strip() for one in grouped.split(",")}
            assert labels <= {"le", *ADDED, *set[str]().union(*told.values())}, where
    ours = {name for name in told if name.startswith("personae_")}
    unused = {one for one in ours - seen if not one.endswith(("_created", "_sum", "_count"))}
    assert unused == set(), "no panel and no rule shows these"


def test_every_alert_says_what_to_do() -> None:
    told_in = (DEPLOY.parent / "docs/guides/operators/watching.md").read_text("utf-8")
    for rule in alerts():
        assert rule["labels"]["severity"] in ("page", "warn")
        assert rule["annotations"].keys() == {"summary", "action"}
        assert f"`{rule['alert']}`" in told_in
    alerted = [rule["alert"] for rule in alerts()]
    assert len(set(alerted)) == len(alerted)


def test_the_dashboard_has_no_panel_over_another() -> None:
    board = dashboard()
    taken: dict[tuple[int, int], str] = {}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]

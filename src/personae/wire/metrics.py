"""Numbers for Prometheus: requests as they happen, tasks and queues as the database has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from personae.domain.tasks import TaskKind
from personae.wire.figures import Figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_KINDS: tuple[TaskKind, ...] = get_args(TaskKind)


class Metrics:
    """The numbers of one application, in a registry of their own.

    Parameters
    ----------
    version : str
        Of the package, told as a label.
    """

    def __init__(self, version: str = "0") -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "personae_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "personae_http_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("method", "route"),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._up = Gauge(
            "personae_database_up",
            "Whether the database answered just now.",
            registry=self._registry,
        )
        build = Gauge("personae_build_info", "Always 1.", ("version",), registry=self._registry)
        build.labels(version).set(1)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request.

        Unknown paths share one label, and so do unknown methods, or anybody could make new ones.
        """
        route, method = route or "unknown", method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, figures: Figures | None) -> bytes:
        """Everything, in Prometheus' text format.

        Without `figures` (the database is away) the service's numbers are left out rather than
        told as they were; this process' own are there all the same.
        """
        self._up.set(0 if figures is None else 1)
        own = generate_latest(self._registry)
        return own if figures is None else own + generate_latest(_of_service(figures))


def _of_service(figures: Figures) -> CollectorRegistry:
    """The whole service's numbers; made for one answer, so that nothing old is left in them.

    Every kind and queue is there, so that rules and autoscalers see 0 rather than nothing.
    """
    registry = CollectorRegistry()
    tasks = figures.tasks

    def gauge(name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=registry)

    _fill(
        gauge("personae_tasks", "Tasks in the database, by kind and status.", "kind", "status"),
        {**figures.ended, **tasks.unfinished},
    )
    _fill(
        gauge(
            "personae_recently_ended_tasks",
            "Tasks that ended in the last five minutes, by kind and status.",
            *("kind", "status"),
        ),
        tasks.ended,
    )
    depth = gauge("personae_queue_depth", "Tasks that wait for a worker, by kind.", "kind")
    _fill(depth, {(kind,): tasks.unfinished.get((kind, "queued"), 0) for kind in _KINDS})
    oldest = gauge(
        "personae_queue_oldest_seconds",
        "Since the oldest task that still waits was submitted, by kind.",
        "kind",
    )
    _fill(oldest, {(kind,): tasks.waiting_s.get(kind, 0.0) for kind in _KINDS})
    gauge("personae_audit_lines", "Lines of the audit log's chain.").set(tasks.audit_lines)
    if figures.work is not None:
        _fill(
            gauge("personae_work", "Pieces of work, by queue and state.", "queue", "state"),
            figures.work.queues,
        )
        gauge("personae_workers", "Workers that have beaten lately.").set(figures.work.workers)
    return registry


def _fill(gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> None:
    for labels, value in sorted(values.items()):
        gauge.labels(*labels).set(value)

"""Numbers for Prometheus: requests as they happen, tasks as the database has them."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The numbers of one application, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
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
        self._tasks = Gauge(
            "personae_tasks",
            "Tasks in the database, by kind and status.",
            ("kind", "status"),
            registry=self._registry,
        )
        self._depth = Gauge(
            "personae_queue_depth",
            "Tasks that wait for a worker, by kind.",
            ("kind",),
            registry=self._registry,
        )

        self._audit = Gauge(
            "personae_audit_lines", "Lines of the audit log's chain.", registry=self._registry
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request.

        Unknown paths share one label, and so do unknown methods, or anybody could make new ones.
        """
        route, method = route or "unknown", method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, counts: Mapping[tuple[str, str], int], audit_lines: int) -> bytes:
        """Everything, in Prometheus' text format; `counts` is of tasks by kind and status."""
        self._audit.set(audit_lines)
        self._tasks.clear()
        self._depth.clear()
        for (kind, status), count in sorted(counts.items()):
            self._tasks.labels(kind, status).set(count)
            if status == "queued":
                self._depth.labels(kind).set(count)
        return generate_latest(self._registry)

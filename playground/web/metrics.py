"""What the server counts, in Prometheus' text format: how many and how long, never who or what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from playground.protocol import Event, Finished, Parse, Queued, Run
from playground.runner.wire import Health

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.015, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 10.0, 15.0, 30.0)


class Healthy(Protocol):
    """Who can be asked how it is: a runner."""

    def health(self) -> Health: ...


class Metrics:
    """The counters of one web process."""

    def __init__(self, runner: Healthy) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_RunnerCollector(runner))
        self._finished = Counter(
            "playground_runs", "Programs that ended, by how.", ["kind", "status"], registry=registry
        )
        self._seconds = Histogram(
            "playground_run_seconds",
            "From the command to the end of the program.",
            ["kind"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._first = Histogram(
            "playground_first_event_seconds",
            "From the command to the first thing heard of the program, waiting for a place not counted as such.",
            ["kind"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.connections = Gauge("playground_connections", "Pages connected now.", registry=registry)
        self.refused = Counter(
            "playground_refused",
            "Commands and connections that were refused, by why.",
            ["why"],
            registry=registry,
        )
        self.shared = Counter(
            "playground_sessions", "Sessions stored and opened.", ["what"], registry=registry
        )

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self.registry)

    def follow(self, request: Run | Parse, on_event: Callable[[Event], None]) -> Callable[[Event], None]:
        """`on_event`, with what it hears counted."""
        kind = "run" if isinstance(request, Run) else "parse"
        began = time.monotonic()
        heard = over = False

        def hear(event: Event) -> None:
            nonlocal heard, over
            if not heard and not isinstance(event, Queued):
                heard = True
                self._first.labels(kind).observe(time.monotonic() - began)
            if isinstance(event, Finished) and not over:
                over = True
                self._finished.labels(kind, event.status).inc()
                self._seconds.labels(kind).observe(time.monotonic() - began)
            on_event(event)

        return hear


class _RunnerCollector:
    """Asks the runner when somebody asks us."""

    def __init__(self, runner: Healthy) -> None:
        self._runner = runner

    def describe(self) -> list[Metric]:
        """Nothing beforehand: there may be no runner to ask yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        health = self._runner.health()
        for name, value, what in (
            (
                "ready",
                health.alive and health.ready and not health.draining,
                "Whether a program submitted now would run.",
            ),
            ("slots", health.slots, "Programs that may run at the same time."),
            ("running", health.running, "Programs running."),
            ("queued", health.queued, "Programs waiting."),
            ("lingering", health.lingering, "Ended programs kept for questions."),
            ("parked", health.parked, "Processes ready for a program."),
            ("gpu_workers", health.gpu_workers, "Processes or workers that hold a GPU."),
            ("gpu_running", health.gpu_running, "Programs running on a GPU."),
            ("crashes", health.crashes, "Programs whose process ended unexpectedly, since the start."),
            ("zygote_restarts", health.zygote_restarts, "Fork servers replaced, since the start."),
            ("supervisor_restarts", health.supervisor_restarts, "Supervisors replaced, since the start."),
            ("workers", health.workers, "Worker processes that can be reached; 0 without REDIS_URL."),
        ):
            yield GaugeMetricFamily(f"playground_runner_{name}", what, value=float(value))

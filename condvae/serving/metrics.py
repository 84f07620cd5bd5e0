"""Counters of a server, for Prometheus."""

# pyright: reportMissingImports=false

import time
from collections.abc import Callable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from condvae.serving.limits import App, Receive
from condvae.serving.problems import Send

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
FORMAT = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"  # unknown addresses: one name, however many are requested


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "condvae_requests", "Answers.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "condvae_request_seconds",
            "From the headers of a request to the end of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self._batch_requests = Histogram(
            "condvae_batch_requests", "Requests per batch.", buckets=SIZES, registry=registry
        )
        self._batch_rows = Histogram(
            "condvae_batch_rows", "Rows per batch.", buckets=SIZES, registry=registry
        )
        self._waiting = Gauge("condvae_waiting", "Unanswered requests.", registry=registry)

    def watch(self, waiting: Callable[[], float]) -> None:
        """Set the function that returns the number of waiting requests."""
        self._waiting.set_function(waiting)

    def batch(self, requests: int, rows: int) -> None:
        """Count a batch."""
        self._batch_requests.observe(requests)
        self._batch_rows.observe(rows)

    def text(self) -> tuple[bytes, str]:
        """All counters as text, and its content type."""
        return generate_latest(self._registry), FORMAT


class Counted:
    """ASGI: counts answers and their time by route."""

    def __init__(self, app: App, metrics: Metrics):
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Call the application, and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), "none"  # a client that disconnects gets no answer

        async def heard(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            # the router stores it in the scope
            route = getattr(scope.get("route"), "path", OTHER)
            self._metrics.requests.labels(route, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - start)

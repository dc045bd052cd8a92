"""What a model service counts of its requests, in Prometheus' form, with labels that callers cannot make.

BentoML's own middleware takes every path for a label, known or not, and begins its buckets at 5 ms.
"""

import time
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oip import send_body

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
"""Buckets that fit a model of milliseconds, and the gateway's longest deadline."""


class Metered:
    """Count the requests to a service of one worker, and tell of them at `/metrics`; it is the outermost layer."""

    def __init__(self, app: ASGIApp, model: str) -> None:
        self.app = app
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "bentogate_model_requests",
            "Requests that a model service answered, by model, what was asked for, and status",
            ("model", "path", "code"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "bentogate_model_request_seconds",
            "Seconds that a model service took to answer, by model and what was asked for",
            ("model", "path"),
            buckets=SECONDS,
            registry=self.registry,
        )
        # Looking a label up costs as much as counting: each is looked up once.
        self.counter: Any = cache(lambda path, code: self.requests.labels(model, path, code))
        self.timer: Any = cache(lambda path: self.seconds.labels(model, path))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and count what came of it, unless its caller has gone."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == "/metrics":
            await send_body(send, 200, generate_latest(self.registry), CONTENT_TYPE_LATEST.encode(), [])
        else:
            await self.counted(scope, receive, send)

    async def counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request and its time; an exception that leaves it is answered with 500 by the server around it."""
        code: int | None = None
        began = time.monotonic()

        async def noted(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            code = code or 500
            raise
        finally:
            if code is not None:
                path = word(scope["path"])
                self.counter(path, code).inc()
                self.timer(path).observe(time.monotonic() - began)


def word(path: str) -> str:
    """Give the word for a path in the metrics."""
    if path.startswith("/v2/models/") and path.rstrip("/").endswith("/infer"):
        return "infer"
    return "predict" if path.rstrip("/") == "/predict" else "other"

"""Callers who behave: each asks at a steady pace, has exactly one answer, and that a right one or a proper refusal."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.faults.callers import NUMBERS, PATIENCE_S, Canary
from tests.faults.row import DEADLINE_S
from tests.faults.soak.forms import WAYS, Form
from tests.faults.soak.troubles import Trouble
from tests.faults.stack import MARGIN, Stack

EVERY_S = 0.1
MOST_RECORDS = 4
KEPT_S = 2.0
"""A connection is used again within so long: after five seconds the gateway may end it as the next request comes."""

REASONS: dict[int, set[str | None]] = {
    200: {None},
    400: {"fatal_record"},  # on /v2
    422: {"fatal_record"},
    502: {"backend_fault"},
    503: {"backend_unreachable", "backend_unavailable", "backend_unknown", "breaker_open", "overloaded"},
    504: {"deadline_exceeded"},
}
"""What a caller may be told who did nothing wrong."""


class Told:
    """Hold what callers were told, by the ids of their requests; `/v2` tells no reason."""

    def __init__(self) -> None:
        self.statuses: dict[str, int] = {}
        self.reasons: dict[str, str] = {}
        self.ways: Counter[tuple[str, int]] = Counter()
        self.slowest_s = 0.0
        self.lock = threading.Lock()

    def note(self, request_id: str, way: str, status: int, reason: str | None, seconds: float) -> None:
        """Note an answer."""
        with self.lock:
            self.statuses[request_id] = status
            if reason:
                self.reasons[request_id] = reason
            self.ways[way, status] += 1
            self.slowest_s = max(self.slowest_s, seconds)


class Caller:
    """Ask for a few records at a time, over a connection that is kept, or a new one for each request."""

    def __init__(
        self, stack: Stack, source: random.Random, told: Told, troubles: Sequence[Trouble], *, keeps: bool
    ) -> None:
        self.stack = stack
        self.source = source
        self.told = told
        self.troubles = troubles
        self.headers = {} if keeps else {"Connection": "close"}
        self.connection = http.client.HTTPConnection("127.0.0.1", stack.gateway.port, timeout=PATIENCE_S)
        self.used = 0.0

    def go_on(self, over: threading.Event) -> None:
        """Ask until it is over; who had to wait does not come the faster for it."""
        while not over.wait(self.source.uniform(0, 2 * EVERY_S)):
            route, form = self.source.choice(WAYS)
            self.ask(route, form, [self.stack.asks(route).canary for _ in range(self.source.randint(1, MOST_RECORDS))])
        self.connection.close()

    def ask(self, route: str, form: Form, canaries: list[Canary]) -> None:
        """Ask once, and look at the answer."""
        request_id, path, began = f"soak-{next(NUMBERS)}", form.path.format(route), time.monotonic()
        if began - self.used > KEPT_S:
            self.connection.close()
        headers = {"X-Request-Id": request_id, **self.headers}
        self.connection.request("POST", path, json.dumps(form.document(canaries)), headers)
        with self.connection.getresponse() as answer:
            document: dict[str, Any] = json.loads(answer.read())
        self.used = time.monotonic()

        what = path, canaries, dict(answer.headers), answer.status, document
        assert answer.headers["X-Request-Id"] == request_id, what
        assert answer.status in REASONS, what
        assert answer.status != 200 or form.is_right(document, canaries), what
        assert ("Retry-After" in answer.headers) == (answer.status == 503), what
        for model in {*document.get("errors", ()), *filter(None, [document.get("model")])}:
            assert any(one.excuses(model, began) for one in self.troubles), (model, what)
        assert self.used - began < DEADLINE_S * MARGIN, what
        self.told.note(request_id, path, answer.status, document.get("reason"), self.used - began)

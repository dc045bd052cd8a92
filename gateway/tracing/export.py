"""Exporting spans from a thread of its own, through a queue that drops and counts rather than waits."""

import math
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import structlog

from gateway.tracing.span import Span
from gateway.worker import Worker

TOLD_S = 60.0
"""The log tells of losses once in so long."""

Send = Callable[[list[Span]], str | None]
"""Sends spans, and gives why they did not arrive."""

log = structlog.get_logger()


class Limits(NamedTuple):
    """Say how many spans wait at most, how many are sent at once, and how long one waits for others."""

    queue: int
    batch: int
    delay_s: float


class Export(Worker):
    """Hand spans to `send` for as long as this is entered; that may take its time.

    A full queue loses its oldest spans; `on_loss` counts what is lost.
    """

    def __init__(self, send: Send, limits: Limits, on_loss: Callable[[int], None]) -> None:
        super().__init__("spans", limits.delay_s)
        self.send = send
        self.limits = limits
        self.on_loss = on_loss
        self.ring: deque[Span] = deque(maxlen=limits.queue)
        self.tell_at = -math.inf

    def add(self, span: Span) -> None:
        """Put a span into the queue."""
        waiting = len(self.ring)
        if waiting == self.limits.queue:
            self.on_loss(1)
        self.ring.append(span)
        if waiting >= self.limits.batch and not self.due.is_set():
            self.due.set()

    def work(self) -> None:
        """Send all that waits, batch by batch."""
        while self.ring:
            self.send_batch()

    def send_batch(self) -> None:
        """Send what waits, as much as one batch may have."""
        batch = [self.ring.popleft() for _ in range(min(len(self.ring), self.limits.batch))]
        reason = self.send(batch)
        if reason is None:
            return
        self.on_loss(len(batch))
        if (now := time.monotonic()) >= self.tell_at:
            self.tell_at = now + TOLD_S
            log.warning("spans are lost", reason=reason)

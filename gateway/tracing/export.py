"""Exporting spans from a thread of its own, through a queue that drops and counts rather than waits."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Self

import structlog

from gateway.tracing.span import Span

LAST_S = 2.0
"""How long the end of the process waits for the last batch."""

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


class Export:
    """Hand spans to `send` for as long as this is entered; that may take its time.

    A full queue loses its oldest spans; `on_loss` counts what is lost.
    """

    def __init__(self, send: Send, limits: Limits, on_loss: Callable[[int], None]) -> None:
        self.send = send
        self.limits = limits
        self.on_loss = on_loss
        self.ring: deque[Span] = deque(maxlen=limits.queue)
        self.due = threading.Event()
        self.ended = False
        self.tell_at = -math.inf
        # As a daemon it cannot keep a process alive whose collector hangs.
        self.thread = threading.Thread(target=self.send_until_ended, name="spans", daemon=True)

    def add(self, span: Span) -> None:
        """Put a span into the queue."""
        waiting = len(self.ring)
        if waiting == self.limits.queue:
            self.on_loss(1)
        self.ring.append(span)
        if waiting >= self.limits.batch and not self.due.is_set():
            self.due.set()

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True
        self.due.set()
        self.thread.join(LAST_S)

    def send_until_ended(self) -> None:
        """Send what waits again and again, and once more at the end."""
        while not self.ended:
            self.due.wait(self.limits.delay_s)
            self.due.clear()
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

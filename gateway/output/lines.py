"""Lines for a file descriptor, through a ring that one writer empties in batches.

A write to a pipe whose reader is slow waits, and one to a full disk fails: neither may happen on the event loop.
"""

import os
from collections import deque
from collections.abc import Callable
from typing import Any

from gateway.worker import Worker

RING = 10_000
"""Lines that wait at most, of access records some 3 MB; the writer comes so often that only a reader that stopped
fills it."""

EVERY_S = 0.2


class Lines(Worker):
    """Write lines for as long as this is entered.

    A full ring loses its oldest lines; `on_loss` counts what is lost, and `tell` says why.
    """

    def __init__(self, descriptor: int, on_loss: Callable[[int], None], ring: int = RING) -> None:
        super().__init__(type(self).__name__, EVERY_S)
        self.descriptor = descriptor
        self.on_loss = on_loss
        self.ring: deque[bytes] = deque(maxlen=ring)
        self.pushed_out = self.told = 0
        self.lead = b""
        """Ends a line that was not written to its end, so that the next one is a line of its own."""

    def add(self, line: bytes) -> None:
        """Put a line into the ring, without its end."""
        ring = self.ring
        if len(ring) == ring.maxlen:
            self.pushed_out += 1
            self.on_loss(1)
        ring.append(line)

    def tell(self, what: str, **more: Any) -> None:
        """Say what became of lines that are lost."""

    def work(self) -> None:
        """Write all that is in the ring as one batch, and tell what was lost since the last."""
        batch = [self.ring.popleft() for _ in range(len(self.ring))]
        data = left = self.lead * bool(batch) + b"".join([line + b"\n" for line in batch])
        try:
            while left:
                left = left[os.write(self.descriptor, left) :]
            self.lead = b"" if data else self.lead
        except OSError as exc:
            if written := data[: len(data) - len(left)]:
                self.lead = b"" if written.endswith(b"\n") else b"\n"
            unwritten = min(left.count(b"\n"), len(batch))
            self.on_loss(unwritten)
            self.tell("cannot be written", lost=unwritten, reason=str(exc))
        if lost := self.pushed_out - self.told:
            self.told += lost
            self.tell("came faster than they could be written", lost=lost)

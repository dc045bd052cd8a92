"""The access record: one JSON line per request, through a ring that one writer empties in batches.

A write to a pipe whose reader is slow waits, so neither a request nor the event loop may do it.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Self

import msgspec
import structlog

RING = 10_000
"""Records that wait at most, some 3 MB; the writer comes back so often that only a reader that stopped fills it."""

EVERY_S = 0.2
LAST_S = 2.0
"""How long the end of the process waits for the last batch."""

log = structlog.get_logger()

ENCODER = msgspec.json.Encoder()


class AccessRecord(msgspec.Struct):
    """Mirror a line; `status` is null where the caller left before its answer, `ms` is by phase.

    `missing` has the reason for each model that is missing in a partial answer, and is left out of all other lines.
    """

    time: datetime
    id: str
    route: str
    caller: str
    status: int | None
    reason: str | None
    rows: int
    ms: dict[str, float]
    versions: dict[str, str]
    calls: dict[str, str]
    missing: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class AccessLog:
    """Write records to a file descriptor, in a thread of its own, for as long as it is entered.

    A full ring loses its oldest records; `on_loss` counts what is lost, and the log tells it.
    """

    def __init__(self, descriptor: int, on_loss: Callable[[int], None]) -> None:
        self.descriptor = descriptor
        self.on_loss = on_loss
        self.ring: deque[bytes] = deque(maxlen=RING)
        self.pushed_out = self.told = 0
        self.lead = b""
        """Ends a record that was not written to its end, so that the next one is a line of its own."""
        self.ended = threading.Event()
        # As a daemon it cannot keep a process alive whose output nobody reads.
        self.thread = threading.Thread(target=self.write_until_ended, name="access log", daemon=True)

    def add(self, line: bytes) -> None:
        """Put a record into the ring, written as `ENCODER` does."""
        if len(self.ring) == RING:
            self.pushed_out += 1
            self.on_loss(1)
        self.ring.append(line)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join(LAST_S)

    def write_until_ended(self) -> None:
        """Empty the ring again and again, and once more at the end."""
        while not self.ended.wait(EVERY_S):
            self.write()
        self.write()

    def write(self) -> None:
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
            log.warning("access records cannot be written", lost=unwritten, reason=str(exc))
        if lost := self.pushed_out - self.told:
            self.told += lost
            log.warning("access records came faster than they could be written", lost=lost)

"""An open loop under way: requests go out when they are due, over whatever connection is free."""

import contextlib
import time
from collections import deque

from benchmarks.callers import Callers, Connection
from benchmarks.latencies import Latencies
from benchmarks.schedule import Load
from benchmarks.timer import Timer


class Run(Callers):
    """Hold a load under way; `next` is the moment at which the next request is due, until all have been."""

    def __init__(self, load: Load) -> None:
        super().__init__(load.request)
        self.load = load
        self.idle: deque[Connection] = deque()
        self.waiting: deque[float] = deque()
        self.next: float | None = self.began
        self.late_s: float = 0

    async def result(self) -> Latencies:
        """Open all connections, send, and wait for the last answer or the end of patience; raises OSError."""
        try:
            await self.connect(self.load.connections)
            self.moments = self.load.moments()
            with contextlib.closing(Timer(self.wake)) as self.timer:
                self.forget()
                self.advance()
                await self.finished(self.load.seconds + self.load.patience_s)
        finally:
            self.close()
        return self.found(self.late_s)

    def advance(self) -> None:
        """Set the timer to when the next request is due."""
        moment = next(self.moments, None)
        self.next = None if moment is None else self.began + moment
        if self.next is not None:
            self.timer.at(self.next)

    def wake(self) -> None:
        """Send all that is due, over free connections; the rest waits for one."""
        now = time.monotonic()
        while self.next is not None and self.next <= now:
            if self.idle:
                self.late_s = max(self.late_s, now - self.next)
                self.idle.popleft().send(self.next)
            else:
                self.waiting.append(self.next)
            self.advance()
        self.finish()

    def free(self, connection: Connection) -> None:
        """Use a connection that is free."""
        if self.waiting:
            connection.send(self.waiting.popleft())
        else:
            self.idle.append(connection)
            self.finish()

    def lost(self, connection: Connection) -> None:
        """Do without it."""
        if connection in self.idle:
            self.idle.remove(connection)
        super().lost(connection)

    def finish(self) -> None:
        """Be done when nothing is due, waits or is under way."""
        if self.next is None and not self.waiting and not self.busy:
            self.done.set()

    def close(self) -> None:
        """Count what never found a connection, too."""
        while self.waiting and not self.over:
            self.count(self.waiting.popleft(), None)
        super().close()

"""A closed loop: callers who each send a request when the one before is answered, which costs the machine little."""

import contextlib
import time
from collections.abc import AsyncIterator

from benchmarks.callers import Callers, Connection
from benchmarks.exchange import Request
from benchmarks.latencies import Latencies
from benchmarks.processes import Failed

PATIENCE_S = 60


class ClosedLoop(Callers):
    """Hold such callers; between two loads they keep their connections."""

    end = 0.0

    async def load(self, seconds: float) -> Latencies:
        """Have all send for so long, and wait for what is under way then."""
        self.forget()
        self.done.clear()
        self.end = self.began + seconds
        for connection in self.open:
            connection.send(time.monotonic())
        await self.finished(seconds + PATIENCE_S)
        return self.found()

    def free(self, connection: Connection) -> None:
        """Send again, unless the time is over."""
        if (now := time.monotonic()) < self.end:
            connection.send(now)
        else:
            self.finish()

    def finish(self) -> None:
        """Be done when the time is over and nothing is under way."""
        if time.monotonic() >= self.end and not self.busy:
            self.done.set()


@contextlib.asynccontextmanager
async def connected(request: Request, connections: int) -> AsyncIterator[ClosedLoop]:
    """Open connections; raises Failed where a server takes none."""
    loop = ClosedLoop(request)
    try:
        try:
            await loop.connect(connections)
        except OSError as exc:
            raise Failed(f"port {request.port} takes no connections") from exc
        yield loop
    finally:
        loop.close()


async def closed_loop(request: Request, connections: int, seconds: float) -> Latencies:
    """Load a server once; raises Failed where it takes no connections at the start."""
    async with connected(request, connections) as loop:
        return await loop.load(seconds)

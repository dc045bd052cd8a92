"""A closed loop over a number of connections, which costs the machine little."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from benchmarks.exchange import Answers, Request
from benchmarks.running import Failed

Load = Callable[[float], Awaitable[int]]
"""Loads for so many seconds; gives how many answers came, the last of them included. Raises Failed."""

PATIENCE_S = 10


class Shared:
    """Hold what all connections share; `waiting` counts those that are not done yet."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.connections: list[Connection] = []
        self.end = 0.0
        self.answered = self.waiting = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def load(self, seconds: float) -> int:
        """Send over every connection until the time is over, and wait for what is under way."""
        self.end, self.answered, self.waiting = time.monotonic() + seconds, 0, len(self.connections)
        self.done = asyncio.get_running_loop().create_future()
        for connection in self.connections:
            connection.transport.write(self.request.content)
        try:
            async with asyncio.timeout(seconds + PATIENCE_S):
                await self.done
        except TimeoutError as exc:
            raise Failed(f"{self.waiting} requests were not answered in {PATIENCE_S} s") from exc
        return self.answered

    def fail(self, what: str) -> None:
        """End the load."""
        if not self.done.done():
            self.done.set_exception(Failed(what))


class Connection(asyncio.Protocol):
    """Send a request again with each answer."""

    transport: asyncio.Transport

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.answers = Answers(self.answered)
        shared.connections.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what writes."""
        self.transport = transport  # type: ignore[assignment]  # TCP's are

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        self.answers.feed(data)

    def answered(self, status: int) -> None:
        """Count an answer and go on, unless the time is over."""
        shared = self.shared
        if status != 200:
            shared.fail(f"port {shared.request.port} answered with status {status}")
            return
        shared.answered += 1
        if time.monotonic() < shared.end:
            self.transport.write(shared.request.content)
            return
        shared.waiting -= 1
        if not shared.waiting and not shared.done.done():
            shared.done.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        """Tell of a connection that has ended too early."""
        self.shared.fail(f"port {self.shared.request.port} ended a connection")


@contextlib.asynccontextmanager
async def connected(request: Request, connections: int) -> AsyncIterator[Load]:
    """Open connections."""
    shared, loop = Shared(request), asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(shared), request.host, request.port)
    try:
        yield shared.load
    finally:
        shared.done.cancel()
        for connection in shared.connections:
            connection.transport.abort()

"""Callers of one server: their connections, each opened anew when it is lost, and how their requests end."""

import abc
import asyncio
import time
from collections import Counter

import httptools

from benchmarks.exchange import Request
from benchmarks.latencies import Latencies

AGAIN_S = 0.01


class Connection(asyncio.Protocol):
    """Carry a request; `due` is the moment from which the one under way is timed."""

    transport: asyncio.Transport

    def __init__(self, callers: "Callers") -> None:
        self.callers = callers
        self.due: float | None = None
        self.parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free for a request."""
        self.transport = transport  # type: ignore[assignment]  # TCP's are
        self.callers.open.add(self)
        self.callers.free(self)

    def send(self, due: float) -> None:
        """Send the request that was due at this moment."""
        self.due = due
        self.transport.write(self.callers.request.content)

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def on_message_complete(self) -> None:
        """Count an answer that is whole, but not an interim one, and be free unless the server closes."""
        if (status := self.parser.get_status_code()) < 200 or self.due is None:
            return
        due, self.due = self.due, None
        self.answered(due, status)
        if self.parser.should_keep_alive():
            self.callers.free(self)
        else:
            self.transport.close()

    def answered(self, due: float, status: int) -> None:
        """Count an answer."""
        self.callers.count(due, status)

    def give_up(self) -> None:
        """Count what is under way, and end."""
        due, self.due = self.due, None
        if due is not None:
            self.callers.count(due, None)
            self.transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """Count what was under way."""
        self.give_up()
        self.callers.lost(self)


class Callers(abc.ABC):
    """Hold them; a loop says what a free connection does, and when all is done."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.open: set[Connection] = set()
        self.opening: set[asyncio.Task[None]] = set()
        self.over = False
        self.done = asyncio.Event()
        self.forget()

    def forget(self) -> None:
        """Count from here on."""
        self.took: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.unanswered = 0
        self.began = time.monotonic()

    @abc.abstractmethod
    def free(self, connection: Connection) -> None:
        """Use a connection that carries nothing."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Be done when nothing is left to do."""

    @property
    def busy(self) -> bool:
        """Say whether a request is under way."""
        return any(one.due is not None for one in self.open)

    def connection(self) -> Connection:
        """Make one."""
        return Connection(self)

    async def connect(self, number: int = 1) -> None:
        """Open connections; raises OSError."""
        one, loop = self.request, asyncio.get_running_loop()
        for _ in range(number):
            name = one.host if one.tls else None
            source = (one.source, 0) if one.source else None
            await loop.create_connection(
                self.connection, one.host, one.port, ssl=one.tls, server_hostname=name, local_addr=source
            )

    async def connect_again(self) -> None:
        """Open a connection in place of a lost one, as often as it takes."""
        while not self.over:
            try:
                return await self.connect()
            except OSError:
                await asyncio.sleep(AGAIN_S)
        return None

    def count(self, due: float, status: int | None) -> None:
        """Count a request that has ended, without an answer where there is no status."""
        if self.over:
            return
        self.took.append(time.monotonic() - due)
        if status is None:
            self.unanswered += 1
        else:
            self.statuses[status] += 1

    def lost(self, connection: Connection) -> None:
        """Have another take its place."""
        self.open.discard(connection)
        if not self.over:
            task = asyncio.create_task(self.connect_again())
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)
            self.finish()

    async def finished(self, seconds: float) -> None:
        """Wait until all is done; what is under way when the time is over was not answered."""
        try:
            async with asyncio.timeout(seconds):
                await self.done.wait()
        except TimeoutError:
            for connection in self.open:
                connection.give_up()

    def found(self, late_s: float = 0) -> Latencies:
        """Give what was counted."""
        seconds = time.monotonic() - self.began
        return Latencies(sorted(self.took), self.statuses, self.unanswered, seconds, late_s)

    def close(self) -> None:
        """Close everything."""
        self.over = True
        for task in self.opening:
            task.cancel()
        for connection in self.open:
            connection.transport.abort()

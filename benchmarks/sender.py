"""An open loop under way: requests go out when they are due, over whatever connection is free."""

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass, field

import httptools

from benchmarks.exchange import Answers
from benchmarks.latencies import Latencies
from benchmarks.schedule import Load
from benchmarks.timer import Timer

AGAIN_S = 0.01


class Connection(asyncio.Protocol):
    """Carry one request at a time; `due` is the moment of the one under way."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.due: float | None = None
        self.answers = Answers(self.answered)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free for a request."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # TCP's are
        self.run.free(self)

    def send(self, due: float) -> None:
        """Send the request that was due at this moment."""
        self.due = due
        self.transport.write(self.run.load.request.content)

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        try:
            self.answers.feed(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def answered(self, status: int) -> None:
        """Count an answer, and be free unless the server closes."""
        if self.due is None:
            return
        due, self.due = self.due, None
        self.run.count(due, status)
        if self.answers.parser.should_keep_alive():
            self.run.free(self)
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        """Count what was under way, and have another take its place."""
        self.run.lost(self)


@dataclass
class Run:
    """Hold a load under way."""

    load: Load
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    late_s: float = 0
    idle: deque[Connection] = field(default_factory=deque)
    waiting: deque[float] = field(default_factory=deque)
    open: set[Connection] = field(default_factory=set)
    opening: set[asyncio.Task[None]] = field(default_factory=set)
    began: float = 0
    next: float | None = None
    over: bool = False

    async def result(self) -> Latencies:
        """Open all connections, send, and wait for the last answer or the end of patience; raises OSError."""
        self.done = asyncio.Event()
        for _ in range(self.load.connections):
            await self.connect()
        self.moments = self.load.moments()
        self.timer = Timer(self.wake)
        self.began = time.monotonic()
        self.advance()
        try:
            async with asyncio.timeout(self.load.seconds + self.load.patience_s):
                await self.done.wait()
        except TimeoutError:
            self.give_up(time.monotonic())
        finally:
            self.end()
        return Latencies(sorted(self.took), self.statuses, self.unanswered, time.monotonic() - self.began, self.late_s)

    async def connect(self) -> None:
        """Open a connection."""
        request, loop = self.load.request, asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self), request.host, request.port)
        self.open.add(connection)

    async def connect_again(self) -> None:
        """Open a connection in place of a lost one, as often as it takes."""
        while not self.over:
            try:
                return await self.connect()
            except OSError:
                await asyncio.sleep(AGAIN_S)
        return None

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
        if self.next is None:
            self.finish()

    def free(self, connection: Connection) -> None:
        """Use a connection that is free."""
        if self.waiting:
            connection.send(self.waiting.popleft())
        else:
            self.idle.append(connection)
            self.finish()

    def count(self, due: float, status: int | None) -> None:
        """Count a request that has ended, without an answer where there is no status."""
        self.took.append(time.monotonic() - due)
        if status is None:
            self.unanswered += 1
        else:
            self.statuses[status] += 1

    def lost(self, connection: Connection) -> None:
        """Count what was under way on a lost connection."""
        self.open.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        if connection.due is not None and not self.over:
            self.count(connection.due, None)
        if not self.over:
            task = asyncio.create_task(self.connect_again())
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)
            self.finish()

    def finish(self) -> None:
        """Be done when nothing is due, waits or is under way."""
        if self.began and self.next is None and not self.waiting and all(one.due is None for one in self.open):
            self.done.set()

    def give_up(self, now: float) -> None:
        """Count what was not answered in time."""
        for due in [*self.waiting, *(one.due for one in self.open if one.due is not None)]:
            self.took.append(now - due)
            self.unanswered += 1

    def end(self) -> None:
        """Close everything."""
        self.over = True
        self.timer.close()
        for task in self.opening:
            task.cancel()
        for connection in self.open:
            connection.transport.abort()

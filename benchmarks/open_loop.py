"""The command `python -m benchmarks.open_loop URL`: load at a rate that does not wait for the server.

A closed loop sends a request when the one before is answered, so a server that stalls is asked less, and most of those
who would have waited are never counted (coordinated omission). Here every request has a moment at which it is due, and
its latency counts from there, whether a connection was free or not.
"""

import argparse
import asyncio
import gc
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httptools
import uvloop

from benchmarks.exchange import JSON, Answers, Request, post
from benchmarks.latencies import Latencies
from benchmarks.timer import Timer

MOST_REQUESTS = 2_000_000
AGAIN_S = 0.01


@dataclass(frozen=True)
class Load:
    """Say what is sent: a request, how many a second over how many connections, and for how long.

    Moments are evenly spaced, or as of many callers who do not know of each other (`poisson`, repeatable by `seed`).
    After the last is due, answers are awaited for `patience_s`. Raises ValueError where it is no load, or too much.
    """

    request: Request
    rate: float
    seconds: float
    connections: int
    poisson: bool = False
    seed: int = 0
    patience_s: float = 10.0

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.seconds <= 0 or self.connections < 1:
            raise ValueError("rate, seconds and connections must be more than nothing")
        if self.rate * self.seconds > MOST_REQUESTS:
            raise ValueError(f"{self.rate:g}/s for {self.seconds:g} s are more than {MOST_REQUESTS} requests")

    def moments(self) -> Iterator[float]:
        """Yield when each request is due, in seconds after the start."""
        chance, moment, number = random.Random(self.seed), 0.0, 0  # noqa: S311 (no secret)
        while moment < self.seconds:
            yield moment
            number += 1
            moment = moment + chance.expovariate(self.rate) if self.poisson else number / self.rate


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


async def open_loop(load: Load) -> Latencies:
    """Put a load on a server; raises OSError where it takes no connections at the start."""
    return await Run(load).result()


def headers_of(lines: list[str]) -> Mapping[str, str]:
    """Read `name: value` lines."""
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def main(arguments: list[str] | None = None) -> int:
    """Load, and print what was found; gives 1 where a request was not answered with 200."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.open_loop", description=__doc__.partition("\n")[2])
    parser.add_argument("url", help="where to POST to, over http")
    parser.add_argument("--rate", type=float, default=100, help="requests a second (default: 100)")
    parser.add_argument("--seconds", type=float, default=10, help="for how long (default: 10)")
    parser.add_argument("--connections", type=int, default=64, help="at most under way at once (default: 64)")
    parser.add_argument("--body", type=Path, required=True, metavar="FILE", help="what is sent")
    parser.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'", help="one more header")
    parser.add_argument("--poisson", action="store_true", help="at random moments, not evenly spaced ones")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments (default: 0)")
    chosen = parser.parse_args(arguments)
    try:
        request = post(chosen.url, chosen.body.read_bytes(), {**JSON, **headers_of(chosen.header)})
        load = Load(request, chosen.rate, chosen.seconds, chosen.connections, chosen.poisson, chosen.seed)
        gc.freeze()
        found = uvloop.run(open_loop(load))
    except (OSError, ValueError) as exc:
        parser.error(str(exc))
    sys.stdout.writelines(f"{line}\n" for line in found.lines())
    return 1 if found.errors else 0


if __name__ == "__main__":
    sys.exit(main())

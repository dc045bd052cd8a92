"""A burst of new connections: how long each waits for its first answer, while warm ones keep the server busy.

python -m benchmarks.burst http://127.0.0.1:8001/v1/predict record.json --new 256 --warm 64
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

import uvloop

from benchmarks.callers import Callers, Connection
from benchmarks.closed_loop import connected
from benchmarks.exchange import Request, post
from benchmarks.latencies import Latencies

DEADLINE_S = 20.0
"""A caller without a right answer by then has failed, and one that fails before counts as if it had waited so long."""

SETTLE_S = 0.5
"""So long the warm callers are alone before the burst."""


class Newcomers(Callers):
    """Come all at one moment, each over a connection of its own; those that `stay` ask on."""

    def __init__(self, request: Request, number: int, stay: bool) -> None:
        super().__init__(request)
        self.left, self.stay = number, stay
        self.asked: set[Connection] = set()

    async def come(self) -> Latencies:
        """Give how long each waits for its first answer, from the moment when all begin to connect."""
        coming = [asyncio.create_task(self.one()) for _ in range(self.left)]
        await self.finished(DEADLINE_S)
        for one in coming:
            one.cancel()
        self.close()
        failed = len(coming) - len(self.took)
        return Latencies(sorted([*self.took, *[DEADLINE_S] * failed]), self.statuses, failed)

    async def one(self) -> None:
        """Come."""
        try:
            await self.connect()
        except OSError:
            self.count(self.began, None)

    def free(self, connection: Connection) -> None:
        """Ask for the first time, or again."""
        if connection not in self.asked:
            self.asked.add(connection)
            connection.send(self.began)
        elif self.stay:
            connection.send(time.monotonic())

    def count(self, due: float, status: int | None) -> None:
        """Count first answers, if they are right."""
        if due == self.began:
            self.left -= 1
            if status == 200:
                super().count(due, status)
            self.finish()

    def lost(self, connection: Connection) -> None:
        """Do without it."""
        self.open.discard(connection)

    def finish(self) -> None:
        """Be done when all have been answered once."""
        if not self.left:
            self.done.set()


async def burst(request: Request, new: int, warm: int = 0, stay: bool = False) -> tuple[Latencies, Latencies]:
    """Have so many come at once beside warm callers who ask all the time; gives both, the warm ones' of meanwhile."""
    async with connected(request, warm) as crowd:
        asking = asyncio.create_task(crowd.load(SETTLE_S + DEADLINE_S))
        await asyncio.sleep(SETTLE_S if warm else 0)
        crowd.forget()
        first = await Newcomers(request, new, stay).come()
        meanwhile = crowd.found()
        asking.cancel()
    return first, meanwhile


def described(found: Latencies) -> str:
    """Write the median, the 99th percentile and the largest in milliseconds."""
    return "  ".join(f"{name} {found.ms(q):7.1f}" for name, q in (("p50", 0.5), ("p99", 0.99), ("max", 1))) + " ms"


def main() -> None:
    """Print a line per burst."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.burst", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("body", type=Path, help="a file with the body to send")
    parser.add_argument("--new", type=int, default=256)
    parser.add_argument("--warm", type=int, default=0)
    parser.add_argument("--stay", action="store_true", help="new connections ask on, as the callers of wrk do")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ca", help="the authority to trust, for https")
    given = parser.parse_args()
    request = post(given.url, given.body.read_bytes(), authority=given.ca)
    for _ in range(given.rounds):
        new, warm = uvloop.run(burst(request, given.new, given.warm, given.stay))
        failed = new.unanswered + warm.errors
        sys.stdout.write(f"new: {described(new)}   warm: {described(warm)}   failed: {failed}\n")


if __name__ == "__main__":
    main()

"""An open loop that tells answers from refusals, and whose callers may ask again when they are refused."""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass

from benchmarks.callers import Connection
from benchmarks.latencies import Latencies
from benchmarks.refused import Refusable
from benchmarks.schedule import Load
from benchmarks.sender import Run

UNSENT_S = 0.25
"""A request that finds no connection for so long is not sent: of what cannot be carried, nothing is asked later."""


@dataclass(frozen=True)
class Persistence:
    """Say how often a refused request is asked again, and whether at once or after the seconds of `Retry-After`."""

    times: int = 0
    when_told: bool = False


NONE = Persistence()


class Parted(Run):
    """Hold a load under way, and count by status; one that is asked again is timed anew each time.

    `reasons` counts refusals by what they say: the reason, and the value of `Retry-After`. `refused_for_good` were
    asked as often as they may be. `sent` is set when nobody will send anything any more, but for those who are refused
    from then on and ask again at once.
    """

    def __init__(self, load: Load, persistence: Persistence = NONE) -> None:
        self.persistence = persistence
        self.sent = asyncio.Event()
        super().__init__(load)

    def forget(self) -> None:
        """Count from here on."""
        super().forget()
        self.parts: dict[int | None, list[float]] = defaultdict(list)
        self.reasons: Counter[tuple[str, str | None]] = Counter()
        self.asked: dict[float, int] = {}
        self.later: set[float] = set()
        self.refused_for_good = self.unsent = self.good = 0

    async def result(self) -> Latencies:
        """Do what every open loop does; in the end nobody sends any more."""
        try:
            return await super().result()
        finally:
            self.sent.set()

    def connection(self) -> Connection:
        """Make one that hears refusals."""
        return Refusable(self, self.refused)

    def count(self, due: float, status: int | None) -> None:
        """Count a request by how it ended."""
        if not self.over:
            now = time.monotonic()
            self.parts[status].append(now - due)
            self.good += status == 200 and now <= self.began + self.load.seconds
        super().count(due, status)

    def refused(self, due: float, reason: str, retry_after: str | None) -> None:
        """Have a refused request asked again, if it may be."""
        self.reasons[reason, retry_after] += 1
        asked = self.asked.pop(due, 0)
        if asked == self.persistence.times:
            self.refused_for_good += 1
            return
        wait_s = float(retry_after or 0) if self.persistence.when_told else 0.0
        again = time.monotonic() + wait_s
        self.asked[again] = asked + 1
        if wait_s:
            self.later.add(again)
            asyncio.get_running_loop().call_later(wait_s, self.ask_again, again)
        else:
            self.waiting.appendleft(again)  # over the connection that is free now

    def ask_again(self, due: float) -> None:
        """Send a request that was refused before."""
        self.later.discard(due)
        if self.over:
            return
        if self.idle:
            self.idle.popleft().send(due)
        else:
            self.waiting.append(due)
        self.finish()

    def free(self, connection: Connection) -> None:
        """Use a connection that is free; nobody waits long for one."""
        while self.waiting and time.monotonic() - self.waiting[0] > UNSENT_S:
            self.asked.pop(self.waiting.popleft(), None)
            self.unsent += 1
        super().free(connection)

    def finish(self) -> None:
        """Be done when nothing is due or comes again, waits or is under way."""
        if self.next is None and not self.later:
            self.sent.set()
            super().finish()

    def of(self, status: int) -> Latencies:
        """Give the latencies of those that ended so."""
        return Latencies(sorted(self.parts[status]))

    @property
    def answered_all(self) -> bool:
        """Say that every request was sent and answered with 200."""
        return len(self.parts[200]) == len(self.took) and not self.unsent

    @property
    def goodput(self) -> float:
        """Give the answers of a second, of those that came before the load ended."""
        return self.good / self.load.seconds

    @property
    def others(self) -> int:
        """Count what was neither answered nor refused."""
        return sum(map(len, self.parts.values())) - len(self.parts[200]) - len(self.parts[503])


async def parted(load: Load, persistence: Persistence = NONE) -> Parted:
    """Put a load on a server; raises OSError where it takes no connections."""
    run = Parted(load, persistence)
    await run.result()
    return run

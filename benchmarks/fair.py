"""Callers who share a model, one of whom asks for ten times its share: what the others notice."""

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.exchange import JSON, Request, post
from benchmarks.flood import CAPACITY
from benchmarks.latencies import Latencies
from benchmarks.parted import Parted, parted
from benchmarks.schedule import Load

CALLERS = 6
GREEDY = 10.0
"""Times its share, which one of them asks for."""

PART = 0.9
"""Of what a model can do: callers who ask for all of it together wait longer and longer, without any other."""

MOST_WAIT = 200
"""Rows: three seconds of the greedy one's share. Whoever keeps to its own has a few."""

CONNECTIONS = 256


@dataclass(frozen=True)
class Shared:
    """Hold what became of those who keep to their shares, without the other one and beside it, and of the latter."""

    alone: Sequence[Parted]
    beside: Sequence[Parted]
    greedy: Parted

    @property
    def slower(self) -> float:
        """Say how many times as long the p99 of those who keep to their shares is beside the other one."""
        return together(self.beside).ms(0.99) / together(self.alone).ms(0.99)

    def line(self, title: str) -> str:
        """Write what became of them."""
        alone, beside, runs = together(self.alone), together(self.beside), [*self.beside, self.greedy]
        rates = ", ".join(f"{one.goodput:.0f}" for one in runs)
        return (
            f"{title:24} p50 {alone.ms(0.5):.1f} p99 {alone.ms(0.99):.1f} ms without it, p50 {beside.ms(0.5):.1f} "
            f"p99 {beside.ms(0.99):.1f} ms beside it, {self.slower:.2f} times; each {rates} answers/s"
        )


def together(runs: Sequence[Parted]) -> Latencies:
    """Give the latencies of all who were answered."""
    return Latencies(sorted(took for one in runs for took in one.parts[200]))


def by_address(request: Request) -> list[Request]:
    """Have the same asked from different addresses of this machine."""
    return [dataclasses.replace(request, source=f"127.0.0.{number + 2}") for number in range(CALLERS)]


def by_forwarding(url: str, body: bytes) -> list[Request]:
    """Have the same asked by a proxy, for different callers."""
    return [post(url, body, {**JSON, "x-forwarded-for": f"192.0.2.{number + 1}"}) for number in range(CALLERS)]


async def shared(requests: Sequence[Request], share: float, seconds: float) -> Shared:
    """Have all but the last ask for so many rows a second, then the last for ten times as many beside them.

    Those who keep to their share ask at even moments: of who does at random ones some are above it, and these wait.
    Raises OSError where the server takes no connections.
    """
    *others, last = requests
    loads = [Load(one, share, seconds, CONNECTIONS // CALLERS) for one in others]
    greedy = Load(last, GREEDY * share, seconds, CONNECTIONS, poisson=True)
    alone = await asyncio.gather(*map(parted, loads))
    *beside, flood = await asyncio.gather(*map(parted, [*loads, greedy]))
    return Shared(alone, beside, flood)


async def fair_share(request: Request, seconds: float) -> float:
    """Find what a model can do, and give the share of each, in rows a second: a little less than their part of it."""
    found = await parted(Load(request, 2 * CAPACITY, seconds, CONNECTIONS, poisson=True))
    return PART * found.goodput / CALLERS

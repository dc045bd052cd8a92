"""Ten times as much as a model can do, and what came of it: before, meanwhile, and after it has ended."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.exchange import Request
from benchmarks.parted import NONE, Parted, Persistence, parted
from benchmarks.schedule import Load

CALL_S, ROWS = 0.02, 8
CAPACITY = ROWS / CALL_S
"""Rows a second that a model can do which answers eight in 20 ms: some less, for a call begins when one has ended."""

CONNECTIONS = 256
ORDINARY, PEAK, FLOOD = 0.25, (1.0, 1.5, 2.0), 10.0
"""Times the capacity: the least is that of one address among others, whose p99 is what all else is compared to."""

WINDOW_S = 0.5
NORMAL = 2.0
"""So many times the p99 of ordinary load is still normal."""

LONGEST_AGAIN_S = 15.0
"""Who asks three times more, after three seconds at most each time, has asked for the last time by then."""


@dataclass(frozen=True)
class Extent:
    """Say for how many seconds each load lasts, the flood and the floods of those who are stubborn.

    These ask `again` so often when they are told to come later.
    """

    each: float
    flood: float
    stubborn: float
    again: int = 3

    def floods(self) -> dict[str, tuple[float, Persistence]]:
        """Give the seconds of each flood by its name, and what its callers do when they are refused."""
        return {
            f"{FLOOD:g} times the capacity": (self.flood, NONE),
            "asked again at once": (self.stubborn, Persistence(3)),
            "asked again when told": (self.stubborn, Persistence(self.again, when_told=True)),
        }


@dataclass(frozen=True)
class Flood:
    """Hold a flood, and the seconds until all was normal again after its last request, or None where it never was."""

    run: Parted
    normal_after_s: float | None


@dataclass(frozen=True)
class Found:
    """Hold what came of each load, by its name."""

    ordinary: Parted
    peaks: Sequence[Parted]
    floods: dict[str, Flood]

    @property
    def peak(self) -> float:
        """Give the most answers of a second."""
        return max(one.goodput for one in self.peaks)

    def lines(self) -> list[str]:
        """Write what became of each."""
        loads = {f"{one.load.rate / CAPACITY:g} times the capacity": one for one in (self.ordinary, *self.peaks)}
        written = [line(title, one) for title, one in loads.items()]
        for title, flood in self.floods.items():
            written += [line(title, flood.run), f"{'':24} {self.compared(flood)}"]
        return written

    def compared(self, flood: Flood) -> str:
        """Write how a flood compares with what is without it."""
        goodput = flood.run.goodput / self.peak
        slower = flood.run.of(200).ms(0.99) / self.ordinary.of(200).ms(0.99)
        after = "never" if flood.normal_after_s is None else f"{flood.normal_after_s:.1f} s after its end"
        never = f", {flood.run.unsent} found no connection" if flood.run.unsent else ""
        return f"answers {goodput:.0%} of the peak, p99 {slower:.2f} times the ordinary; normal {after}{never}"


def line(title: str, run: Parted) -> str:
    """Write what became of a load."""
    good, refused = run.of(200), run.of(503)
    return (
        f"{title:24} {run.goodput:6.0f}/s answered, p50 {good.ms(0.5):6.1f} p99 {good.ms(0.99):6.1f} ms   "
        f"{len(refused.sorted_s) / run.load.seconds:6.0f}/s refused, p99 {refused.ms(0.99):6.1f} ms   "
        f"{run.others} others"
    )


async def flooded(request: Request, extent: Extent, patience_s: float) -> Found:
    """Flood the server of a model that is held to CAPACITY; waits so long for it to be normal again after each.

    Raises OSError where it takes no connections.
    """

    def load(times: float, seconds: float) -> Load:
        return Load(request, times * CAPACITY, seconds, CONNECTIONS, poisson=True, patience_s=LONGEST_AGAIN_S)

    await parted(load(ORDINARY, 1.0))  # until it is warm
    ordinary = await parted(load(ORDINARY, 2 * extent.each))
    peaks = [await parted(load(times, extent.each)) for times in PEAK]
    window, normal_ms = load(ORDINARY, WINDOW_S), ordinary.of(200).ms(0.99) * NORMAL
    floods = {}
    for title, (seconds, persistence) in extent.floods().items():
        run = Parted(load(FLOOD, seconds), persistence)
        floods[title] = await followed(run, window, normal_ms, patience_s)
    return Found(ordinary, peaks, floods)


async def followed(run: Parted, window: Load, normal_ms: float, patience_s: float) -> Flood:
    """Put a load on a server, and ordinary ones one after the other from its last request on, until two are normal."""
    flood = asyncio.create_task(run.result())
    await run.sent.wait()
    ended = time.monotonic()
    first: float | None = None
    while (began := time.monotonic()) < ended + patience_s:
        one = await parted(window)
        normal = one.answered_all and one.of(200).ms(0.99) <= normal_ms
        if normal and first is not None:
            break
        first = began if normal else None
    await flood
    return Flood(run, None if first is None else first - ended)

"""Processor time: of another process, and of small things in this one, many times over."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

Work = Callable[[], Awaitable[None]]

SAMPLE_S = 0.004
"""A sample repeats its work for about so long: the clock ticks in nanoseconds, but to read it takes one microsecond."""


def used_s(pid: int) -> float:
    """Read the processor time of a process and all its threads; /proc would tell it in hundredths of a second.

    Linux makes the clock of a process from its number: clock_getcpuclockid(3), MAKE_PROCESS_CPUCLOCK in its sources.
    """
    return time.clock_gettime((~pid << 3) | 2)


async def sampled(works: Mapping[str, Work], samples: int) -> dict[str, list[float]]:
    """Measure works in turn, so that what disturbs disturbs all; gives the microseconds of one run, for each sample."""
    runs = {name: await enough(work) for name, work in works.items()}
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(samples):
        for name, work in works.items():
            taken[name].append(await took_s(work, runs[name]) / runs[name] * 1e6)
    return taken


async def enough(work: Work) -> int:
    """Find how many runs make a sample."""
    runs = 1
    while (took := await took_s(work, runs)) < SAMPLE_S:
        runs = max(runs + 1, min(runs * 10, int(runs * 1.1 * SAMPLE_S / took)))
    return runs


async def took_s(work: Work, runs: int) -> float:
    """Run a work so often."""
    began = time.process_time()
    for _ in range(runs):
        await work()
    return time.process_time() - began


def scatter(samples: Sequence[float]) -> float:
    """Say by how much the middle sample is above the lowest, as a part of it."""
    middle = sorted(samples)[len(samples) // 2]
    return middle / min(samples) - 1

"""The command `python -m benchmarks.drift`: what it costs a request that its rows are compared with those of training.

A gateway in this process asks stand-ins for its models, with drift and without it by turns; the models are those of
BentoML's store. What calls leave in the caches counts so, which is most of the cost of what takes a microsecond. A look
is one at a window's rows, at all models that are asked; it comes every ten seconds at most.
"""

import argparse
import gc
import math
import random
import statistics
import sys
import time
from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any

from benchmarks.forms import Form, example, instances
from benchmarks.path import TOGETHER
from benchmarks.table import table
from benchmarks.way.inside import inside, measured
from benchmarks.way.parts import Way
from gateway.batching.one_call import Observe
from gateway.drift.drift import LOOK_S
from gateway.gateway import Gateway

REQUESTS = 32
"""Each sample has so many, of one caller or of all: a few milliseconds."""

NOTED, LOOKS = 100, 20
"""As many samples tell what it takes to note calls, and to look; fewer where fewer pairs are asked for."""

SLOW = 100
HEADER = (
    "asked",
    "callers",
    "µs a request without",
    "more with drift, µs",
    "to note it, µs",
    "a look, µs",
    f"to note and look at {SLOW} a second, µs",
)


class Asked:
    """Ask one name, by so many callers at once, with drift and without; rows go to the models that it asks."""

    def __init__(self, gateway: Gateway, form: Form, callers: int, nowhere: int) -> None:
        self.form, self.callers = form, callers
        self.way = Way(gateway, form, callers, nowhere)
        self.notes = {one.batcher.calls: one.drift.note for one in gateway.backends.values() if one.drift}
        self.drifts = [one.drift for one in gateway.plan(form.name).members if one.drift]

    async def sample(self, *, on: bool) -> float:
        """Give the microseconds of a request."""
        for calls, note in self.notes.items():
            calls.observe = note if on else None
        began = time.process_time()
        await self.ask()
        return (time.process_time() - began) / REQUESTS * 1e6

    async def ask(self) -> None:
        """Ask as often as a sample does."""
        for _ in range(REQUESTS // self.callers):
            await self.way.as_tasks()

    async def note(self, samples: int) -> float:
        """Give the microseconds of a request in which drift is told of it: the middle of all calls, of each model."""
        taken = {calls: list[int]() for calls in self.notes}
        for calls, note in self.notes.items():
            calls.observe = partial(clocked, note, taken[calls])
        for _ in range(samples):
            await self.ask()
        return sum(statistics.median(some) for some in taken.values() if some) / self.callers / 1000

    async def look(self) -> float:
        """Give the microseconds of a look at a window's rows, at all models."""
        for _ in range(self.drifts[0].settings.window_rows // REQUESTS + 1):
            await self.sample(on=True)
        began = time.process_time()
        for drift in self.drifts:
            drift.look()
        return (time.process_time() - began) * 1e6

    async def line(self, pairs: int) -> Sequence[str]:
        """Measure by turns, and write a line of the table: medians, which no look disturbs."""
        await self.look()
        gc.collect()
        gc.freeze()
        found: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(pairs):
            for on in random.sample((True, False), 2):  # by strict turns other loads of the machine may keep time
                found[on].append(await self.sample(on=on))
        more = [one - other for one, other in zip(found[True], found[False], strict=True)]
        each, error = statistics.median(more), error_of_median(more)
        note = await self.note(min(NOTED, pairs))
        look = statistics.median([await self.look() for _ in range(min(LOOKS, pairs))])
        whole = note + look / (LOOK_S * SLOW)
        figures = (
            f"{statistics.median(found[False]):.0f}",
            f"{each:.1f} ± {error:.1f}",
            f"{note:.1f}",
            f"{look:.0f}",
            f"{whole:.1f}",
        )
        return self.form.name, str(self.callers), *figures


def clocked(note: Observe, taken: list[int], *told: Any) -> None:
    """Note a call, and how many nanoseconds that took without those of reading the clock."""
    first = time.perf_counter_ns()
    second = time.perf_counter_ns()
    note(*told)
    taken.append(time.perf_counter_ns() - second - (second - first))


def error_of_median(values: Sequence[float]) -> float:
    """Give the standard error, as of a normal distribution with these quartiles."""
    first, _, third = statistics.quantiles(values, n=4)
    return 1.25 * (third - first) / 1.35 / math.sqrt(len(values))


async def measure(pairs: int, nowhere: int) -> None:
    """Print the table, of one model and of the default route; raises Failed."""
    async with inside() as (gateway, _):
        model, default, record = next(iter(gateway.backends)), gateway.settings.default, example()
        forms = [instances(model, record, path=f"/v1/models/{model}:predict"), instances(default, record)]
        asked = [Asked(gateway, form, callers, nowhere) for form, callers in product(forms, (1, TOGETHER))]
        sys.stdout.write("\n".join([*table(HEADER, [tuple(await one.line(pairs)) for one in asked]), ""]))


def main() -> int:
    """Measure; the table goes to stdout."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.drift", description="Measure what drift costs a request in processor time."
    )
    parser.add_argument("--pairs", type=int, default=500, help="of samples with and without (default: 500)")
    chosen = parser.parse_args()
    return measured(partial(measure, chosen.pairs))


if __name__ == "__main__":
    sys.exit(main())

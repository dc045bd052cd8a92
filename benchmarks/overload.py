"""The command `python -m benchmarks.overload`: what is answered of ten times as much as a model can do.

The model answers eight rows per 20 ms, 400 a second, and one call waits for it at most. Beside them a caller from
another address asks at its share. Requests come at random moments, whether the ones before are answered or not.
"""

import argparse
import asyncio
import dataclasses
import sys
import time
from collections import defaultdict

import uvloop

from benchmarks.forms import example, instances
from benchmarks.latencies import Latencies
from benchmarks.processes import Failed
from benchmarks.schedule import Load
from benchmarks.sender import Run
from benchmarks.way.between import FILE, GATEWAY, between
from gateway.server import configure_log
from gateway.settings_file import read_settings

CALL_S, ROWS = 0.02, 8
CAPACITY = ROWS / CALL_S
CONNECTIONS = 256
QUIET, QUIET_RATE = "127.0.0.2", 20.0


class Parted(Run):
    """Tell those that were answered with 200 from the others."""

    def forget(self) -> None:
        """Count from here on."""
        super().forget()
        self.parts: dict[int | None, list[float]] = defaultdict(list)

    def count(self, due: float, status: int | None) -> None:
        """Count a request by how it ended."""
        if not self.over:
            self.parts[status].append(time.monotonic() - due)
        super().count(due, status)

    def of(self, status: int) -> Latencies:
        """Give the latencies of those that ended so."""
        return Latencies(sorted(self.parts[status]))


async def parted(load: Load) -> Parted:
    """Put a load on a server; raises OSError where it takes no connections."""
    run = Parted(load)
    await run.result()
    return run


def line(title: str, run: Parted) -> str:
    """Write what became of a load."""
    good, refused = run.of(200), run.of(503)
    others = sum(map(len, run.parts.values())) - len(good.sorted_s) - len(refused.sorted_s)
    return (
        f"{title:24} {len(good.sorted_s) / run.load.seconds:6.0f}/s answered, p50 {good.ms(0.5):6.1f} "
        f"p99 {good.ms(0.99):6.1f} ms   {len(refused.sorted_s) / run.load.seconds:6.0f}/s refused, "
        f"p99 {refused.ms(0.99):6.1f} ms   {others} others\n"
    )


async def measure(seconds: float) -> None:
    """Print a line for each load; raises Failed."""
    model = next(iter(read_settings(FILE).backends))
    limits = {f"BACKENDS__{model.upper()}__{name}": ROWS for name in ("MAX_BATCH_ROWS", "MAX_QUEUED_ROWS")}
    async with between({GATEWAY: limits}, CALL_S) as running:
        request = instances(model, example(), path=f"/v1/models/{model}:predict").to(running.urls[GATEWAY])
        quiet = Load(dataclasses.replace(request, source=QUIET), QUIET_RATE, seconds, 8, poisson=True)
        await parted(dataclasses.replace(quiet, seconds=1.0))
        for times in (0.1, 0.8, 1.0, 2.0, 10.0):
            found = await parted(Load(request, times * CAPACITY, seconds, CONNECTIONS, poisson=True))
            sys.stdout.write(line(f"{times:g} times the capacity", found))
        sys.stdout.write(line("the other one, alone", await parted(quiet)))
        flood = Load(request, 10 * CAPACITY, seconds, CONNECTIONS, poisson=True)
        _, beside = await asyncio.gather(parted(flood), parted(quiet))
        sys.stdout.write(line("beside 10 times", beside))


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of each load (default: 5)")
    chosen = parser.parse_args()
    configure_log()
    try:
        uvloop.run(measure(chosen.seconds))
    except Failed as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The command `python -m benchmarks.rows`: what a row costs in requests of one row up to ten thousand.

It runs the processes of the Procfile on free ports, over the models of BentoML's store, for three to four minutes.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from benchmarks.load import closed_loop
from benchmarks.requests import FORMS, Load, load, p99_ms
from benchmarks.running import ROOT, Failed, Running, running
from benchmarks.sizing import mebi
from benchmarks.table import table
from benchmarks.usage import Usage

LARGE, REST_S = 1000, 3
"""So long after a load of requests this large the memory of the gateway is looked at again."""


@dataclass
class Found:
    """Hold what was measured of a load, a value for each round; `p99_ms` is that of another caller meanwhile."""

    rows_s: list[float] = field(default_factory=list)
    gateway_us: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    peak: int = 0
    after: int = 0


@dataclass(frozen=True)
class Bench:
    """Hold what all measurements share: the stack, a process for the other caller, and what that one sends."""

    stack: Running
    apart: ProcessPoolExecutor
    other: Load
    options: argparse.Namespace

    async def measure(self, one: Load, found: Found) -> None:
        """Keep a load up alone, and then beside another caller; raises Failed where an answer is none."""
        before, began = self.gateway(), time.monotonic()
        answers = await self.send(one)
        seconds, after = time.monotonic() - began, self.gateway()
        found.rows_s.append(answers * one.rows / seconds)
        found.gateway_us.append((after.cpu_s - before.cpu_s) / (answers * one.rows) * 1e6)
        beside, _ = await asyncio.gather(self.p99_ms(), self.send(one))
        found.p99_ms.append(beside)
        found.peak = max(found.peak, self.stack.watch.highest["gateway"])
        await asyncio.sleep(REST_S if one.rows >= LARGE else 0)
        found.after = self.gateway().pod

    def gateway(self) -> Usage:
        """Look at the gateway."""
        return self.stack.watch.look()["gateway"]

    async def send(self, one: Load) -> int:
        """Send a request again and again; gives how often it was answered."""
        statuses = await closed_loop(one.url, one.body, self.options.connections, self.options.seconds, one.headers)
        if set(statuses) != {200}:
            raise Failed(f"{one.form} with {one.rows} rows was answered {dict(statuses)}")
        return statuses.total()

    async def p99_ms(self) -> float:
        """Ask on one connection, from a process that does nothing else; gives the p99 in milliseconds."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.apart, p99_ms, self.other, self.options.seconds)


def main() -> int:
    """Measure; progress goes to stderr, the table to stdout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rows", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 10, 100, 1000, 10_000], help="rows in a request")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=FORMS, help="how they are sent")
    parser.add_argument("--route", default="assessment", help="the route or the model that is asked (%(default)s)")
    parser.add_argument("--connections", type=int, default=2, help="how many send at once (%(default)s)")
    parser.add_argument("--seconds", type=float, default=2, help="how long each load is kept up (%(default)s)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often all is measured; medians are told (%(default)s)"
    )
    try:
        sys.stdout.write(asyncio.run(measured(parser.parse_args())))
    except Failed as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    return 0


async def measured(options: argparse.Namespace) -> str:
    """Run the stack through all loads, each in every round; gives the table."""
    record = json.loads((ROOT / "examples" / "record.json").read_bytes())["instances"][0]
    async with running() as stack:
        gateway = stack.urls["gateway"]
        loads = [load(gateway, options.route, form, rows, record) for form in options.forms for rows in options.rows]
        other = load(gateway, options.route, FORMS[0], 1, record)
        found = {(one.form, one.rows): Found() for one in loads}
        alone: list[float] = []
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            bench = Bench(stack, apart, other, options)
            await bench.p99_ms()
            for turn in range(options.rounds):
                alone.append(await bench.p99_ms())
                for one in loads:
                    sys.stderr.write(f"round {turn + 1}: {one.form}, {one.rows} rows\n")
                    await bench.measure(one, found[one.form, one.rows])
        return document(found, alone)


def document(found: Mapping[tuple[str, int], Found], alone: Sequence[float]) -> str:
    """Write the table."""
    header = (
        "form",
        "rows a request",
        "rows/s",
        "µs a row",
        "of it the gateway's processor",
        "p99 of another caller",
        "times its p99 alone",
        "gateway's peak so far",
        "after",
    )
    rest = statistics.median(alone)
    rows = [
        (
            form,
            f"{rows:,}",
            f"{statistics.median(one.rows_s):,.0f}",
            f"{1e6 / statistics.median(one.rows_s):.1f}",
            f"{statistics.median(one.gateway_us):.1f} µs",
            f"{statistics.median(one.p99_ms):.1f} ms",
            f"{statistics.median(one.p99_ms) / rest:.1f}",
            f"{mebi(one.peak)} MiB",
            f"{mebi(one.after)} MiB",
        )
        for (form, rows), one in found.items()
    ]
    return "\n".join([*table(header, rows), "", f"The other caller alone: p99 {rest:.1f} ms."]) + "\n"


if __name__ == "__main__":
    sys.exit(main())

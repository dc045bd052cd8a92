"""Requests of many rows, and how long another caller waits meanwhile."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import uvloop

from benchmarks.closed_loop import closed_loop
from benchmarks.exchange import Request
from benchmarks.forms import Form, example, instances, tensors
from benchmarks.processes import Failed
from benchmarks.running import Running, running
from benchmarks.telling import say

JSON, BINARY = FORMS = ("/v1 JSON", "/v2 binary")
LARGE, REST_S = 1000, 3
"""So long after a load of requests this large the memory of the gateway is looked at again."""


@dataclass(frozen=True)
class Options:
    """Say what is sent: rows a request, in which forms, to which route or model, for how long and how often."""

    rows: Sequence[int] = (1, 10, 100, 1000, 10_000)
    forms: Sequence[str] = FORMS
    route: str = "assessment"
    connections: int = 2
    seconds: float = 2
    rounds: int = 3


@dataclass
class Load:
    """Hold what was measured of one load, a value for each round; `p99_ms` is that of another caller meanwhile."""

    rows_s: list[float] = field(default_factory=list)
    gateway_us: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    peak: int = 0
    after: int = 0


@dataclass
class Found:
    """Hold all loads by form and rows, the other caller's p99 alone by round, and the gateway's memory before."""

    loads: dict[tuple[str, int], Load]
    alone_ms: list[float] = field(default_factory=list)
    before: int = 0


@dataclass(frozen=True)
class Bench:
    """Hold what all measurements share: the stack, a process for the other caller, and what that one sends."""

    stack: Running
    apart: ProcessPoolExecutor
    other: Request
    options: Options

    async def measure(self, form: Form, rows: int, found: Load) -> None:
        """Keep a load up alone, and then beside another caller; raises Failed where an answer is none."""
        before, began = self.stack.watch.look()["gateway"], time.monotonic()
        answers = await self.send(form)
        seconds, after = time.monotonic() - began, self.stack.watch.look()["gateway"]
        found.rows_s.append(answers * rows / seconds)
        found.gateway_us.append((after.cpu_s - before.cpu_s) / (answers * rows) * 1e6)
        beside, _ = await asyncio.gather(self.p99_ms(), self.send(form))
        found.p99_ms.append(beside)
        found.peak = max(found.peak, self.stack.watch.highest["gateway"])
        await asyncio.sleep(REST_S if rows >= LARGE else 0)
        found.after = self.stack.watch.look()["gateway"].pod

    async def send(self, form: Form) -> int:
        """Send a request again and again; gives how often it was answered."""
        request = form.to(self.stack.urls["gateway"])
        found = await closed_loop(request, self.options.connections, self.options.seconds)
        if found.errors:
            raise Failed(f"{form.title} with {len(form.body):,} bytes was answered {found.said}")
        return found.answered

    async def p99_ms(self) -> float:
        """Ask on one connection, from a process that does nothing else."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.apart, p99_ms, self.other, self.options.seconds)


def p99_ms(request: Request, seconds: float) -> float:
    """Ask again and again on one connection; gives the p99 in milliseconds."""
    return uvloop.run(closed_loop(request, 1, seconds)).ms(0.99)


def form_of(title: str, route: str, rows: int) -> Form:
    """Write a request of so many rows, all of them the documented record."""
    record = example()
    if title == JSON:
        return instances(route, record, rows, f"/v1/models/{route}:predict")
    return tensors(route, record, list(record), rows)


async def measured(options: Options) -> Found:
    """Run the stack through all loads, each in every round; raises Failed."""
    forms = {(title, rows): form_of(title, options.route, rows) for title in options.forms for rows in options.rows}
    found = Found({key: Load() for key in forms})
    async with running() as stack:
        other = form_of(JSON, options.route, 1).to(stack.urls["gateway"])
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            bench = Bench(stack, apart, other, options)
            await bench.p99_ms()
            found.before = stack.watch.look()["gateway"].pod
            for turn in range(options.rounds):
                found.alone_ms.append(await bench.p99_ms())
                for (title, rows), form in forms.items():
                    say(f"round {turn + 1} of {options.rounds}: {title}, {rows} rows")
                    await bench.measure(form, rows, found.loads[title, rows])
    return found

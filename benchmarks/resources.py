"""The command `python -m benchmarks.resources`: what each workload of the stack needs, measured.

It runs the processes of the Procfile on free ports, over the models of BentoML's store, for three to four minutes.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from benchmarks.load import closed_loop, instances, tensors
from benchmarks.running import ROOT, Failed, Running, running
from benchmarks.sizing import MEBI, Needs
from benchmarks.table import Load, document

MOST_BYTES = 16 * MEBI
MOST_ROWS = 10_000
"""Both as the gateway has them by default."""


KEPT_S = 33
"""BentoML leaves a timer of 31 s behind each request (bentos/service.py): for as long a model grows under load."""
REST_S = 10


def main() -> int:
    """Measure; progress goes to stderr, the tables to stdout."""
    try:
        sys.stdout.write(asyncio.run(measured()))
    except Failed as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    return 0


async def measured() -> str:
    """Run the stack through rest and load; gives the tables."""
    record = json.loads((ROOT / "examples" / "record.json").read_bytes())["instances"][0]
    async with running() as stack:
        needs = {name: Needs(one.usage.pod, one.seconds, one.usage.cpu_s) for name, one in stack.started.items()}
        await rest(stack, needs)
        loads = await ordinary(stack, record)
        say(f"resting {KEPT_S} s")
        await asyncio.sleep(KEPT_S)
        for name, now in stack.watch.look().items():
            needs[name].rested = now.pod
        loads += await again(stack, record)
        for name, one in needs.items():
            one.ordinary = stack.watch.highest[name]
        loads += [*await large(stack, record), *await direct(stack, record)]
        for name, one in needs.items():
            one.highest = stack.watch.highest[name]
        return document(needs, loads, stack.written())


async def rest(stack: Running, needs: dict[str, Needs]) -> None:
    """Measure what is used while nobody asks."""
    before = stack.watch.look()
    await asyncio.sleep(REST_S)
    for name, now in stack.watch.look().items():
        needs[name].rest_millicores = (now.cpu_s - before[name].cpu_s) / REST_S * 1000
        say(f"{name} at rest: {now.pod / MEBI:.0f} MiB as a pod, {now.pss / MEBI:.0f} PSS, {now.rss / MEBI:.0f} RSS")


async def ordinary(stack: Running, record: dict[str, Any]) -> list[Load]:
    """Send one row by ever more callers, in the end for longer than a model keeps anything of a request."""
    url, body = f"{stack.urls['gateway']}/v1/predict", instances(record, 1)
    return [
        await under(stack, f"1 row, {callers} at once", closed_loop(url, body, callers, seconds))
        for callers, seconds in ((1, 3), (16, 3), (256, 4), (64, KEPT_S))
    ]


async def again(stack: Running, record: dict[str, Any]) -> list[Load]:
    """Repeat the longest load, which shows whether memory grows without end."""
    load = closed_loop(f"{stack.urls['gateway']}/v1/predict", instances(record, 1), 64, KEPT_S)
    return [await under(stack, "1 row, 64 at once, after a rest", load)]


async def large(stack: Running, record: dict[str, Any]) -> list[Load]:
    """Send many rows, then the largest bodies that are read."""
    url = f"{stack.urls['gateway']}/v1/predict"
    rows, most = instances(record, 1000), instances(record, MOST_ROWS, MOST_BYTES)
    return [
        await under(stack, "1,000 rows, 16 at once", closed_loop(url, rows, 16, 4)),
        await under(stack, "10,000 rows in 16 MiB, one at a time", closed_loop(url, most, 1, 3)),
        await under(stack, "10,000 rows in 16 MiB, 8 at once", closed_loop(url, most, 8, 5)),
        await under(stack, "16 MiB of no records, 4 at once", closed_loop(url, refused(), 4, 1)),
    ]


async def direct(stack: Running, record: dict[str, Any]) -> list[Load]:
    """Ask each model without the gateway: so it is asked where gateways are many."""
    loads = []
    for name in [name for name in stack.urls if name != "gateway"]:
        model = f"{stack.urls[name]}/v2/models/{name}"
        load = closed_loop(f"{model}/infer", await tensors(model, record), 64, KEPT_S)
        loads.append(await under(stack, f"{name} itself, 64 at once", load))
    return loads


def refused() -> bytes:
    """Write the body that takes most memory until it is refused: objects that are no records."""
    return b'{"instances":[' + b'{"":{}},' * ((MOST_BYTES - 32) // 8) + b"{}]}"


async def under(stack: Running, title: str, load: Coroutine[Any, Any, Counter[int]]) -> Load:
    """Measure what all workloads use under a load; peaks are those since the start."""
    before, began = stack.watch.look(), time.monotonic()
    statuses = await load
    seconds, after = time.monotonic() - began, stack.watch.look()
    core_s = {name: now.cpu_s - before[name].cpu_s for name, now in after.items()}
    measured = Load(title, statuses.total(), seconds, core_s, dict(stack.watch.highest))
    peaks = ", ".join(f"{name} {peak / MEBI:.0f}" for name, peak in measured.peak.items())
    say(f"{title}: {dict(statuses)} in {seconds:.1f} s; MiB at most so far: {peaks}")
    return measured


def say(text: str) -> None:
    """Tell of progress."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())

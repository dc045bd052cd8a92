"""The command `python -m benchmarks.resources`: what each workload of the stack needs, measured.

It runs the processes of the Procfile on free ports, over the models of BentoML's store, for three to four minutes.
"""

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import httpx

from benchmarks.closed_loop import closed_loop
from benchmarks.exchange import Request, post
from benchmarks.forms import DEFAULT, example
from benchmarks.running import Running, running
from benchmarks.sizing import MEBI, Needs
from benchmarks.table import Load, document
from benchmarks.telling import say, told

MOST_BYTES = 16 * MEBI
MOST_ROWS = 10_000
"""Both as the gateway has them by default."""

KEPT_S = 33
"""BentoML leaves a timer of 31 s behind each request (bentos/service.py): for as long a model grows under load."""
LONG = 64, KEPT_S
REST_S = 10


def main() -> int:
    """Measure; progress goes to stderr, the tables to stdout."""
    argparse.ArgumentParser(prog="python -m benchmarks.resources", description=__doc__).parse_args()
    return told(measured(), str.splitlines)


async def measured() -> str:
    """Run the stack through rest and load; gives the tables."""
    record = example()
    async with running() as stack:
        default = f"{stack.urls['gateway']}{DEFAULT}"
        one, thousand = post(default, instances(record, 1)), post(default, instances(record, 1000))
        most = post(default, instances(record, MOST_ROWS, MOST_BYTES))
        needs = {name: Needs(one.usage.pod, one.seconds, one.usage.cpu_s) for name, one in stack.started.items()}
        await rest(stack, needs)
        # Ever more callers, in the end for longer than a model keeps anything of a request.
        loads = [await under(stack, f"1 row, {n} at once", one, n, s) for n, s in ((1, 3), (16, 3), (256, 4), LONG)]
        say(f"resting {KEPT_S} s")
        await asyncio.sleep(KEPT_S)
        for name, now in stack.watch.look().items():
            needs[name].rested = now.pod
        # Again, which shows whether memory grows without end.
        loads.append(await under(stack, "1 row, 64 at once, after a rest", one, *LONG))
        for name, need in needs.items():
            need.ordinary = stack.watch.highest[name]
        loads += [
            await under(stack, "1,000 rows, 16 at once", thousand, 16, 4),
            await under(stack, "10,000 rows in 16 MiB, one at a time", most, 1, 3),
            await under(stack, "10,000 rows in 16 MiB, 8 at once", most, 8, 5),
            await under(stack, "16 MiB of no records, 4 at once", post(default, refused()), 4, 1),
        ]
        for name in [name for name in stack.urls if name != "gateway"]:  # so models are asked where gateways are many
            model = f"{stack.urls[name]}/v2/models/{name}"
            itself = post(f"{model}/infer", await tensors(model, record))
            loads.append(await under(stack, f"{name} itself, 64 at once", itself, *LONG))
        for name, need in needs.items():
            need.highest = stack.watch.highest[name]
        return document(needs, loads, stack.written())


async def rest(stack: Running, needs: dict[str, Needs]) -> None:
    """Measure what is used while nobody asks."""
    before = stack.watch.look()
    await asyncio.sleep(REST_S)
    for name, now in stack.watch.look().items():
        needs[name].rest_millicores = (now.cpu_s - before[name].cpu_s) / REST_S * 1000
        say(f"{name} at rest: {now.pod / MEBI:.0f} MiB as a pod, {now.pss / MEBI:.0f} PSS, {now.rss / MEBI:.0f} RSS")


def instances(record: dict[str, Any], rows: int, size: int = 0) -> bytes:
    """Write a body with the same record many times, filled with white space to a size in bytes."""
    return json.dumps({"instances": [record] * rows}).encode().ljust(size)


async def tensors(url: str, record: dict[str, Any]) -> bytes:
    """Write one row as the tensors that a model's metadata, at the URL, asks for."""
    async with httpx.AsyncClient(trust_env=False) as client:
        inputs = (await client.get(url)).json()["inputs"]
    shaped = [
        {"name": one["name"], "datatype": one["datatype"], "shape": [1], "data": [record[one["name"]]]}
        for one in inputs
    ]
    return json.dumps({"inputs": shaped}).encode()


def refused() -> bytes:
    """Write the body that takes most memory until it is refused: objects that are no records."""
    return b'{"instances":[' + b'{"":{}},' * ((MOST_BYTES - 32) // 8) + b"{}]}"


async def under(stack: Running, title: str, request: Request, callers: int, seconds: float) -> Load:
    """Measure what all workloads use under a load; peaks are those since the start."""
    before, began = stack.watch.look(), time.monotonic()
    found = await closed_loop(request, callers, seconds)
    took, after = time.monotonic() - began, stack.watch.look()
    core_s = {name: now.cpu_s - before[name].cpu_s for name, now in after.items()}
    measured = Load(title, found.answered, took, core_s, dict(stack.watch.highest))
    peaks = ", ".join(f"{name} {peak / MEBI:.0f}" for name, peak in measured.peak.items())
    say(f"{title}: {found.said} in {took:.1f} s; MiB at most so far: {peaks}")
    return measured


if __name__ == "__main__":
    sys.exit(main())

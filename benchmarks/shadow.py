"""The command `python -m benchmarks.shadow`: what callers notice of a candidate that sees all of their requests.

A stand-in for the model takes some time for each call. Candidates take as long, 200 ms, or for ever; callers ask the
model and its shadows by turns, at one gateway.
"""

import argparse
import random
import shlex
import statistics
import sys
from collections.abc import Mapping, Sequence

from benchmarks.closed_loop import closed_loop
from benchmarks.forms import example, instances
from benchmarks.ports import free_ports
from benchmarks.processes import Failed, started
from benchmarks.table import table
from benchmarks.telling import told
from benchmarks.way.between import FILE, GATEWAY, between, command
from gateway.settings import read_settings

CALLERS = 8
ALIKE = "alike"
CANDIDATES = {ALIKE: 0.0, "slow": 0.2, "hanging": 3600.0}
"""The seconds that a call to each takes; one that is alike takes as long as the model."""

ALONE = "alone"

Found = Mapping[str, list[float]]
"""Milliseconds that half of the callers waited at most, a value for each round."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; the table goes to stdout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shadow", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often all is measured (default: 9)")
    parser.add_argument("--seconds", type=float, default=1, help="how long each load is kept up (default: 1)")
    parser.add_argument("--call-ms", type=float, default=5, help="how long the model takes for a call (default: 5)")
    chosen = parser.parse_args(arguments)
    return told(measured(chosen.rounds, chosen.seconds, chosen.call_ms / 1000), document)


async def measured(rounds: int, seconds: float, call_s: float) -> Found:
    """Load the model and its shadows, in another order in each round; raises Failed."""
    model = next(iter(read_settings(FILE).backends))
    ports = dict(zip(CANDIDATES, free_ports(len(CANDIDATES)), strict=True))
    takes = {**CANDIDATES, ALIKE: call_s}
    commands = {
        name: command("benchmarks.way.standins", str(takes[name]), f"{model}={port}") for name, port in ports.items()
    }
    forms = {name: instances(name, example(), path=f"/v1/models/{name}:predict") for name in (ALONE, *shadows())}
    found: dict[str, list[float]] = {name: [] for name in forms}
    async with started(commands, {}), between({GATEWAY: settings(model, ports)}, call_s) as running:
        for turn in range(rounds + 1):  # in the first one all is warmed up
            for name in random.sample(list(forms), len(forms)):
                loaded = await closed_loop(forms[name].to(running.urls[GATEWAY]), CALLERS, seconds)
                if loaded.errors:
                    raise Failed(f"the gateway answered {loaded.said}")
                if turn:
                    found[name].append(loaded.ms(0.5))
    return found


def shadows() -> list[str]:
    """Name the routes, each with one of the candidates."""
    return [f"with{name}" for name in CANDIDATES]


def settings(model: str, ports: Mapping[str, int]) -> dict[str, object]:
    """Give the gateway's settings, as variables; alone is a plan of the model and no more."""
    given: dict[str, object] = {f"ROUTES__{ALONE.upper()}__ENSEMBLE": shlex.quote(f'["{model}"]')}
    for name, port in ports.items():
        backend, route = f"BACKENDS__{name.upper()}", f"ROUTES__WITH{name.upper()}__SHADOW"
        given |= {f"{backend}__URL": f"http://127.0.0.1:{port}", f"{backend}__MODEL": model}
        given |= {f"{route}__OF": ALONE, f"{route}__CANDIDATE": name}
    return given


def document(found: Found) -> list[str]:
    """Write the medians of all rounds, and those of the ratios to the model alone in the same round."""
    rows = [
        (
            name,
            f"{statistics.median(its):.2f}",
            f"{statistics.median([one / alone for one, alone in zip(its, found[ALONE], strict=True)]):.3f}",
        )
        for name, its in found.items()
    ]
    return table(("asked", "p50 in ms", "times that of the model alone"), rows)


if __name__ == "__main__":
    sys.exit(main())

"""The command `python -m benchmarks.concurrency`: what two calls in flight gain over one, of a model that is slow.

A stand-in for the model takes 20 ms for each call and many calls at once; two gateways ask it, eight rows a call.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence

from benchmarks.closed_loop import closed_loop
from benchmarks.forms import example, instances
from benchmarks.processes import Failed
from benchmarks.table import table
from benchmarks.telling import told
from benchmarks.way.between import FILE, between
from gateway.settings import read_settings

CALL_S, ROWS, CALLERS = 0.02, 8, 64
IN_FLIGHT = (1, 2)

Rates = dict[int, list[float]]
"""Answers a second, a value for each round, by calls in flight."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; the table goes to stdout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.concurrency", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured (default: 3)")
    parser.add_argument("--seconds", type=float, default=1, help="how long each load is kept up (default: 1)")
    chosen = parser.parse_args(arguments)
    return told(measured(chosen.rounds, chosen.seconds), document)


async def measured(rounds: int, seconds: float) -> Rates:
    """Load both gateways in turn; raises Failed."""
    name = next(iter(read_settings(FILE).backends))
    setting = f"BACKENDS__{name.upper()}__"
    gateways = {
        str(number): {f"{setting}CONCURRENCY": number, f"{setting}MAX_BATCH_ROWS": ROWS} for number in IN_FLIGHT
    }
    form = instances(name, example(), path=f"/v1/models/{name}:predict")
    rates: Rates = {number: [] for number in IN_FLIGHT}
    async with between(gateways, CALL_S) as running:
        for turn in range(rounds):
            for number in IN_FLIGHT if turn % 2 == 0 else reversed(IN_FLIGHT):
                found = await closed_loop(form.to(running.urls[str(number)]), CALLERS, seconds)
                if found.errors:
                    raise Failed(f"the gateway answered {found.said}")
                rates[number].append(found.rate)
    return rates


def ratios(rates: Rates) -> list[float]:
    """Compare two calls in flight with one, round by round."""
    one, two = (rates[number] for number in IN_FLIGHT)
    return [more / less for less, more in zip(one, two, strict=True)]


def document(rates: Rates) -> list[str]:
    """Write the table and the ratio."""
    rows = [(str(number), f"{statistics.median(some):,.0f}") for number, some in rates.items()]
    gained = ratios(rates)
    told = f"{statistics.median(gained):.2f} times what one does ({min(gained):.2f} to {max(gained):.2f})"
    about = f"{CALLERS} callers, {CALL_S * 1e3:.0f} ms a call of at most {ROWS} rows: two in flight answer {told}."
    return [*table(("calls in flight", "answers/s"), rows), "", about]


if __name__ == "__main__":
    sys.exit(main())

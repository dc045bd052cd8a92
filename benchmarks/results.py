"""RESULTS.md: what was measured, on what, what is reached, and how each peer is written."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from string import Template

from benchmarks.figures import FIGURES
from benchmarks.machine import machine, versions
from benchmarks.measure import NEW, Measured, Options
from benchmarks.sizing import MEBI
from benchmarks.table import table
from benchmarks.wrk import Sample

PLOT = "results.svg"

DOCUMENT = Template("""# Results

Measured by `make bench` on one machine, over loopback: $machine.
Medians of $rounds rounds, $seconds s for each load, with the range; all ran one after the other in each round, by turns from the first and from the last.
Callers, gateway and model services share the cores, so ratios hold better than figures.
`wrk` sends `examples/record.json`, one record a request, on one thread; $new new clients at once are `benchmarks/burst.py`.
Each peer answered golden rows of its models within 1e-6 before the first load and after each.

## Requests a second

Right answers only.

$rates

![requests a second over connections]($plot)

## Latency

p50 / p99 in ms, medians; of the new connections p99, counted from the moment when all were due.

$latencies

## Cost

Of all processes of what is named, without the model services behind a gateway.
Processor time is per request, at 64 connections; memory is PSS; a start lasts until the first right answer.

$costs

## Figures to reach

Ratios and differences are taken round by round.

$figures

## How they are written

Each as its own documentation says, and as fast as that allows; the code is in `benchmarks/peers/`.
The gateways among them ask the model services of `make serve`.

$written

## Versions

$versions
""")  # noqa: E501 (one sentence a line)


def results(options: Options, found: Mapping[str, Measured]) -> str:
    """Write the document."""
    counts = [str(count) for count in options.connections]

    def rows(cells: Callable[[Measured], Sequence[str]]) -> list[tuple[str, ...]]:
        return [(peer.title, *cells(found[peer.name])) for peer in options.peers]

    tables = {
        "rates": table(("connections", *counts), rows(lambda one: [rate(some) for some in one.loads.values()])),
        "latencies": table(("connections", *counts, f"{NEW} new"), rows(latencies)),
        "costs": table(
            ("", "processor, µs", "times the echo", "MiB when ready", "MiB at most", "start, s"),
            rows(lambda one: costs(one, found.get("echo"))),
        ),
        "figures": table(("figure", "wanted", "measured", "reached"), [figure.row(found) for figure in FIGURES]),
        "written": [f"- {peer.title}: {peer.written}.{failed(found[peer.name])}" for peer in options.peers],
        "versions": [f"- {line}" for line in versions(options.peers)],
    }
    return DOCUMENT.substitute(
        {name: "\n".join(lines) for name, lines in tables.items()},
        machine=machine(),
        plot=PLOT,
        new=NEW,
        rounds=options.rounds,
        seconds=options.seconds,
    )


def spread(values: Sequence[float], form: str) -> str:
    """Write the median, and the range where there is one."""
    if not values:
        return ""
    middle = f"{statistics.median(values):{form}}"
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}} to {max(values):{form}})"


def rate(samples: Sequence[Sample]) -> str:
    """Write the right answers a second, and the share of errors where there were any."""
    wrong, asked = sum(one.errors for one in samples), sum(one.answered for one in samples)
    text = spread([one.rate for one in samples], ",.0f")
    return f"{text}, {wrong / max(asked, wrong):.1%} errors" if wrong else text


def latencies(measured: Measured) -> list[str]:
    """Write both percentiles for each number of connections, and that of new ones."""
    cells = []
    for samples in measured.loads.values():
        known = [one for one in samples if not math.isnan(one.p50_ms)]
        middles = [
            statistics.median(values) for values in zip(*((one.p50_ms, one.p99_ms) for one in known), strict=True)
        ]
        cells.append(" / ".join(f"{middle:,.0f}" if middle >= 100 else f"{middle:.3g}" for middle in middles))
    return [*cells, spread(measured.burst_p99_ms, ",.0f")]


def costs(measured: Measured, echo: Measured | None) -> tuple[str, ...]:
    """Write what a peer needs."""
    own, least = ([one.microseconds for one in some.loads.get(64, [])] if some else [] for some in (measured, echo))
    return (
        spread(own, ",.0f"),
        f"{statistics.median(own) / statistics.median(least):.1f}" if own and least else "",
        spread([size / MEBI for size in measured.ready_pss], ".0f"),
        spread([size / MEBI for size in measured.highest_pss], ".0f"),
        spread(measured.ready_s, ".1f"),
    )


def failed(measured: Measured) -> str:
    """Tell what could not be measured."""
    return f" **It failed**: {measured.failed.splitlines()[0]}." if measured.failed else ""

"""Cells of the tables of RESULTS.md: medians with their ranges, of what was measured of one peer."""

import math
import statistics
from collections.abc import Sequence

from benchmarks.found import Measured
from benchmarks.sizing import MEBI
from benchmarks.wrk import Sample


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

"""Markdown tables of the path: its stages, and the gateway's process beside an echo."""

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.table import table
from benchmarks.way.processor import scatter
from benchmarks.way.stages import stages
from benchmarks.way.whole import Found

Taken = tuple[int, Mapping[str, Sequence[float]]]
"""How many callers there were, and the microseconds of all together: by work, a number for each sample."""


def of_stages(columns: Mapping[str, Taken]) -> str:
    """Write what each stage takes for a request, the least of all samples, and how far these scatter."""
    found = [stages({work: min(us) / callers for work, us in works.items()}) for callers, works in columns.values()]
    lines = [(title, *(f"{one[title]:.1f}" for one in found)) for title in found[0]]
    scatters = [scatter(us) for _, works in columns.values() for us in works.values()]
    note = f"the middle sample lies {statistics.median(scatters):.0%} above the least, or {max(scatters):.0%} at most"
    rows = table(("µs of processor time a request; how many at once", *columns), lines)
    return "\n".join([*rows, "", f"({note})", "", ""])


def of_processes(found: Mapping[str, Found]) -> str:
    """Write what a request takes the gateway's process, and how that compares to an echo: the middle of all rounds."""
    what = "µs of processor time a request, whole processes"
    header = (what, "gateway", "echo", "ratio", "lowest", "highest", "rows a call")
    return "\n".join([*table(header, [(title, *of_process(one)) for title, one in found.items()]), ""])


def of_process(found: Found) -> tuple[str, ...]:
    """Write one line."""
    gateway, echo, ratio, rows = map(statistics.median, (found.gateway, found.echo, found.ratios, found.rows))
    figures = f"{ratio:.2f}", f"{min(found.ratios):.2f}", f"{max(found.ratios):.2f}"
    return f"{gateway:.0f}", f"{echo:.0f}", *figures, f"{rows:.0f}"

"""The figures that are to be reached, each computed from what was measured of ours and of its peers."""

import statistics
from dataclasses import dataclass
from typing import Literal

from benchmarks.found import Found
from benchmarks.many_rows import BINARY, JSON
from benchmarks.measure import NEW
from benchmarks.ratios import (
    Entries,
    NotMeasured,
    above,
    above_the_slower_model,
    cost,
    dearer,
    errors,
    in_flight,
    kept,
    memory,
    neighbour,
    of,
    ready,
    rows_s,
    tail,
    times,
)


@dataclass(frozen=True)
class Figure:
    """Hold one figure: what it is, its bound, and an entry a round."""

    what: str
    bound: Literal["≥", "≤", "<"]
    wanted: float
    measured: Entries
    unit: str = ""

    def row(self, found: Found) -> tuple[str, str, str, str]:
        """Write what is wanted, the median that was measured, and whether it is reached."""
        wanted = f"{self.bound} {short(self.wanted)}{self.unit}"
        try:
            values = self.measured(found)
        except NotMeasured:
            return (self.what, wanted, "not measured", "")
        middle = statistics.median(values)
        reached = middle >= self.wanted if self.bound == "≥" else middle <= self.wanted
        reached = middle < self.wanted if self.bound == "<" else reached
        spread = f" ({short(min(values))} to {short(max(values))})" if len(values) > 1 else ""
        return (self.what, wanted, f"{short(middle)}{self.unit}{spread}", "yes" if reached else "**no**")


def short(value: float) -> str:
    """Write a number with three digits, or whole."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


MLSERVER, GRAPH = ("mlserver", "mlserver-batch"), ("mlserver-graph",)
SERVICES = ("direct", "direct-novelty")
MOST, FEWER = 10_000, 1000
STAYS = 1.05
"""So far a run scatters about a cost that stays."""
BOTH = "both models, 64 connections: times the requests/s of"

FIGURES = (
    Figure(f"{BOTH} FastAPI + httpx", "≥", 30, times("ours", ("naive",), 64)),
    Figure(f"{BOTH} Starlette + aiohttp", "≥", 7, times("ours", ("aiohttp",), 64)),
    Figure(f"{BOTH} Ray Serve", "≥", 35, times("ours", ("ray",), 64)),
    Figure(f"{BOTH} BentoML's composition", "≥", 20, times("ours", ("bentoml",), 64)),
    Figure(f"{BOTH} the faster model service asked directly", "≥", 3, times("ours", SERVICES, 64)),
    Figure("one model service, 64 connections: times a bare route's", "≥", 0.9, times("direct", ("route",), 64)),
    Figure("both models, 256 connections: times FastAPI + httpx", "≥", 100, times("ours", ("naive",), 256)),
    Figure("both models, 256 connections: p99 / p50", "≤", 3, tail(256)),
    Figure("errors of the gateway, anywhere", "≤", 0, errors),
    Figure("the gateway's processor time of a request at 64, times the echo's", "≤", 4, cost),
    Figure("both models, 1 connection: p50 above the slower model's", "≤", 0.9, above_the_slower_model, " ms"),
    Figure("both models, 1 connection: p99 / p50", "≤", 3, tail(1)),
    Figure(f"{NEW} new connections at once: p99", "≤", 100, lambda found: of(found, "ours").burst_p99_ms, " ms"),
    Figure("one model in V2 JSON, 64 connections: times MLServer", "≥", 5, times("ours-v2", MLSERVER, 64)),
    Figure("one model in V2 JSON, 64 connections: times MLServer with our graph", "≥", 5, times("ours-v2", GRAPH, 64)),
    Figure("one model in V2 JSON, 1 connection: p50 above MLServer's", "<", 0, above(MLSERVER), " ms"),
    Figure("one model in V2 JSON, 1 connection: p50 above MLServer's with our graph", "<", 0, above(GRAPH), " ms"),
    Figure("calls in flight: two to a slow model, times the answers/s of one", "≥", 1.8, in_flight),
    Figure("10,000 rows a request, binary matrix: rows/s", "≥", 300_000, rows_s(BINARY, MOST)),
    Figure("10,000 rows a request, `/v1` JSON: rows/s", "≥", 40_000, rows_s(JSON, MOST)),
    Figure("a row among 10,000 in binary: times its cost among 1,000", "≤", STAYS, dearer(BINARY, MOST, FEWER)),
    Figure("a row among 10,000 in `/v1` JSON: times its cost among 1,000", "≤", STAYS, dearer(JSON, MOST, FEWER)),
    Figure("another caller beside 10,000 rows in binary: times its p99", "≤", 2, neighbour(BINARY, MOST)),
    Figure("another caller beside 10,000 rows in `/v1` JSON: times its p99", "≤", 2, neighbour(JSON, MOST)),
    Figure("the gateway's memory after requests of many rows, above before", "≤", 16, kept, " MiB"),
    Figure("PSS of the gateway when ready", "≤", 90, memory(("ours",), "ready_pss"), " MiB"),
    Figure("PSS of the gateway, highest under these loads", "≤", 90, memory(("ours",), "highest_pss"), " MiB"),
    Figure("PSS of the larger model service when ready", "≤", 210, memory(SERVICES, "ready_pss"), " MiB"),
    Figure("PSS of the larger model service, highest", "≤", 210, memory(SERVICES, "highest_pss"), " MiB"),
    Figure("the gateway's first right answer after its start", "≤", 2, ready(("ours",)), " s"),
    Figure("the slower model service's first right answer after its start", "≤", 6, ready(SERVICES), " s"),
)  # fmt: skip

"""The figures that are to be reached, each computed from what was measured of ours and of its peers."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from benchmarks.measure import NEW, Measured
from benchmarks.sizing import MEBI
from benchmarks.wrk import Sample

Found = Mapping[str, Measured]


class NotMeasured(LookupError):
    """Say that a figure needs something that was not measured."""


@dataclass(frozen=True)
class Figure:
    """Hold one figure: what it is, its bound, and an entry a round."""

    what: str
    bound: Literal["≥", "≤", "<"]
    wanted: float
    measured: Callable[[Found], list[float]]
    unit: str = ""

    def row(self, found: Found) -> tuple[str, str, str, str]:
        """Write what is wanted, the median that was measured, and whether it is reached."""
        wanted = f"{self.bound} {self.wanted:g}{self.unit}"
        try:
            values = self.measured(found)
        except NotMeasured:
            return (self.what, wanted, "not measured", "")
        middle = statistics.median(values)
        reached = middle >= self.wanted if self.bound == "≥" else middle <= self.wanted
        reached = middle < self.wanted if self.bound == "<" else reached
        spread = f" ({min(values):.3g} to {max(values):.3g})" if len(values) > 1 else ""
        return (self.what, wanted, f"{middle:.3g}{self.unit}{spread}", "yes" if reached else "**no**")


def of(found: Found, name: str) -> Measured:
    """Give what was measured of a peer; raises NotMeasured where it was not, or failed."""
    if name not in found or found[name].failed:
        raise NotMeasured(name)
    return found[name]


def loads(found: Found, name: str, connections: int) -> list[Sample]:
    """Give a peer's rounds at so many connections; raises NotMeasured."""
    samples = of(found, name).loads.get(connections)
    if not samples:
        raise NotMeasured(f"{name} at {connections}")
    return samples


def times(name: str, others: tuple[str, ...], connections: int) -> Callable[[Found], list[float]]:
    """Compare the rate of a peer with the best of others, round by round."""

    def measured(found: Found) -> list[float]:
        ours = [one.rate for one in loads(found, name, connections)]
        theirs = zip(*([one.rate for one in loads(found, other, connections)] for other in others), strict=True)
        return [mine / max(rates) if max(rates) else float("inf") for mine, rates in zip(ours, theirs, strict=True)]

    return measured


def tail(connections: int) -> Callable[[Found], list[float]]:
    """Compare ours p99 with its p50."""
    return lambda found: [one.p99_ms / one.p50_ms for one in loads(found, "ours", connections)]


def cost(found: Found) -> list[float]:
    """Compare the processor time of our gateway for a request with that of the echo."""
    pairs = zip(loads(found, "ours", 64), loads(found, "echo", 64), strict=True)
    return [mine.microseconds / echo.microseconds for mine, echo in pairs]


def above_the_slower_model(found: Found) -> list[float]:
    """Subtract from our p50 at one connection that of the slower model asked directly."""
    three = (loads(found, name, 1) for name in ("ours", "direct", "direct-novelty"))
    return [mine.p50_ms - max(one.p50_ms, other.p50_ms) for mine, one, other in zip(*three, strict=True)]


def above(others: tuple[str, ...]) -> Callable[[Found], list[float]]:
    """Subtract the best p50 of others at one connection from ours of one model."""

    def measured(found: Found) -> list[float]:
        rounds = zip(*(loads(found, name, 1) for name in ("ours-v2", *others)), strict=True)
        return [mine.p50_ms - min(one.p50_ms for one in theirs) for mine, *theirs in rounds]

    return measured


def errors(found: Found) -> list[float]:
    """Count all that our gateway did not answer with 200, in all rounds together."""
    every = [samples for name in ("ours", "ours-v2") if name in found for samples in of(found, name).loads.values()]
    if not any(every):
        raise NotMeasured("ours")
    return [float(sum(one.errors for samples in every for one in samples))]


def memory(names: tuple[str, ...], which: Literal["ready_pss", "highest_pss"]) -> Callable[[Found], list[float]]:
    """Give the memory of the largest of some peers, in MiB, in every round."""

    def measured(found: Found) -> list[float]:
        every = [getattr(of(found, name), which) for name in names]
        return [max(sizes) / MEBI for sizes in zip(*every, strict=True)]

    return measured


def ready(names: tuple[str, ...]) -> Callable[[Found], list[float]]:
    """Give how long the slowest of some peers took to its first right answer, in every round."""
    return lambda found: [max(took) for took in zip(*(of(found, name).ready_s for name in names), strict=True)]


MLSERVER, GRAPH = ("mlserver", "mlserver-batch"), ("mlserver-graph",)
SERVICES = ("direct", "direct-novelty")
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
    Figure("PSS of the gateway when ready", "≤", 90, memory(("ours",), "ready_pss"), " MiB"),
    Figure("PSS of the gateway, highest under these loads", "≤", 90, memory(("ours",), "highest_pss"), " MiB"),
    Figure("PSS of the larger model service when ready", "≤", 210, memory(SERVICES, "ready_pss"), " MiB"),
    Figure("PSS of the larger model service, highest", "≤", 210, memory(SERVICES, "highest_pss"), " MiB"),
    Figure("the gateway's first right answer after its start", "≤", 2, ready(("ours",)), " s"),
    Figure("the slower model service's first right answer after its start", "≤", 6, ready(SERVICES), " s"),
)  # fmt: skip

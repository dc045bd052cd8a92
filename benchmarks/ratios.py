"""What the figures are made of: ratios and differences of what was measured, an entry a round."""

from collections.abc import Callable
from typing import Literal

from benchmarks.concurrency import ratios
from benchmarks.found import Found, Measured
from benchmarks.many_rows import Load
from benchmarks.sizing import MEBI
from benchmarks.wrk import Sample

Entries = Callable[[Found], list[float]]


class NotMeasured(LookupError):
    """Say that a figure needs something that was not measured."""


def of(found: Found, name: str) -> Measured:
    """Give what was measured of a peer; raises NotMeasured where it was not, or failed."""
    if name not in found.peers or found.peers[name].failed:
        raise NotMeasured(name)
    return found.peers[name]


def loads(found: Found, name: str, connections: int) -> list[Sample]:
    """Give a peer's rounds at so many connections; raises NotMeasured."""
    samples = of(found, name).loads.get(connections)
    if not samples:
        raise NotMeasured(f"{name} at {connections}")
    return samples


def times(name: str, others: tuple[str, ...], connections: int) -> Entries:
    """Compare the rate of a peer with the best of others, round by round."""

    def measured(found: Found) -> list[float]:
        ours = [one.rate for one in loads(found, name, connections)]
        theirs = zip(*([one.rate for one in loads(found, other, connections)] for other in others), strict=True)
        return [mine / max(rates) if max(rates) else float("inf") for mine, rates in zip(ours, theirs, strict=True)]

    return measured


def tail(connections: int) -> Entries:
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


def above(others: tuple[str, ...]) -> Entries:
    """Subtract the best p50 of others at one connection from ours of one model."""

    def measured(found: Found) -> list[float]:
        rounds = zip(*(loads(found, name, 1) for name in ("ours-v2", *others)), strict=True)
        return [mine.p50_ms - min(one.p50_ms for one in theirs) for mine, *theirs in rounds]

    return measured


def errors(found: Found) -> list[float]:
    """Count all that our gateway did not answer with 200, in all rounds together."""
    every = [
        samples for name in ("ours", "ours-v2") if name in found.peers for samples in of(found, name).loads.values()
    ]
    if not any(every):
        raise NotMeasured("ours")
    return [float(sum(one.errors for samples in every for one in samples))]


def memory(names: tuple[str, ...], which: Literal["ready_pss", "highest_pss"]) -> Entries:
    """Give the memory of the largest of some peers, in MiB, in every round."""

    def measured(found: Found) -> list[float]:
        every = [getattr(of(found, name), which) for name in names]
        return [max(sizes) / MEBI for sizes in zip(*every, strict=True)]

    return measured


def ready(names: tuple[str, ...]) -> Entries:
    """Give how long the slowest of some peers took to its first right answer, in every round."""
    return lambda found: [max(took) for took in zip(*(of(found, name).ready_s for name in names), strict=True)]


def many(found: Found, form: str, number: int) -> Load:
    """Give what was measured of requests of so many rows; raises NotMeasured."""
    if found.rows is None or (form, number) not in found.rows.loads:
        raise NotMeasured(f"{form} of {number} rows")
    return found.rows.loads[form, number]


def rows_s(form: str, number: int) -> Entries:
    """Give the rows of a second."""
    return lambda found: many(found, form, number).rows_s


def dearer(form: str, many_rows: int, fewer: int) -> Entries:
    """Compare what a row costs among many with what it costs among fewer."""
    return lambda found: [
        less / more
        for more, less in zip(many(found, form, many_rows).rows_s, many(found, form, fewer).rows_s, strict=True)
    ]


def neighbour(form: str, number: int) -> Entries:
    """Compare another caller's p99 beside such requests with that alone."""

    def measured(found: Found) -> list[float]:
        beside = many(found, form, number).p99_ms
        alone = found.rows.alone_ms if found.rows else []
        return [one / other for one, other in zip(beside, alone, strict=True)]

    return measured


def kept(found: Found) -> list[float]:
    """Give by how many MiB the gateway is larger after all rows than before."""
    if found.rows is None:
        raise NotMeasured("rows")
    return [(list(found.rows.loads.values())[-1].after - found.rows.before) / MEBI]


def in_flight(found: Found) -> list[float]:
    """Compare two calls in flight with one."""
    if found.in_flight is None:
        raise NotMeasured("concurrency")
    return ratios(found.in_flight)

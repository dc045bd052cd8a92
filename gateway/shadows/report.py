"""What is told of two versions, for people and programs: problems, and the figures that they follow from."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.histograms import Series
from gateway.shadows.choices import Choices
from gateway.shadows.comparison import Comparison
from gateway.shadows.findings import FEW, Problem, beyond, findings
from gateway.shadows.numbers import Numbers

SLOWER_MS = 5.0
"""A candidate is not slow that takes so little more than callers wait."""

FAILS = 0.0001
"""A model that is well fails less often: of the first hundred requests three failures are told, and not one."""

SOME = 0.01
"""Drops of fewer requests than that share are not told: they come in bursts."""

TOLD = 10
"""So many pairs of classes are told."""


def problems(comparison: Comparison) -> Iterator[Problem]:
    """Yield what is wrong with the candidate, most telling first."""
    yield from (Problem("contract", text, 1.0) for text in comparison.differences)
    yield from findings(comparison)
    yield from of_failures(comparison)
    yield from of_time(comparison)


def of_failures(comparison: Comparison) -> Iterator[Problem]:
    """Yield what was not answered."""
    failed = sum(comparison.failures.values())
    asked = comparison.requests + failed
    if beyond(failed, asked, FAILS):
        reason, count = comparison.failures.most_common(1)[0]
        text = f"{failed} of {asked} requests failed, {count} with {reason}: {comparison.told[reason]}"
        yield Problem("failures", text, failed / asked)
    if beyond(comparison.again, asked):
        text = f"{comparison.again} of {asked} requests were answered only when they were asked again"
        yield Problem("failures", text, comparison.again / asked)
    if beyond(comparison.dropped, asked + comparison.dropped, SOME):
        share = comparison.dropped / (asked + comparison.dropped)
        text = f"{comparison.dropped} requests were dropped while {asked} were asked: the candidate cannot keep up"
        yield Problem("dropped", text, share)


def of_time(comparison: Comparison) -> Iterator[Problem]:
    """Say that the candidate is slower than the slow requests of callers."""
    was, now = map(quantiles, comparison.ms)
    if comparison.requests >= FEW and now["p50"] > max(was["p95"], 2 * was["p50"], was["p50"] + SLOWER_MS):
        text = f"the candidate takes {now['p50']:.3g} ms at the median, and callers wait {was['p50']:.3g} ms"
        yield Problem("slow", text, now["p50"] / was["p50"])


def described(comparison: Comparison) -> dict[str, Any]:
    """Write the figures of two versions."""
    was, now = comparison.versions
    return {
        "versions": {"of": dict(was), "candidate": dict(now)},
        "requests": comparison.requests,
        "rows": comparison.rows,
        "different_rows": comparison.different,
        "failures": dict(comparison.failures),
        "asked_again": comparison.again,
        "dropped": comparison.dropped,
        "ms": {"of": quantiles(comparison.ms[0]), "candidate": quantiles(comparison.ms[1])},
        "outputs": {name: figures(its) for name, its in comparison.by_output.items()},
        "worst": [one._asdict() for one in comparison.worst],
    }


def figures(its: Numbers | Choices) -> Mapping[str, Any]:
    """Write the figures of an output."""
    missing = {"rows": its.rows, "lost": its.lost, "gained": its.gained}
    if isinstance(its, Choices):
        told = [{"of": was, "candidate": now, "rows": count} for (was, now), count in its.changes[:TOLD]]
        return {**missing, "agreement": 1 - its.changed / its.rows if its.rows else None, "changes": told}
    if not its.rows:
        return missing
    line = its.line
    return {
        **missing,
        "different_rows": its.apart,
        "difference": float(its.means[1] - its.means[0]),
        "absolute": {
            "mean": its.absolute / its.rows,
            "p50": its.quantile(0.5),
            "p99": its.quantile(0.99),
            "max": its.largest,
        },
        "line": None if line is None else line._asdict(),
    }


def quantiles(series: Series) -> dict[str, float]:
    """Give quantiles of milliseconds, each a bound of a bucket; 0 where there are none."""
    series.fold()
    below, bounds = series.counts.cumsum(), (*series.bounds, series.bounds[-1])
    return {
        name: round(bounds[int((below >= share * below[-1]).argmax())], 3) if below[-1] else 0.0
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }

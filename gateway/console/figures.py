"""What happened between two looks at the counters: rates, shares and quantiles."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from prometheus_client.registry import Collector

from gateway.gateway import Gateway
from gateway.histograms import SECONDS


class Answers(msgspec.Struct):
    """Hold what a route has answered: all, by its fault (5xx), by its callers' (4xx), and how long it took."""

    all: float = 0.0
    failed: float = 0.0
    refused: float = 0.0
    buckets: Sequence[int] = ()


class Work(msgspec.Struct):
    """Hold what a model was asked: calls made, rows predicted, calls answered and their time, calls made again."""

    calls: float = 0.0
    rows: float = 0.0
    answered: int = 0
    answered_ms: float = 0.0
    again: float = 0.0


class Look(msgspec.Struct):
    """Hold the counters at a time of the loop's, by route and by model."""

    at: float
    routes: dict[str, Answers]
    models: dict[str, Work]


def look(gateway: Gateway) -> Look:
    """Read the counters of a gateway: what costs its requests nothing beside the metrics."""
    metrics = gateway.metrics
    routes = {name: Answers(buckets=metrics.seconds.counts_of(name, "total")) for name in gateway.plans}
    for labels, value in counted(metrics.requests, "_total"):
        if (answers := routes.get(labels["route"])) is not None:
            answers.all += value
            answers.failed += value if labels["code"] >= "500" else 0
            answers.refused += value if "400" <= labels["code"] < "500" else 0
    models = {
        name: Work(answered=backend.batcher.calls.answered, answered_ms=backend.batcher.calls.answered_ms)
        for name, backend in gateway.backends.items()
    }
    sources = (("calls", metrics.rows, "_count"), ("rows", metrics.rows, "_total"))
    again = (("again", metrics.retries, "_total"), ("again", metrics.isolation_calls, "_total"))
    for field, metric, ending in (*sources, *again):
        for labels, value in counted(metric, ending):
            if (work := models.get(labels["model"])) is not None:
                setattr(work, field, getattr(work, field) + value)
    return Look(asyncio.get_running_loop().time(), routes, models)


def counted(metric: Collector, ending: str) -> Iterable[tuple[Mapping[str, str], float]]:
    """Yield labels and value of each sample of a metric whose name ends so."""
    for family in metric.collect():
        for sample in family.samples:
            if sample.name.endswith(ending):
                yield sample.labels, sample.value


def of_route(before: Answers, now: Answers, seconds: float) -> dict[str, Any]:
    """Give requests a second, the shares that failed and were refused, and two quantiles in milliseconds."""
    answered = max(0.0, now.all - before.all)
    buckets = [max(0, new - old) for new, old in zip(now.buckets, before.buckets or [0] * 99, strict=False)]
    return {
        "rate": round(answered / seconds, 2),
        "failed": share(now.failed - before.failed, answered),
        "refused": share(now.refused - before.refused, answered),
        "p50_ms": quantile_ms(buckets, 0.5),
        "p99_ms": quantile_ms(buckets, 0.99),
    }


def of_model(before: Work, now: Work, seconds: float) -> dict[str, Any]:
    """Give calls and rows a second, rows in a call, the mean milliseconds of one, and calls made again a second."""
    calls, rows = max(0.0, now.calls - before.calls), max(0.0, now.rows - before.rows)
    answered, ms = now.answered - before.answered, now.answered_ms - before.answered_ms
    return {
        "calls": round(calls / seconds, 2),
        "rows": round(rows / seconds, 2),
        "rows_per_call": round(rows / calls, 1) if calls else None,
        "call_ms": round(ms / answered, 3) if answered > 0 else None,
        "again": round(max(0.0, now.again - before.again) / seconds, 2),
    }


def share(part: float, whole: float) -> float:
    """Give a part of a whole, 0 of nothing."""
    return round(max(0.0, part) / whole, 4) if whole else 0.0


def quantile_ms(buckets: Sequence[int], which: float) -> float | None:
    """Give a quantile as Prometheus does (histogram_quantile): linear within its bucket; None of nothing."""
    total = sum(buckets)
    if not total:
        return None
    below, rank = 0, which * total
    for index, count in enumerate(buckets):
        if count and below + count >= rank:
            low = SECONDS[index - 1] if index else 0.0
            high = SECONDS[index] if index < len(SECONDS) else low
            return round(1000 * (low + (high - low) * (rank - below) / count), 3)
        below += count
    return 1000 * SECONDS[-1]

"""The histograms of seconds and rows count as the library's own do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.histograms import SECONDS, Seconds
from gateway.histograms.rows import ROWS, Rows
from gateway.histograms.series import FOLDED

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]

observed = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.one_of(st.sampled_from(SECONDS), st.floats(0, 40))), max_size=60
)


def samples(registry: CollectorRegistry) -> Samples:
    """Give all that a scrape would read, but for when it was made."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


@given(values=observed, times=st.sampled_from([1, FOLDED // 7]))
def test_it_counts_like_the_librarys(values: list[tuple[str, float]], times: int) -> None:
    """Values at a bound, beyond the last one, and more than are folded at once; looked at twice."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    seconds = Seconds("some_seconds", "Some")
    ours.register(seconds)
    histogram = Histogram("some_seconds", "Some", ("route", "phase"), buckets=SECONDS, registry=theirs)
    for _ in range(times):
        for route, value in values:
            seconds.observe(route, {"total": value * 1000})
            histogram.labels(route, "total").observe(value * 1000 / 1000)  # which may be a neighbour of it
    before = samples(ours)

    assert before == samples(ours)
    assert before == pytest.approx(samples(theirs), rel=1e-12)  # sums are added up in another order


@given(calls=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 9000)), max_size=FOLDED + 9))
def test_rows_are_counted_like_the_librarys(calls: list[tuple[str, int]]) -> None:
    """In both metrics, which tell of a model from 0 on."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    rows = Rows()
    ours.register(rows)
    counter = Counter("bentogate_rows", "Some", ("model",), registry=theirs)
    histogram = Histogram("bentogate_batch_rows", "Some", ("model",), buckets=ROWS, registry=theirs)
    for model in ("a", "b", "idle"):
        rows.of(model)
        counter.labels(model)
        histogram.labels(model)
    for model, asked in calls:
        rows.of(model).asked.observe(asked)
        rows.of(model).predicted += asked - 1
        histogram.labels(model).observe(asked)
        counter.labels(model).inc(asked - 1)

    assert samples(ours) == samples(theirs)

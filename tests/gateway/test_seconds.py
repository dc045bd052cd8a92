"""The histogram of seconds counts as the library's own does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from gateway.seconds import FOLDED, SECONDS, Seconds

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]

observed = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.one_of(st.sampled_from(SECONDS), st.floats(0, 40))), max_size=60
)


def samples(registry: CollectorRegistry) -> Samples:
    """Give all that a scrape would read, but for when it was made."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): round(sample.value, 9)
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

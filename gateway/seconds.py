"""The histogram of seconds that every request goes into, several times."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
"""Buckets that fit a service of milliseconds and its deadlines."""

FOLDED = 500
"""So many values are put into their buckets at once: 0.1 microseconds each, where the library's histogram takes 0.9."""


class Seconds(Collector):
    """Count values by labels and buckets, on one thread."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str]) -> None:
        self.name = name
        self.documentation = documentation
        self.labels = labels
        self.values: dict[tuple[str, ...], Series] = {}

    def observe(self, labels: tuple[str, ...], seconds: float) -> None:
        """Count a value."""
        series = self.values.get(labels)
        if series is None:
            series = self.values[labels] = Series()
        series.waiting.append(seconds)
        if len(series.waiting) >= FOLDED:
            series.fold()

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Give what is counted, in Prometheus' form: each bucket holds those below it too."""
        family = HistogramMetricFamily(self.name, self.documentation, labels=self.labels)
        bounds = [*(str(float(bound)) for bound in SECONDS), "+Inf"]
        for labels, series in self.values.items():
            series.fold()
            family.add_metric(labels, list(zip(bounds, series.counts.cumsum().tolist(), strict=True)), series.total)
        yield family


class Series:
    """Hold the values of some labels: those in buckets, and those that wait for it."""

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(len(SECONDS) + 1, dtype=np.int64)
        self.total = 0.0
        self.waiting: list[float] = []

    def fold(self) -> None:
        """Put what waits into the buckets; a value at a bound is below it."""
        self.counts += np.bincount(np.searchsorted(SECONDS, self.waiting), minlength=len(self.counts))
        self.total += sum(self.waiting)
        self.waiting.clear()

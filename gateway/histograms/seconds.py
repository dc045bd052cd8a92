"""The histogram of seconds that every request goes into, several times."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from gateway.histograms.series import FOLDED, Series

SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
"""Buckets that fit a service of milliseconds and its deadlines."""

PHASES = ("decode", "queue", "call", "encode", "total")
"""The phases of all requests; what one model took is told to its caller only."""


class Seconds(Collector):
    """Count how long the phases of requests took, by route and phase, on one thread."""

    labels = ("route", "phase")

    def __init__(self, name: str, documentation: str) -> None:
        self.name = name
        self.documentation = documentation
        self.routes: dict[str, dict[str, Series]] = {}

    def observe(self, route: str, ms: Mapping[str, float]) -> None:
        """Count the phases of a request, which are given in milliseconds; it has a total always."""
        phases = self.routes.get(route)
        if phases is None:
            phases = self.routes[route] = {phase: Series(SECONDS, 1000) for phase in PHASES}
        for phase, series in phases.items():
            if phase in ms:
                series.waiting.append(ms[phase])
        if len(series.waiting) >= FOLDED:
            for series in phases.values():
                series.fold()

    def counts_of(self, route: str, phase: str) -> list[int]:
        """Give how many values of a phase are in each bucket, those above the last bound behind them."""
        series = self.routes[route][phase] if route in self.routes else Series(SECONDS)
        series.fold()
        return [int(count) for count in series.counts]

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Give what is counted, in Prometheus' form: each bucket holds those below it too."""
        family = HistogramMetricFamily(self.name, self.documentation, labels=self.labels)
        for route, phases in self.routes.items():
            for phase, series in phases.items():
                if series.waiting or series.counts.any():
                    series.add_to(family, (route, phase))
        yield family

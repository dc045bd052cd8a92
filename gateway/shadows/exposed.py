"""What the metrics tell of shadows."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from gateway.reports import Reports
from gateway.shadows.watch import Watch

DOCUMENTED = {
    "rows": "Rows that a candidate answered too, by route",
    "disagreements": "Those that it answered otherwise, by route",
    "dropped": "Requests that it was not asked since too many were under way, by route",
}


class ShadowsExposed(Collector):
    """Tell what candidates answered; what waits is compared for it."""

    labels: Sequence[str] = ("route",)
    names = tuple(f"bentogate_shadow_{name}_total" for name in DOCUMENTED)

    def __init__(self, reports: Reports) -> None:
        self.reports = reports

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Give the counters in Prometheus' form."""
        for _, watch in self.reports.all_of(Watch):
            watch.look()
        for name, text in DOCUMENTED.items():
            family = CounterMetricFamily(f"bentogate_shadow_{name}", text, labels=self.labels)
            for route, watch in self.reports.all_of(Watch):
                family.add_metric((route,), getattr(watch, name))
            yield family


class FailuresExposed(ShadowsExposed):
    """Tell what candidates did not answer."""

    labels = ("route", "reason")
    names = ("bentogate_shadow_failures_total",)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Give the counters in Prometheus' form."""
        text = "Requests that a candidate did not answer, by route and reason"
        family = CounterMetricFamily("bentogate_shadow_failures", text, labels=self.labels)
        for route, watch in self.reports.all_of(Watch):
            for reason, count in watch.failures.items():
                family.add_metric((route, reason), count)
        yield family

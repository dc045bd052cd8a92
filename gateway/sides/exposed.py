"""What the metrics tell of the sides of splits."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from gateway.reports import Reports
from gateway.sides.side import SidesReport

DOCUMENTED = {
    "requests": "Requests that a side of a split was asked, by route and side",
    "rows": "Rows that a side of a split answered, by route and side",
    "failed": "Requests that a side of a split failed by its own fault, by route and side",
}


class SidesExposed(Collector):
    """Tell what the sides of all splits were asked; it costs no request anything."""

    labels = ("route", "side")
    names = tuple(f"bentogate_split_{name}_total" for name in DOCUMENTED)

    def __init__(self, reports: Reports) -> None:
        self.reports = reports

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Give the counters in Prometheus' form."""
        for name, text in DOCUMENTED.items():
            family = CounterMetricFamily(f"bentogate_split_{name}", text, labels=self.labels)
            for route, report in self.reports.all_of(SidesReport):
                for side, its in report.sides.items():
                    family.add_metric((route, side), getattr(its, name))
            yield family

"""What the parts of a gateway count, and what is told no more when a model or a route goes."""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import NamedTuple

from prometheus_client import Counter, Gauge
from prometheus_client.metrics import MetricWrapperBase

from gateway.errors import UNANSWERED, GatewayError
from gateway.histograms import RowsOfModel
from gateway.metrics.defined import Defined


class BatchMetrics(NamedTuple):
    """Hold what is counted of the calls to one model."""

    rows: RowsOfModel
    isolation_calls: Counter
    retries: Callable[[str], Counter]


class Metrics(Defined):
    """Count, by metrics that nobody else has."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> None:
        """Tell of what can be counted while nothing is: of a counter that is born at 1 Prometheus sees no increase."""
        for reason in (*(error.reason for error in GatewayError.__subclasses__()), *UNANSWERED):
            self.refusal_counter(reason)
        for reason in ("queue", "disk"):
            self.lost.labels(reason)
        for file, outcome in product(("settings", "certificate"), ("taken", "refused")):
            self.reloads.labels(file, outcome)

    def batches(self, model: str) -> BatchMetrics:
        """Give what counts the calls to a model."""
        for reason in ("lost", "busy", "elsewhere"):
            self.retries.labels(model, reason)
        return BatchMetrics(
            self.rows.of(model),
            self.isolation_calls.labels(model),
            partial(self.retries.labels, model),
        )

    def watch_queue(self, model: str, in_flight: Callable[[], int], queued_rows: Callable[[], int]) -> None:
        """Have the state of a queue looked at when the metrics are asked for: it costs no request anything."""
        self.in_flight.labels(model).set_function(in_flight)
        self.queued_rows.labels(model).set_function(queued_rows)

    def golden_counter(self, model: str) -> Callable[[str], None]:
        """Give what counts the answers to golden rows, each `right` or `wrong`."""
        for outcome in ("right", "wrong"):
            self.golden.labels(model, outcome)
        return lambda outcome: self.golden.labels(model, outcome).inc()

    def watch_gateway(self, lag_s: Callable[[], float], memory_ratio: Callable[[], float]) -> None:
        """Have the state of the gateway itself looked at when the metrics are asked for."""
        self.lag.set_function(lag_s)
        self.memory_ratio.set_function(memory_ratio)

    def lost_prediction(self, reason: str, rows: int) -> None:
        """Count rows that the prediction log could not keep."""
        self.lost.labels(reason).inc(rows)

    def learned(self, model: str, old: str | None, new: str) -> None:
        """Note that a model has a new version."""
        if old is not None:
            self.model.remove(model, old)
        self.model.labels(model, new).set(1)

    def reloaded(self, file: str, outcome: str) -> None:
        """Note that a watched file has changed, and whether that was `taken`, or `refused`."""
        self.reloads.labels(file, outcome).inc()
        self.reload_refused.labels(file).set(outcome == "refused")

    def forget_state(self, model: str) -> None:
        """Tell nothing more of how a model is; what was counted stays."""
        self.drift.models.pop(model, None)
        for metric in vars(self).values():
            if isinstance(metric, Gauge):
                remove(metric, model)

    def forget(self, name: str) -> None:
        """Tell nothing more of a model or a route."""
        for metric in vars(self).values():
            if isinstance(metric, MetricWrapperBase):
                remove(metric, name)
        self.seconds.routes.pop(name, None)
        self.rows.models.pop(name, None)
        self.reports.forget(name)
        self.request_counter.cache_clear()


def remove(metric: MetricWrapperBase, name: str) -> None:
    """Remove what a metric tells of a model or a route."""
    for label in {"model", "route"}.intersection(metric._labelnames):  # noqa: SLF001 (told to nobody else)
        metric.remove_by_labels({label: name})

"""The metrics, each named in one place; their labels are bounded by the settings."""

import asyncio
from functools import cache, partial

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.drift import Exposed
from gateway.histograms import Rows, Seconds
from gateway.reports import Reports
from gateway.shadows import FailuresExposed, ShadowsExposed
from gateway.sides import SidesExposed


class Defined:
    """Hold the metrics of one gateway, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=self.registry), partial(Gauge, registry=self.registry)
        self.requests = counter("bentogate_requests", "Requests answered, by route and status", ("route", "code"))
        self.seconds = Seconds(
            "bentogate_request_seconds",
            "Seconds that requests took, by phase; total is from the first byte of a request to the last of its answer",
        )
        self.rows = Rows()
        self.refused = counter("bentogate_refused", "Requests refused, by reason", ("reason",))
        self.failed = counter(
            "bentogate_failed",
            "Requests that failed by a model or a branch of a plan, by its name and reason",
            ("model", "reason"),
        )
        self.missing = counter(
            "bentogate_missing", "Partial answers that a model is missing in, by model and reason", ("model", "reason")
        )
        self.unrecorded = counter("bentogate_access_records_lost", "Access records that could not be written")
        self.unsaid = counter("bentogate_log_lines_lost", "Lines of the log that could not be written")
        self.unexported = counter("bentogate_spans_lost", "Spans that were sampled and did not reach a collector")
        self.kept = counter(
            "bentogate_prediction_log_rows", "Rows in files of the prediction log, each with the answer of one model"
        )
        self.lost = counter(
            "bentogate_prediction_log_rows_lost",
            "Rows of answers that the prediction log does not have, by reason",
            ("reason",),
        )
        self.model = gauge("bentogate_model_info", "1 for the version that each model had last", ("model", "version"))
        self.isolation_calls = counter(
            "bentogate_isolation_calls",
            "Calls that were made to find out whose record makes a call fail, by model",
            ("model",),
        )
        self.retries = counter(
            "bentogate_retries",
            "Calls that were made once more, by model and by what became of the first",
            ("model", "reason"),
        )
        self.golden = counter(
            "bentogate_golden_rows",
            "Golden rows that were asked for beside requests, by model and by outcome",
            ("model", "outcome"),
        )
        self.breaker = gauge(
            "bentogate_breaker_state", "1 while a model is left alone since it failed too often", ("model",)
        )
        self.breaker_opened = counter("bentogate_breaker_opened", "How often that began, by model", ("model",))
        self.addresses = gauge(
            "bentogate_addresses", "Addresses of a model that are asked, where calls are balanced over them", ("model",)
        )
        self.in_flight = gauge("bentogate_in_flight", "Calls under way, by model", ("model",))
        self.queued_rows = gauge("bentogate_queued_rows", "Rows that wait for a call, by model", ("model",))
        self.lag = gauge(
            "bentogate_event_loop_lag_seconds", "How late the event loop is, smoothed over a quarter of a second"
        )
        self.memory_ratio = gauge(
            "bentogate_memory_ratio", "Part of the container's memory that is used, 0 without a limit"
        )
        self.reloads = counter(
            "bentogate_reloads", "Changes of a watched file, by file and outcome", ("file", "outcome")
        )
        self.reload_refused = gauge(
            "bentogate_reload_refused", "1 while a watched file does not hold what is in use", ("file",)
        )
        self.plan_faulty = gauge(
            "bentogate_plan_faulty", "1 while the models of a route do not fit together, by their contracts", ("route",)
        )
        self.tasks = gauge("bentogate_tasks", "Tasks of the event loop that are not done")
        self.tasks.set_function(lambda: len(asyncio.all_tasks()))
        self.drift, self.reports = Exposed(), Reports()
        self.sides, self.shadows = SidesExposed(self.reports), ShadowsExposed(self.reports)
        self.shadow_failures = FailuresExposed(self.reports)
        for one in (self.seconds, self.rows, self.drift, self.sides, self.shadows, self.shadow_failures):
            self.registry.register(one)
        # Looking a label up costs as much as counting: each is looked up once.
        self.request_counter = cache(self.requests.labels)
        self.refusal_counter = cache(self.refused.labels)

"""The metrics, each named in one place; their labels are bounded by the settings."""

import asyncio
from functools import cache

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
        self.requests = Counter(
            "bentogate_requests", "Requests answered, by route and status", ("route", "code"), registry=self.registry
        )
        self.seconds = Seconds(
            "bentogate_request_seconds",
            "Seconds that requests took, by phase; total is from the first byte of a request to the last of its answer",
        )
        self.registry.register(self.seconds)
        self.rows = Rows()
        self.registry.register(self.rows)
        self.refused = Counter("bentogate_refused", "Requests refused, by reason", ("reason",), registry=self.registry)
        self.failed = Counter(
            "bentogate_failed",
            "Requests that failed by a model or a branch of a plan, by its name and reason",
            ("model", "reason"),
            registry=self.registry,
        )
        self.missing = Counter(
            "bentogate_missing",
            "Partial answers that a model is missing in, by model and reason",
            ("model", "reason"),
            registry=self.registry,
        )
        self.unrecorded = Counter(
            "bentogate_access_records_lost", "Access records that could not be written", registry=self.registry
        )
        self.unsaid = Counter(
            "bentogate_log_lines_lost", "Lines of the log that could not be written", registry=self.registry
        )
        self.unexported = Counter(
            "bentogate_spans_lost", "Spans that were sampled and did not reach a collector", registry=self.registry
        )
        self.kept = Counter(
            "bentogate_prediction_log_rows",
            "Rows in files of the prediction log, each with the answer of one model",
            registry=self.registry,
        )
        self.lost = Counter(
            "bentogate_prediction_log_rows_lost",
            "Rows of answers that the prediction log does not have, by reason",
            ("reason",),
            registry=self.registry,
        )
        self.model = Gauge(
            "bentogate_model_info",
            "1 for the version that each model had last",
            ("model", "version"),
            registry=self.registry,
        )
        self.isolation_calls = Counter(
            "bentogate_isolation_calls",
            "Calls that were made to find out whose record makes a call fail, by model",
            ("model",),
            registry=self.registry,
        )
        self.retries = Counter(
            "bentogate_retries",
            "Calls that were made once more, by model and by what became of the first",
            ("model", "reason"),
            registry=self.registry,
        )
        self.golden = Counter(
            "bentogate_golden_rows",
            "Golden rows that were asked for beside requests, by model and by outcome",
            ("model", "outcome"),
            registry=self.registry,
        )
        self.breaker = Gauge(
            "bentogate_breaker_state",
            "1 while a model is left alone since it failed too often",
            ("model",),
            registry=self.registry,
        )
        self.breaker_opened = Counter(
            "bentogate_breaker_opened", "How often that began, by model", ("model",), registry=self.registry
        )
        self.addresses = Gauge(
            "bentogate_addresses",
            "Addresses of a model that are asked, where calls are balanced over them",
            ("model",),
            registry=self.registry,
        )
        self.in_flight = Gauge("bentogate_in_flight", "Calls under way, by model", ("model",), registry=self.registry)
        self.queued_rows = Gauge(
            "bentogate_queued_rows", "Rows that wait for a call, by model", ("model",), registry=self.registry
        )
        self.lag = Gauge(
            "bentogate_event_loop_lag_seconds",
            "How late the event loop is, smoothed over a quarter of a second",
            registry=self.registry,
        )
        self.memory_ratio = Gauge(
            "bentogate_memory_ratio",
            "Part of the container's memory that is used, 0 without a limit",
            registry=self.registry,
        )
        self.reloads = Counter(
            "bentogate_reloads",
            "Changes of a watched file, by file and outcome",
            ("file", "outcome"),
            registry=self.registry,
        )
        self.reload_refused = Gauge(
            "bentogate_reload_refused",
            "1 while a watched file does not hold what is in use",
            ("file",),
            registry=self.registry,
        )
        self.plan_faulty = Gauge(
            "bentogate_plan_faulty",
            "1 while the models of a route do not fit together, by their contracts",
            ("route",),
            registry=self.registry,
        )
        self.drift = Exposed()
        self.registry.register(self.drift)
        self.reports = Reports()
        self.sides = SidesExposed(self.reports)
        self.registry.register(self.sides)
        self.shadows, self.shadow_failures = ShadowsExposed(self.reports), FailuresExposed(self.reports)
        self.registry.register(self.shadows)
        self.registry.register(self.shadow_failures)
        self.tasks = Gauge("bentogate_tasks", "Tasks of the event loop that are not done", registry=self.registry)
        self.tasks.set_function(lambda: len(asyncio.all_tasks()))
        # Looking a label up costs as much as counting: each is looked up once.
        self.request_counter = cache(self.requests.labels)
        self.refusal_counter = cache(self.refused.labels)

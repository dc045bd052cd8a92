"""The parts of a gateway: backends, plans, metrics, the access log."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from gateway.account import AccessLog, Accounts, Proxies, Recent, TracedAccounts
from gateway.backends import Backend, watch
from gateway.ending import Ending
from gateway.errors import UnknownName
from gateway.metrics import Metrics
from gateway.plans import Plan, make_plans
from gateway.predictions import REASONS, PredictionLog
from gateway.predictions.left_out import check_left_out
from gateway.settings import BackendSettings, DriftSettings, Settings
from gateway.shedding import Shedding, own_memory
from gateway.tracing import Tracing, open_tracing
from oip import Limits


@dataclass(frozen=True)
class Process:
    """Hold what lives as long as the process, whatever becomes of the settings; `started` is monotonic.

    Without a console nobody looks at recent requests; `predictions` is the log of them, if there is one.
    """

    metrics: Metrics
    access: AccessLog | None
    ending: Ending
    shedding: Shedding
    started: float
    recent: Recent | None = None
    tracing: Tracing | None = None
    predictions: PredictionLog | None = None

    def backend(self, name: str, settings: BackendSettings, drift: DriftSettings) -> Backend:
        """Make a backend."""
        return Backend(name, settings, self.metrics, drift, tracing=self.tracing)


class Gateway:
    """Hold the parts of one state of the settings, and know whether they are ready.

    Make the first with `open_gateway`, inside an event loop.
    """

    def __init__(self, settings: Settings, backends: dict[str, Backend], process: Process) -> None:
        self.settings = settings
        self.process = process
        self.metrics, self.ending, self.shedding = process.metrics, process.ending, process.shedding
        self.backends = backends
        self.plans = make_plans(backends, settings.routes, process.metrics.reports)
        proxies = Proxies(settings.trusted_proxies) if settings.trusted_proxies else None
        tracing = process.tracing
        accounts = Accounts if tracing is None else partial(TracedAccounts, tracing)
        self.accounts = accounts(
            process.metrics,
            process.access,
            settings.timeouts,
            process.ending,
            proxies,
            recent=process.recent,
            predictions=process.predictions,
        )

    def plan(self, name: str) -> Plan:
        """Give the plan of a public name; raises UnknownName, which lists the names."""
        plan = self.plans.get(name)
        if plan is None:
            raise UnknownName(f"there is no model or route {name[:60]!r}; there are: {', '.join(sorted(self.plans))}")
        return plan

    def limits(self, plan: Plan) -> Limits:
        """Say how much one request by tensors may hold; raises BackendUnknown."""
        return Limits(self.settings.max_rows, len(plan.features))

    @property
    def waiting_for(self) -> list[str]:
        """Name the backends that have not answered since the start."""
        return [name for name, backend in self.backends.items() if backend.current is None]

    @property
    def ready(self) -> bool:
        """Say whether requests are welcome: every backend has answered once, or enough time has passed and one has.

        It never falls again because of a backend, or one sick model would take every gateway out of service; it falls
        with the end of the gateway.
        """
        if self.ending.draining:
            return False
        waiting = len(self.waiting_for)
        patience_over = time.monotonic() - self.process.started >= self.settings.ready_after_s
        return waiting == 0 or (patience_over and waiting < len(self.backends))


@contextlib.asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """Open the pools and begin to learn the contracts; closes all of it at the end."""
    metrics = Metrics()
    ending = Ending(settings.drain_s, settings.grace_s)
    shedding = Shedding(settings.max_lag_ms / 1000, settings.max_memory_ratio, own_memory())
    metrics.watch_gateway(lambda: shedding.lag_s, lambda: shedding.ratio)
    with (
        access_log(settings, metrics) as access,
        traces(settings, metrics) as tracing,
        prediction_log(settings, metrics) as predictions,
    ):
        recent = Recent() if settings.console else None
        process = Process(metrics, access, ending, shedding, time.monotonic(), recent, tracing, predictions)
        backends = {name: process.backend(name, its, settings.drift) for name, its in settings.backends.items()}
        for backend in backends.values():
            backend.show()
            watch(backend, settings.refresh_s)
        left_out = check_left_out(settings.prediction_log.leave_out, backends.values())
        tasks = [asyncio.create_task(shedding.watch()), asyncio.create_task(left_out)]
        try:
            yield Gateway(settings, backends, process)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for backend in backends.values():
                await backend.close()


def access_log(settings: Settings, metrics: Metrics) -> contextlib.AbstractContextManager[AccessLog | None]:
    """Open the access log on stdout, if it is wanted and there is one."""
    if settings.access_log and sys.stdout:
        return AccessLog(sys.stdout.fileno(), metrics.unrecorded.inc)
    return contextlib.nullcontext()


def traces(settings: Settings, metrics: Metrics) -> contextlib.AbstractContextManager[Tracing | None]:
    """Open what exports spans, if it is wanted; raises SettingsError."""
    return open_tracing(metrics.unexported.inc) if settings.tracing else contextlib.nullcontext()


def prediction_log(settings: Settings, metrics: Metrics) -> contextlib.AbstractContextManager[PredictionLog | None]:
    """Open the prediction log, if it has a folder."""
    if (folder := settings.prediction_log.folder) is None:
        return contextlib.nullcontext()
    for reason in REASONS:
        metrics.lost_prediction(reason, 0)
    return PredictionLog(settings.prediction_log, folder, metrics.kept.inc, metrics.lost_prediction)

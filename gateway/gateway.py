"""What lives as long as the gateway: backends, plans, metrics, the access log."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator

from gateway.access import AccessLog
from gateway.account import Accounts
from gateway.backends import Backend, watch
from gateway.cgroup import own_memory
from gateway.ending import Ending
from gateway.errors import UnknownName
from gateway.metrics import Metrics
from gateway.plans import Plan, make_plans
from gateway.proxies import Proxies
from gateway.settings import Settings
from gateway.shedding import Shedding
from oip import Limits


class Gateway:
    """Hold the parts and know whether they are ready. Make it with `open_gateway`, inside an event loop."""

    def __init__(
        self, settings: Settings, backends: dict[str, Backend], metrics: Metrics, access: AccessLog | None
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self.backends = backends
        self.plans = make_plans(backends, settings.routes)
        self.ending = Ending(settings.drain_s, settings.grace_s)
        self.shedding = Shedding(settings.max_lag_ms / 1000, settings.max_memory_ratio, own_memory())
        metrics.watch_gateway(lambda: self.shedding.lag_s, lambda: self.shedding.ratio)
        proxies = Proxies(settings.trusted_proxies) if settings.trusted_proxies else None
        self.accounts = Accounts(metrics, access, settings.timeouts, self.ending, proxies)
        self.started = time.monotonic()

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
        patience_over = time.monotonic() - self.started >= self.settings.ready_after_s
        return waiting == 0 or (patience_over and waiting < len(self.backends))


@contextlib.asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """Open the pools and begin to learn the contracts; closes all of it at the end."""
    metrics = Metrics()
    backends = {name: Backend(name, backend, metrics) for name, backend in settings.backends.items()}
    with access_log(settings, metrics) as access:
        watchers = [asyncio.create_task(watch(backend, settings.refresh_s)) for backend in backends.values()]
        balanced = [one for backend in backends.values() if (one := backend.server.balanced)]
        watchers += [asyncio.create_task(one.watch()) for one in balanced]
        gateway = Gateway(settings, backends, metrics, access)
        watchers.append(asyncio.create_task(gateway.shedding.watch()))
        try:
            yield gateway
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
            for backend in backends.values():
                await backend.close()


def access_log(settings: Settings, metrics: Metrics) -> contextlib.AbstractContextManager[AccessLog | None]:
    """Open the access log on stdout, if it is wanted and there is one."""
    if settings.access_log and sys.stdout:
        return AccessLog(sys.stdout.fileno(), metrics.unrecorded.inc)
    return contextlib.nullcontext()

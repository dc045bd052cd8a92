"""A change of the settings on its way: its new backends, and whether they have answered."""

import time
from dataclasses import dataclass

from gateway.backends import Backend, watch
from gateway.gateway import Gateway
from gateway.plans import Plan, make_plans
from gateway.reports import Reports
from gateway.settings import Settings

ANSWER_S = 5.0
"""When it is told that a change waits for a new backend to answer."""


@dataclass
class Change:
    """Hold good settings, of which some backends are new; nobody is sent there before they have answered.

    `keys` are those that changed. `told` says that somebody was told for whom it waits.
    """

    settings: Settings
    keys: list[str]
    backends: dict[str, Backend]
    new: list[Backend]
    since: float
    told: bool = False

    @property
    def silent(self) -> list[str]:
        """Name the new backends that have not answered yet."""
        return [backend.name for backend in self.new if backend.current is None]

    @property
    def plans(self) -> dict[str, Plan]:
        """Make its plans, to be looked at only: what they report goes nowhere, since they may be refused."""
        return make_plans(self.backends, self.settings.routes, Reports())

    @property
    def is_late(self) -> bool:
        """Say that it has waited for long, of which nobody was told."""
        return not self.told and time.monotonic() - self.since > ANSWER_S


def begin(gateway: Gateway, settings: Settings, keys: list[str]) -> Change:
    """Ask the backends that a gateway has not, or by other settings; it goes on with all others."""
    same = {name for name, its in settings.backends.items() if gateway.settings.backends.get(name) == its}
    backends = {
        name: gateway.backends[name] if name in same else gateway.process.backend(name, its, settings.drift)
        for name, its in settings.backends.items()
    }
    new = [backend for name, backend in backends.items() if name not in same]
    for backend in new:
        watch(backend, settings.refresh_s)
    return Change(settings, keys, backends, new, time.monotonic())

"""Telling of routes whose models do not fit together, whenever settings or a contract change."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from gateway.metrics import Metrics
from gateway.plans import Plan, misfits
from gateway.settings.file import place_in

log = structlog.get_logger()


class Fitting:
    """Follow whether the plans of a file fit the contracts of their backends."""

    def __init__(self, path: Path, metrics: Metrics) -> None:
        self.path = path
        self.metrics = metrics
        self.told: dict[str, str] = {}

    def look(self, plans: Mapping[str, Plan]) -> None:
        """Tell once of each plan that does not fit, and once when it does again.

        A plan that fits compares the contracts that it was derived from: 2 microseconds.
        """
        found = misfits(plans)
        for name in [name for name, plan in plans.items() if plan.branches]:
            self.metrics.plan_faulty.labels(name).set(name in found)
            if name in found and self.told.get(name) != found[name]:
                place = place_in(self.path, ["routes", name])
                log.error("a route cannot be asked", route=name, place=place, reason=found[name])
            elif name in self.told and name not in found:
                log.info("a route can be asked again", route=name)
        self.told = found


def refusal(path: Path, old: Mapping[str, Plan], new: Mapping[str, Plan]) -> str | None:
    """Say where in a file the plans stand that would not fit, and why they would not; None where all would.

    One that does not now, for the same reason, stands in no way: what mends another route must not wait for it.
    """
    known = misfits(old)
    found = {name: reason for name, reason in misfits(new).items() if known.get(name) != reason}
    lines = [f"{place_in(path, ['routes', name])}: routes.{name}: {reason}" for name, reason in found.items()]
    return "\n".join(lines) or None

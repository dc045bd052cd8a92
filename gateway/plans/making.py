"""How settings become plans."""

from collections.abc import Mapping

from gateway.backends import Backend
from gateway.plans.aggregated import Aggregated
from gateway.plans.ensemble import Ensemble
from gateway.plans.fallback import Fallback
from gateway.plans.plan import Plan
from gateway.plans.sequence import Steps
from gateway.plans.shadow import Shadow
from gateway.plans.single import Single
from gateway.plans.split import Split
from gateway.plans.stored import Stored
from gateway.reports import Reports
from gateway.settings.nesting import in_order
from gateway.settings.routes import RouteSettings
from gateway.shadows import Watch
from gateway.sides import SidesReport


def make_plans(
    backends: Mapping[str, Backend], routes: Mapping[str, RouteSettings], reports: Reports
) -> dict[str, Plan]:
    """Give every public name its plan: each backend under its own name, and the routes."""
    plans: dict[str, Plan] = {name: Single(backend) for name, backend in backends.items()}
    for name in in_order(routes):
        plans[name] = make_plan(name, routes[name], plans, reports)
    return {name: plans[name] for name in (*backends, *routes)}


def make_plan(name: str, route: RouteSettings, plans: Mapping[str, Plan], reports: Reports) -> Plan:
    """Give the plan of a route above others."""
    branches: dict[str, Plan] = {member: plans[member] for _, member in route.named()}
    if route.ensemble is not None:
        if route.aggregate is not None:
            return Aggregated(name, branches, route.aggregate, route.terms)
        return Ensemble(name, branches, route.terms)
    branches |= {one.name: Stored(one.name, one.answer) for one in route.stored}
    if route.switch is not None:
        from gateway.plans.switch import Switch  # its parser takes 0.3 s and 37 MB: only who has conditions pays

        return Switch(name, branches, route.switch)
    if route.shadow is not None:
        return Shadow(name, branches, route.shadow, reports.of(name, Watch))
    if route.sequence is not None:
        return Steps(name, branches)
    if route.fallback is not None:
        return Fallback(name, branches, route.fallback.within_s)
    assert route.split is not None
    return Split(name, branches, route.split, reports.of(name, SidesReport))

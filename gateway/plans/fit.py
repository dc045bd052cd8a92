"""Whether plans fit the contracts of their backends."""

from collections.abc import Mapping

from gateway.errors import BackendUnknown, PlanMismatch
from gateway.plans.plan import Plan


def misfit(plan: Plan) -> str | None:
    """Say why a plan cannot be asked by the contracts that are known; None where it can, or one is not known yet."""
    try:
        plan.decoder  # noqa: B018 (it is derived together with all else)
    except PlanMismatch as exc:
        return str(exc)
    except BackendUnknown:
        return None
    return None


def misfits(plans: Mapping[str, Plan]) -> dict[str, str]:
    """Say so of those of several plans that cannot be asked, by their names."""
    return {name: reason for name, plan in plans.items() if (reason := misfit(plan)) is not None}

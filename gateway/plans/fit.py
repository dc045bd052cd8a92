"""Whether plans fit the contracts of their backends."""

from collections.abc import Iterable, Mapping

from contract import ContractError
from gateway.errors import BackendUnknown, GatewayError, PlanMismatch
from gateway.plans.plan import Plan


def unfit(plan: Plan, branches: Iterable[Plan], fault: ContractError) -> GatewayError:
    """Give what a plan fails by whose branches do not fit: while one of them is known only in part, they yet may."""
    silent = next((member.name for member in plan.members if member.current is None), None)
    if silent is not None and any(branch.decoder.others for branch in branches):
        return BackendUnknown(f"{silent} has not answered since the gateway started", model=silent)
    return PlanMismatch(f"what {plan.name} asks does not fit together: {fault}")


def misfit(plan: Plan) -> str | None:
    """Say why a plan cannot be asked by the contracts that are known; None where it can, or one is not known yet."""
    try:
        plan.decoder  # noqa: B018 (it is derived together with all else)
    except PlanMismatch as exc:
        return str(exc)
    except BackendUnknown:
        return None
    return None


def is_known(plan: Plan) -> bool:
    """Say whether what a plan takes and gives is known, be it that nothing can."""
    try:
        plan.decoder  # noqa: B018 (as above)
    except PlanMismatch:
        return True
    except BackendUnknown:
        return False
    return True


def all_told(plans: Iterable[Plan]) -> None:
    """Raise BackendUnknown for one that is not known: what is missing may be its."""
    for plan in plans:
        plan.decoder  # noqa: B018 (as above)


def misfits(plans: Mapping[str, Plan]) -> dict[str, str]:
    """Say so of those of several plans that cannot be asked, by their names."""
    return {name: reason for name, plan in plans.items() if (reason := misfit(plan)) is not None}

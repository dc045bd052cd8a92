"""What is told of the server and of a plan in the protocol's words, whichever door asks."""

from typing import Any

from contract import model_metadata, properties, tensor_metadata
from gateway.errors import BackendUnknown
from gateway.inference import check_version
from gateway.plans import Plan, can_answer

VERSION = "0.1.0"

SERVER: dict[str, Any] = {"name": "bentogate", "version": VERSION, "extensions": ["binary_tensor_data"]}


def plan_metadata(plan: Plan, version: str | None) -> dict[str, Any]:
    """Describe a model or a route; raises UnknownName for a version that is not served."""
    check_version(plan, version)
    return composite_metadata(plan) if plan.branches else model_metadata(*plan.contracts)


def composite_metadata(plan: Plan) -> dict[str, Any]:
    """Describe a plan above others as the protocol does: it has no version, and those of its models as properties."""
    return {
        "name": plan.name,
        "platform": f"bentogate_{plan.kind}",
        "inputs": [tensor_metadata(feature) for feature in plan.features],
        "outputs": [tensor_metadata(output) for output in plan.outputs],
        "properties": {
            f"{contract.name}.{key}": value
            for contract in plan.contracts
            for key, value in {"version": contract.version, **properties(contract)}.items()
        },
    }


async def is_ready(plan: Plan, version: str | None) -> bool:
    """Say whether a plan can answer now; a model whose contract is not known cannot.

    Raises UnknownName for a version that is not served, where it is known which is.
    """
    try:
        check_version(plan, version)
    except BackendUnknown:
        return False
    return await can_answer(plan)

"""What is told of the server and of a plan in the protocol's words, whichever door asks."""

import asyncio
from typing import Any

from contract import model_metadata, properties, tensor_metadata
from gateway.errors import BackendUnknown
from gateway.inference import check_version, prefix
from gateway.plans import Ensemble, Plan

VERSION = "0.1.0"

SERVER: dict[str, Any] = {"name": "bentogate", "version": VERSION, "extensions": ["binary_tensor_data"]}


def plan_metadata(plan: Plan, version: str | None) -> dict[str, Any]:
    """Describe a model or an ensemble; raises UnknownName for a version that is not served."""
    check_version(plan, version)
    return ensemble_metadata(plan) if isinstance(plan, Ensemble) else model_metadata(*plan.contracts)


def ensemble_metadata(plan: Ensemble) -> dict[str, Any]:
    """Describe an ensemble as the protocol does: it has no version of its own, and its members' in its properties."""
    return {
        "name": plan.name,
        "platform": f"bentogate_{plan.kind}",
        "inputs": [tensor_metadata(feature) for feature in plan.features],
        "outputs": [
            {**tensor_metadata(output), "name": prefix(plan, contract.name) + output.name}
            for contract in plan.contracts
            for output in contract.outputs
        ],
        "properties": {
            f"{contract.name}.{key}": value
            for contract in plan.contracts
            for key, value in {"version": contract.version, **properties(contract)}.items()
        },
    }


async def is_ready(plan: Plan, version: str | None) -> bool:
    """Say whether a plan can answer now: all its members can, and one whose contract is not known cannot.

    Raises UnknownName for a version that is not served, where it is known which is.
    """
    try:
        check_version(plan, version)
    except BackendUnknown:
        return False
    if any(member.current is None for member in plan.members):
        return False
    return all(await asyncio.gather(*(member.is_ready() for member in plan.members)))

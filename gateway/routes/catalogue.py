"""What is served: `GET /v1/models` and the protocol's metadata."""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from contract import model_metadata, properties, tensor_metadata
from gateway.errors import GatewayError
from gateway.gateway import Gateway
from gateway.plans import Ensemble, Plan
from gateway.routes.inference import check_version, qualified

router = APIRouter()


def gateway_of(request: Request) -> Gateway:
    """Give the gateway that the app stands in front of."""
    gateway: Gateway = request.app.state.gateway
    return gateway


Open = Annotated[Gateway, Depends(gateway_of)]


def described(plan: Plan) -> dict[str, Any]:
    """Describe a public name; what is not known yet is left out."""
    entry: dict[str, Any] = {"name": plan.name, "kind": plan.kind, "known": True}
    if isinstance(plan, Ensemble):
        entry["members"] = [member.name for member in plan.members]
    try:
        contracts, features = plan.contracts, plan.features
    except GatewayError as exc:
        return {**entry, "known": False, "reason": str(exc)}
    entry["features"] = msgspec.to_builtins(features)
    if isinstance(plan, Ensemble):
        entry["outputs"] = {contract.name: msgspec.to_builtins(contract.outputs) for contract in contracts}
        entry["versions"] = {contract.name: contract.version for contract in contracts}
        return entry
    (contract,) = contracts
    for name in (
        "version",
        "description",
        "card",
        "outputs",
        "decisions",
        "metrics",
        "runtime",
        "runtime_reason",
        "provenance",
    ):
        if hasattr(contract, name):  # a declared contract says less than that of a stored model
            entry[name] = msgspec.to_builtins(getattr(contract, name))
    return entry


@router.get("/v1/models", tags=["models"])
async def list_models(gateway: Open) -> JSONResponse:
    """List every model and route with features, outputs and versions."""
    return JSONResponse(
        {"default": gateway.settings.default, "models": [described(plan) for plan in gateway.plans.values()]}
    )


@router.get("/v1/models/{name}", tags=["models"])
async def one_model(name: str, gateway: Open) -> JSONResponse:
    """Describe one model or route, with metrics and readiness."""
    plan = gateway.plan(name)
    return JSONResponse({**described(plan), "ready": await is_ready(plan)})


@router.get("/v2", tags=["protocol"])
async def server(request: Request) -> JSONResponse:
    """Name the server and its extensions."""
    return JSONResponse({"name": "bentogate", "version": request.app.version, "extensions": ["binary_tensor_data"]})


@router.get("/v2/models/{name}", tags=["protocol"])
@router.get("/v2/models/{name}/versions/{version}", tags=["protocol"])
async def metadata(name: str, gateway: Open, version: str | None = None) -> JSONResponse:
    """Describe inputs and outputs as tensors, and what a model was made of."""
    plan = gateway.plan(name)
    check_version(plan, version)
    if not isinstance(plan, Ensemble):
        return JSONResponse(model_metadata(*plan.contracts))
    return JSONResponse(ensemble_metadata(plan))


def ensemble_metadata(plan: Ensemble) -> dict[str, Any]:
    """Describe an ensemble as the protocol does: it has no version of its own, and its members' in its properties."""
    return {
        "name": plan.name,
        "platform": f"bentogate_{plan.kind}",
        "inputs": [tensor_metadata(feature) for feature in plan.features],
        "outputs": [
            {**tensor_metadata(output), "name": qualified(plan, contract.name, output.name)}
            for contract in plan.contracts
            for output in contract.outputs
        ],
        "properties": {
            f"{contract.name}.{key}": value
            for contract in plan.contracts
            for key, value in {"version": contract.version, **properties(contract)}.items()
        },
    }


@router.get("/v2/models/{name}/ready", tags=["protocol"])
@router.get("/v2/models/{name}/versions/{version}/ready", tags=["protocol"])
async def model_ready(name: str, gateway: Open, version: str | None = None) -> JSONResponse:
    """Say whether a model can answer now; an ensemble can if all its members can."""
    plan = gateway.plan(name)
    if version is not None:
        check_version(plan, version)
    ready = await is_ready(plan)
    return JSONResponse({"name": name, "ready": ready}, 200 if ready else 503)


async def is_ready(plan: Plan) -> bool:
    """Ask the members; one whose contract is not known is not ready."""
    if any(member.current is None for member in plan.members):
        return False
    return all(await asyncio.gather(*(member.is_ready() for member in plan.members)))

"""What is served: `GET /v1/models` and the protocol's metadata."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from contract import Output
from gateway.errors import GatewayError
from gateway.gateway import Gateway
from gateway.metadata import SERVER, is_ready, plan_metadata
from gateway.plans import Plan

router = APIRouter()


def gateway_of(request: Request) -> Gateway:
    """Give the gateway that the app stands in front of."""
    gateway: Gateway = request.app.state.gateway
    return gateway


Open = Annotated[Gateway, Depends(gateway_of)]


def described(plan: Plan) -> dict[str, Any]:
    """Describe a public name; what is not known yet is left out."""
    entry: dict[str, Any] = {"name": plan.name, "kind": plan.kind, "known": True}
    if plan.branches:
        entry |= {"members": list(plan.branches), **plan.told}
        if stored := {name: its.told["answer"] for name, its in plan.branches.items() if its.kind == "stored"}:
            entry["stored"] = stored
        if plan.terms is not None:
            entry["terms"] = msgspec.to_builtins(plan.terms)
    try:
        contracts, features, outputs = plan.contracts, plan.features, plan.outputs
    except GatewayError as exc:
        return {**entry, "known": False, "reason": str(exc)}
    entry["features"] = msgspec.to_builtins(features)
    if plan.branches:
        entry["outputs"] = described_outputs(outputs)
        entry["versions"] = {contract.name: contract.version for contract in contracts}
        entry["changed"] = {member.name: msgspec.to_builtins(member.history.last) for member in plan.members}
        return entry
    ((contract,), (member,)) = contracts, plan.members
    entry["changed"] = msgspec.to_builtins(member.history.last)
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


def described_outputs(outputs: Sequence[Output]) -> Any:
    """Describe outputs; where all are below a name, in one list for each."""
    described: dict[str, list[Any]] = {}
    for output in outputs:
        level, _, name = output.name.partition(".")
        described.setdefault(level if name else "", []).append({**msgspec.to_builtins(output), "name": name or level})
    return msgspec.to_builtins(outputs) if "" in described else described


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
    return JSONResponse({**described(plan), "ready": await is_ready(plan, None)})


@router.get("/v2", tags=["protocol"])
async def server() -> JSONResponse:
    """Name the server and its extensions."""
    return JSONResponse(SERVER)


@router.get("/v2/models/{name}", tags=["protocol"])
@router.get("/v2/models/{name}/versions/{version}", tags=["protocol"])
async def metadata(name: str, gateway: Open, version: str | None = None) -> JSONResponse:
    """Describe inputs and outputs as tensors, and what a model was made of."""
    return JSONResponse(plan_metadata(gateway.plan(name), version))


@router.get("/v2/models/{name}/ready", tags=["protocol"])
@router.get("/v2/models/{name}/versions/{version}/ready", tags=["protocol"])
async def model_ready(name: str, gateway: Open, version: str | None = None) -> JSONResponse:
    """Say whether a model can answer now, or a route by those that it needs for an answer."""
    ready = await is_ready(gateway.plan(name), version)
    return JSONResponse({"name": name, "ready": ready}, 200 if ready else 503)

"""For programs on the admin side: what a plan tells of itself since this process started."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway.routes.catalogue import Open

router = APIRouter(tags=["plans"])


@router.get("/plans/{name}")
async def report(name: str, gateway: Open) -> JSONResponse:
    """Give the report of a route with its settings; `process` is another one after each start."""
    plan, reports = gateway.plan(name), gateway.metrics.reports
    its = reports.of_routes.get(name)
    told = {"name": name, "kind": plan.kind, "process": reports.process, **plan.told}
    return JSONResponse({**told, **(its.document() if its else {})})

"""For probes: alive, ready, and for whom the gateway waits. None of it asks a model."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway.routes.catalogue import Open

router = APIRouter(tags=["health"])


@router.get("/livez")
@router.get("/v2/health/live")
async def live() -> JSONResponse:
    """Say that the event loop turns."""
    return JSONResponse({"live": True})


@router.get("/readyz")
async def readyz(gateway: Open) -> JSONResponse:
    """Say whether requests are welcome, and which models have not answered yet."""
    return JSONResponse({"ready": gateway.ready, "waiting_for": gateway.waiting_for}, 200 if gateway.ready else 503)


@router.get("/v2/health/ready")
async def ready(gateway: Open) -> JSONResponse:
    """Say the same in the protocol's words."""
    return JSONResponse({"ready": gateway.ready}, 200 if gateway.ready else 503)

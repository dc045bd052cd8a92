"""For people on the admin side: how far the data of each model is from that of its training."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway.drift.document import document
from gateway.routes.catalogue import Open

router = APIRouter(tags=["drift"])


@router.get("/console/drift")
async def drift(gateway: Open) -> JSONResponse:
    """Describe the fields of each model that has a profile, what moved most first."""
    described = {
        name: document(backend.drift) for name, backend in gateway.backends.items() if backend.drift is not None
    }
    return JSONResponse({"models": {name: one for name, one in described.items() if one is not None}})

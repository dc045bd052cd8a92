"""The page and its JSON, all of it on the admin listener."""

import re
from pathlib import Path

import msgspec
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from gateway.backends import Backend
from gateway.console.state import artifact, details, state
from gateway.errors import UnknownName
from gateway.gateway import Gateway
from gateway.routes.catalogue import Open

PAGE = Path(__file__).with_name("page")

FILE = re.compile(r"[a-z_]+\.(html|css|js|svg)")
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

PAGE_HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}

REPORT_HEADERS = {
    # It comes from a model service, whose pages are not to act as this one.
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "x-content-type-options": "nosniff",
}

router = APIRouter()


def backend_of(gateway: Gateway, name: str) -> Backend:
    """Give the backend of a name; raises UnknownName."""
    if name not in gateway.backends:
        raise UnknownName(f"there is no model {name[:60]!r}; there are: {', '.join(sorted(gateway.backends))}")
    return gateway.backends[name]


@router.get("/")
async def page() -> Response:
    """Give the page."""
    return await file("index.html")


@router.get("/console/page/{name}")
async def file(name: str) -> Response:
    """Give a file of the page; raises UnknownName."""
    match = FILE.fullmatch(name)
    path = PAGE / name
    if match is None or not path.is_file():
        raise UnknownName("the console has no such file")
    return Response(path.read_bytes(), media_type=TYPES[match[1]], headers=PAGE_HEADERS)


@router.get("/console/state")
async def console_state(gateway: Open) -> JSONResponse:
    """Describe the gateway, its routes and its models."""
    return JSONResponse(await state(gateway))


@router.get("/console/models/{name}")
async def console_model(name: str, gateway: Open) -> JSONResponse:
    """Give contract and profile of a model."""
    return JSONResponse(await details(backend_of(gateway, name)))


@router.get("/console/routes/{name}")
async def console_route(name: str, gateway: Open) -> JSONResponse:
    """Give what a route takes."""
    return JSONResponse({"features": msgspec.to_builtins(gateway.plan(name).features)})


@router.get("/console/models/{name}/report")
async def console_report(name: str, gateway: Open) -> Response:
    """Give the report of a model's training, as its service has it."""
    body = await artifact(backend_of(gateway, name), "report")
    if body is None:
        raise UnknownName(f"{name} has no report, or does not answer")
    return Response(body, media_type="text/html", headers=REPORT_HEADERS)


@router.get("/console/requests")
async def console_requests(gateway: Open) -> JSONResponse:
    """Give the last requests, the newest first."""
    recent = gateway.process.recent
    return JSONResponse({"requests": recent.after(0) if recent else [], "number": recent.number if recent else 0})

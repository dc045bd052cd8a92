"""What the console says of the gateway, its routes and its models, without figures."""

import asyncio
import socket
import time
from typing import Any

import msgspec

from gateway.backends import Backend
from gateway.console.live import state_of
from gateway.console.plans import mark_of, routes_of
from gateway.errors import GatewayError
from gateway.gateway import Gateway
from gateway.metadata import VERSION


async def state(gateway: Gateway) -> dict[str, Any]:
    """Describe all of it; each model is asked whether it is ready. `replica` is the name of the host or of the pod."""
    settings, routes = gateway.settings, routes_of(gateway)
    answers = await asyncio.gather(*(backend.is_ready() for backend in gateway.backends.values()))
    ready = dict(zip(gateway.backends, answers, strict=True))
    return {
        "replica": socket.gethostname(),
        "version": VERSION,
        "up_s": round(time.monotonic() - gateway.process.started, 1),
        "ready": gateway.ready,
        "waiting_for": gateway.waiting_for,
        "draining": gateway.ending.draining,
        "keeps": gateway.process.predictions is not None,
        "port": settings.port,
        "root_path": settings.root_path,
        "default": settings.default,
        "routes": routes,
        "mark": mark_of(routes),
        "models": [model(backend, ready) for backend in gateway.backends.values()],
    }


def model(backend: Backend, ready: dict[str, bool]) -> dict[str, Any]:
    """Describe one model."""
    changed = backend.history.last
    return {
        "name": backend.name,
        "url": backend.server.address,
        "description": backend.current.description if backend.current else None,
        "changed": msgspec.to_builtins(changed) if changed else None,
        **state_of(backend, ready),
    }


async def details(backend: Backend) -> dict[str, Any]:
    """Give the contract of a model, and its profile where its server has one; raises BackendUnknown."""
    contract = backend.contract
    return {
        "contract": msgspec.to_builtins(contract),
        "changed": msgspec.to_builtins(backend.history.last),
        "profile": await profile(backend, contract.version),
    }


async def profile(backend: Backend, version: str) -> Any:
    """Ask for the profile of a version; None where there is none, or none that can be had now."""
    body = await artifact(backend, "profile", version)
    try:
        return None if body is None else msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


async def artifact(backend: Backend, name: str, version: str | None = None) -> bytes | None:
    """Ask a model service for a part of its artifact; None where it has none, or none of that version."""
    try:
        answer = await backend.server.get(f"/artifact/{name}")
    except GatewayError:
        return None
    if answer.status != 200 or (version and answer.header("x-model-version") != version):
        return None
    return answer.body

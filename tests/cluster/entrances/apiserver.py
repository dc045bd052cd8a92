"""The part of the Kubernetes API server that Traefik asks: lists, watches, and updates of a status."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.cluster.entrances.defaults import defaulted
from tests.cluster.rendered import Manifest

WATCHED = (  # a watch of a collection ends in a mark of the collection's kind, also where it is empty
    *("ConfigMap", "EndpointSlice", "Ingress", "IngressClass", "Namespace", "Node", "Secret", "Service"),
    *("BackendTLSPolicy", "GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant", "TLSRoute"),
    *("IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "Middleware", "MiddlewareTCP", "ServersTransport"),
    *("ServersTransportTCP", "TLSOption", "TLSStore", "TraefikService"),
)


class ApiServer:
    """Hold objects by collection and name, and tell the watches what changes."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self.versions = itertools.count(1)
        self.objects: dict[str, dict[str, Manifest]] = {}
        self.watches: list[tuple[str, asyncio.AbstractEventLoop, asyncio.Queue[str]]] = []
        for manifest in manifests:
            self.apply(manifest)

    def app(self) -> Starlette:
        """Give the app."""
        return Starlette(
            routes=[
                Route("/{path:path}/status", self.status, methods=["PUT", "PATCH"]),
                Route("/{path:path}", self.read),
            ]
        )

    def apply(self, manifest: Manifest) -> None:
        """Add or replace an object."""
        one = defaulted(deepcopy(manifest))
        one["metadata"]["resourceVersion"] = str(next(self.versions))
        path, name = collection(one), one["metadata"]["name"]
        known = self.objects.setdefault(path, {})
        change = "MODIFIED" if name in known else "ADDED"
        known[name] = one
        self.tell(path, event(change, one))

    def delete(self, manifest: Manifest) -> None:
        """Take an object away."""
        path = collection(manifest)
        self.tell(path, event("DELETED", self.objects[path].pop(manifest["metadata"]["name"])))

    def tell(self, path: str, line: str) -> None:
        """Send an event to the watches of a collection; another thread serves them."""
        for watched, loop, queue in self.watches:
            if watched == path:
                loop.call_soon_threadsafe(queue.put_nowait, line)

    async def status(self, request: Request) -> Response:
        """Take a status, and keep nothing of it: what a controller says of itself proves nothing."""
        return JSONResponse(await request.json())

    async def read(self, request: Request) -> Response:
        """Answer a list or a watch."""
        path = request.url.path
        if request.query_params.get("watch"):
            return StreamingResponse(self.events(path), media_type="application/json")
        body = {**type_of(path, "List"), "metadata": {"resourceVersion": "1"}, "items": self.listed(path)}
        return JSONResponse(body)

    def listed(self, path: str) -> list[Manifest]:
        """Give the objects of a collection."""
        return list(self.objects.get(path, {}).values())

    async def events(self, path: str) -> AsyncIterator[str]:
        """Tell what there is, mark the end of that, then tell what changes."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        watch = path, asyncio.get_running_loop(), queue
        self.watches.append(watch)
        for one in self.listed(path):
            yield event("ADDED", one)
        mark = {"resourceVersion": str(next(self.versions)), "annotations": {"k8s.io/initial-events-end": "true"}}
        yield event("BOOKMARK", {**type_of(path), "metadata": mark})
        try:
            while True:
                yield await queue.get()
        finally:
            self.watches.remove(watch)


def event(change: str, one: dict[str, Any]) -> str:
    """Write an event as a line."""
    return json.dumps({"type": change, "object": one}) + "\n"


def plural(kind: str) -> str:
    """Give the name of a kind's collection."""
    name = kind.lower()
    if name.endswith("cy"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith("s") else f"{name}s"


def collection(one: Manifest) -> str:
    """Give the path that lists a kind's objects in all namespaces."""
    version = one["apiVersion"]
    return f"/{'apis' if '/' in version else 'api'}/{version}/{plural(one['kind'])}"


def type_of(path: str, suffix: str = "") -> dict[str, str]:
    """Give version and kind of what a collection holds."""
    (kind,) = (kind for kind in WATCHED if path.endswith(f"/{plural(kind)}"))
    return {"apiVersion": path.split("/", 2)[2].rsplit("/", 1)[0], "kind": kind + suffix}

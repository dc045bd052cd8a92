"""What the API server writes into objects that leave it out, as far as Traefik reads it."""

from collections.abc import Iterator
from typing import Any

from tests.cluster.rendered import Manifest

CLUSTER_WIDE = {"GatewayClass", "IngressClass", "Namespace"}


def defaulted(one: Manifest) -> Manifest:
    """Fill in the namespace and what the kind's schema has as defaults; the object is changed."""
    if one["kind"] not in CLUSTER_WIDE:
        one["metadata"].setdefault("namespace", "default")
    for part, values in missing(one["kind"], one.get("spec", {})):
        for key, value in values.items():
            part.setdefault(key, value)
    return one


def missing(kind: str, spec: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give each part of a spec that has defaults, with these."""
    if kind == "Service":
        yield from ((port, {"protocol": "TCP"}) for port in spec["ports"])
    elif kind == "Gateway":
        for listener in spec["listeners"]:
            yield listener, {"allowedRoutes": {"namespaces": {"from": "Same"}}}
            yield from ((ref, {"group": "", "kind": "Secret"}) for ref in listener["tls"]["certificateRefs"])
    elif kind == "HTTPRoute":
        yield from (
            (parent, {"group": "gateway.networking.k8s.io", "kind": "Gateway"}) for parent in spec["parentRefs"]
        )
        for rule in spec["rules"]:
            yield from ((ref, {"group": "", "kind": "Service", "weight": 1}) for ref in rule["backendRefs"])

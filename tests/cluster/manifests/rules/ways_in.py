"""The way of a request: an Ingress or a route to the gateway's Service, and its settings to those of models."""

from urllib.parse import urlsplit

import yaml

from tests.cluster.manifests.rules.objects import NAME, WAYS_IN, containers, deployments, pod_labels, selected, title
from tests.cluster.rendered import Manifest, of_kind


def ways_in_lead_to_services(manifests: list[Manifest]) -> list[str]:
    """Each Ingress and HTTPRoute has a backend, and each is a Service and port that leads to the gateway's http."""
    public = {
        (service["metadata"]["name"], port[key])
        for service in of_kind(manifests, "Service")
        if selected(deployments(manifests, "gateway"), service["spec"].get("selector", {}))
        for port in service["spec"]["ports"]
        if port.get("targetPort") == "http"
        for key in ("name", "port")
    }
    faults = []
    for way in of_kind(manifests, *WAYS_IN):
        backends = backends_of(way, manifests)
        faults += [] if backends else [f"{title(way)}: has no backend"]
        faults += [
            f"{title(way)}: backend {name}, port {port!r}, is no Service and port for callers"
            for name, port in backends
            if (name, port) not in public
        ]
    return faults


def backends_of(way: Manifest, manifests: list[Manifest]) -> list[tuple[str, str | int]]:
    """Give the Services that a way in leads to, itself or by a TraefikService, each with its port's name or number."""
    if way["kind"] == "HTTPRoute":
        named = [one for rule in way["spec"]["rules"] for one in rule["backendRefs"]]
        return [(one["name"], one["port"]) for ref in named for one in followed(ref, manifests)]
    paths = [path["backend"] for rule in way["spec"].get("rules", ()) for path in rule["http"]["paths"]]
    paths += [way["spec"]["defaultBackend"]] if "defaultBackend" in way["spec"] else []
    return [(path["service"]["name"], next(iter(path["service"]["port"].values()))) for path in paths]


def followed(ref: Manifest, manifests: list[Manifest]) -> list[Manifest]:
    """Give the references to Services that one of an HTTPRoute stands for: itself, or those of its TraefikService."""
    if ref.get("kind", "Service") == "Service":
        return [ref]
    found = [one for one in of_kind(manifests, ref["kind"]) if one["metadata"]["name"] == ref["name"]]
    return [service for one in found for service in one["spec"]["weighted"]["services"]]


def backends_are_services_of_models(manifests: list[Manifest]) -> list[str]:
    """Each backend is at a Service of the model of its name, balanced where that is headless, and each model is one."""
    real = {
        f"{pod_labels(model)[NAME]} at http://{one['metadata']['name']}:{port['port']} by {way_of(one)}"
        for one in of_kind(manifests, "Service")
        for model in selected(deployments(manifests, "model"), one["spec"].get("selector", {}))
        for port in one["spec"]["ports"]
    }
    named = {name: place_of(backend) for name, backend in backends(manifests).items()}
    models = {pod_labels(model)[NAME] for model in deployments(manifests, "model")}
    return [
        *(f"backend {place} is no model's Service" for name, place in sorted(named.items()) if place not in real),
        *(f"no backend is {name}" for name in sorted(models - named.keys())),
    ]


def way_of(service: Manifest) -> str:
    """Give the setting `endpoints` that fits a Service."""
    return "dns" if service["spec"].get("clusterIP") == "None" else "service"


def backends(manifests: list[Manifest]) -> dict[str, dict[str, str]]:
    """Give the settings of each backend: those of gateway.yaml, and the gateway's variables over them."""
    found: dict[str, dict[str, str]] = {}
    for one in of_kind(manifests, "ConfigMap"):
        found |= yaml.safe_load(one.get("data", {}).get("gateway.yaml", "backends: {}"))["backends"]
    for gateway in deployments(manifests, "gateway"):
        for variable in (one for box in containers(gateway) for one in box["env"]):
            match variable["name"].lower().split("__"):
                case ["gateway_backends", name, key]:
                    found[name] = {**found.get(name, {}), key: variable["value"]}
    return {name: {"name": name, **settings} for name, settings in found.items()}


def place_of(backend: dict[str, str]) -> str:
    """Say where a backend is, and how its addresses are found."""
    url = urlsplit(backend["url"])
    at = f"{url.scheme}://{url.hostname}:{url.port or 80}{url.path}"
    return f"{backend['name']} at {at} by {backend.get('endpoints', 'service')}"

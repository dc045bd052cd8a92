"""The way of a request: an Ingress or a route to the gateway's Service, and gateway.yaml to the models' Services."""

from urllib.parse import urlsplit

import yaml

from tests.cluster.manifests.rules.objects import NAME, WAYS_IN, deployments, pod_labels, selected, title
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
    """Each backend of gateway.yaml is at the Service of the model of its name, and each model is a backend."""
    real = {
        f"{pod_labels(model)[NAME]} at http://{one['metadata']['name']}:{port['port']}"
        for one in of_kind(manifests, "Service")
        for model in selected(deployments(manifests, "model"), one["spec"].get("selector", {}))
        for port in one["spec"]["ports"]
    }
    named = set()
    for one in of_kind(manifests, "ConfigMap"):
        for name, backend in yaml.safe_load(one.get("data", {}).get("gateway.yaml", "backends: {}"))[
            "backends"
        ].items():
            url = urlsplit(backend["url"])
            named.add(f"{name} at {url.scheme}://{url.hostname}:{url.port or 80}{url.path}")
    return [
        *(f"gateway.yaml: backend {one} is no model's Service" for one in sorted(named - real)),
        *(f"gateway.yaml: no backend is {one}" for one in sorted(real - named)),
    ]

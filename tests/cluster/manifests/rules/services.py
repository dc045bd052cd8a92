"""Services: whom they select, and their ports."""

from collections import Counter
from typing import Any

from models import model_names
from stack.procfile import read_procfile
from tests.cluster.manifests.rules.objects import WAYS_IN, deployments, ports, selected, title, titles
from tests.cluster.rendered import Manifest, of_kind
from tests.conftest import ROOT

PORTS = read_procfile(ROOT / "Procfile").ports
DOCUMENTED = {
    "ml-inference-service": ("LoadBalancer", {80: 8001, 443: 8443}),
    "ml-inference-admin": ("ClusterIP", {8081: 8081}),
    **{f"ml-{name}": ("ClusterIP", {80: PORTS[f"{name.upper()}_PORT"]}) for name in model_names()},
}
"""Each Service's type, and the port of its pods behind each of its own."""
HEADLESS = {
    f"ml-{name}-pods": ("ClusterIP", {PORTS[f"{name.upper()}_PORT"]: PORTS[f"{name.upper()}_PORT"]})
    for name in model_names()
}
"""Those of the component `headless`: all of them or none."""
ADMIN_PODS = {"ml-inference-admin-pods": ("ClusterIP", {8081: 8081})}
"""That of the component `canary`."""
GRPC = {9001: 9001}
"""What the gateway's has more where its pods have a port for gRPC."""


def services_select_one_deployment(manifests: list[Manifest]) -> list[str]:
    """Each Service leads to the pods of exactly one Deployment."""
    chosen = {title(one): selected(manifests, one["spec"].get("selector", {})) for one in of_kind(manifests, "Service")}
    return [
        f"{name}: spec.selector chooses the pods of {titles(found)}, not of one Deployment"
        for name, found in chosen.items()
        if len(found) != 1
    ]


def services_name_ports_of_their_pods(manifests: list[Manifest]) -> list[str]:
    """Each targetPort is the name of a port that the selected pods have."""
    return [
        f"{title(service)}: targetPort {port.get('targetPort')!r} is no port's name in {title(deployment)}"
        for service in of_kind(manifests, "Service")
        for deployment in selected(manifests, service["spec"].get("selector", {}))
        for port in service["spec"]["ports"]
        if port.get("targetPort") not in ports(deployment)
    ]


def port_numbers_are_in_range(manifests: list[Manifest]) -> list[str]:
    """Ports are in 1..65535, node ports in the range that clusters give out."""
    found: list[tuple[str, int, int, int]] = []
    for deployment in deployments(manifests):
        found += [(f"{title(deployment)}: port {name}", number, 1, 65535) for name, number in ports(deployment).items()]
    for service in of_kind(manifests, "Service"):
        for port in service["spec"]["ports"]:
            found.append((f"{title(service)}: port", port["port"], 1, 65535))
            found.append((f"{title(service)}: nodePort", port.get("nodePort", 30000), 30000, 32767))
    return [
        f"{what} {number} is not in {low}..{high}" for what, number, low, high in found if not low <= number <= high
    ]


def node_ports_are_possible(manifests: list[Manifest]) -> list[str]:
    """A ClusterIP has no node port: the API server refuses it."""
    return [
        f"{title(service)}: nodePort {port['nodePort']} stands in a ClusterIP"
        for service in of_kind(manifests, "Service")
        for port in service["spec"]["ports"]
        if "nodePort" in port and service["spec"].get("type", "ClusterIP") == "ClusterIP"
    ]


def ports_are_unique(manifests: list[Manifest]) -> list[str]:
    """No name and no number of a port stands twice in a pod or in a Service, and each port has a name."""
    faults = []
    listed = [(one, [port for box in boxes_of(one) for port in box.get("ports", ())]) for one in manifests]
    for manifest, own in listed:
        for key in ("name", "containerPort", "port"):
            count = Counter(port.get(key) for port in own if key in port or key == "name")
            faults += [
                f"{title(manifest)}: the port's {key} {value!r} is missing or stands twice"
                for value, times in count.items()
                if times > 1 or value is None
            ]
    return faults


def boxes_of(manifest: Manifest) -> list[Any]:
    """Give what lists ports: the containers of a Deployment, a Service itself."""
    if manifest["kind"] == "Service":
        return [manifest["spec"]]
    return list(manifest["spec"]["template"]["spec"]["containers"]) if manifest["kind"] == "Deployment" else []


def services_are_as_documented(manifests: list[Manifest]) -> list[str]:
    """Names, types and ports are those of the table; beside an Ingress or a route there is no second way in."""
    closed = bool(of_kind(manifests, *WAYS_IN))
    there = {one["metadata"]["name"]: one for one in of_kind(manifests, "Service")}
    table = {**DOCUMENTED, **(HEADLESS if there.keys() & HEADLESS.keys() else {})}
    table |= ADMIN_PODS if of_kind(manifests, "CronJob") else {}
    faults = [f"Service {name} is missing" for name in sorted(table.keys() - there)]
    faults += [f"Service {name}: is not in the table" for name in sorted(there.keys() - table)]
    for name in sorted(there.keys() & table):
        service, (kind, wanted) = there[name], table[name]
        kind = "ClusterIP" if closed else kind
        found = service["spec"].get("type", "ClusterIP")
        if found != kind:
            faults.append(f"{title(service)}: type is {found}, and should be {kind}")
        for deployment in selected(manifests, service["spec"].get("selector", {})):
            real = {port["port"]: ports(deployment).get(port.get("targetPort")) for port in service["spec"]["ports"]}
            more = GRPC if name == "ml-inference-service" and "grpc" in ports(deployment) else {}
            if real != {**wanted, **more}:
                faults.append(f"{title(service)}: ports lead to {real}, and should to { ({**wanted, **more}) }")
    return faults


def headless_services_name_ready_pods(manifests: list[Manifest]) -> list[str]:
    """A Service without an address is one of those that are called so, and its name leads to pods that are ready."""
    faults = []
    for service in of_kind(manifests, "Service"):
        is_headless = service["spec"].get("clusterIP") == "None"
        if is_headless != service["metadata"]["name"].endswith("-pods"):
            faults.append(f"{title(service)}: clusterIP is {service['spec'].get('clusterIP')!r}")
        if is_headless and service["spec"].get("publishNotReadyAddresses"):
            faults.append(f"{title(service)}: its name leads to pods that are not ready")
    return faults

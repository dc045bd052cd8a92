"""NetworkPolicies: the edges that they allow are those that exist."""

import itertools
from collections.abc import Iterable
from typing import Any

from tests.cluster.manifests.rules.edges import UNLISTED, Place, Port, governs, is_peer, passes, place
from tests.cluster.manifests.rules.objects import COMPONENT, deployments, pod_labels, ports, title, titles, workloads
from tests.cluster.rendered import Manifest, of_kind

THEIRS = (Port("UDP", "53", 53), Port("TCP", "53", 53), Port("TCP", "http", 80), *UNLISTED)
DNS = Place("DNS", "kube-system", {"k8s-app": "kube-dns"}, THEIRS)
PROMETHEUS = Place("Prometheus", "monitoring", {"app.kubernetes.io/name": "prometheus"}, THEIRS)
API_SERVER = Place("the API server", "", {}, (Port("TCP", "443", 443), Port("TCP", "6443", 6443), *UNLISTED))
OUTSIDE = (
    API_SERVER,
    PROMETHEUS,
    Place("a pod beside Prometheus", "monitoring", {}, THEIRS),
    Place("the world", "", {}, THEIRS),
    Place("a pod of another namespace", "elsewhere", {"k8s-app": "kube-dns"}, THEIRS),
    Place("another pod of kube-system", "kube-system", {}, THEIRS),
    DNS,
)


def policies_allow_the_edges_that_exist(manifests: list[Manifest]) -> list[str]:
    """Where policies are about the gateway: world → gateway → models, gateway → DNS, and more with some components.

    Prometheus → both where it is to scrape, and canary → gateway's admin side, DNS and API server.
    No edge is missing and none too many.
    """
    policies = of_kind(manifests, "NetworkPolicy")
    ours = {title(one): place(one) for one in workloads(manifests)}
    gateways, models = ([ours[title(one)] for one in deployments(manifests, role)] for role in ("gateway", "model"))
    canaries = [ours[title(one)] for one in workloads(manifests) if pod_labels(one).get(COMPONENT) == "canary"]
    if not any(governs(policy, gateway) for policy in policies for gateway in gateways):
        return []
    neighbour = Place("a pod beside ours", policies[0]["metadata"].get("namespace", "default"), {}, THEIRS)
    outside = (*OUTSIDE, neighbour)
    wanted = edges(outside, gateways, {"http", "https", "grpc"}) | edges(gateways, models, {"http"})
    wanted |= edges(gateways, [DNS], {"53"})
    wanted |= edges(canaries, gateways, {"admin"}) | edges(canaries, [DNS], {"53"})
    wanted |= edges(canaries, [API_SERVER], {"443", "6443"})
    if of_kind(manifests, "ServiceMonitor"):
        wanted |= edges([PROMETHEUS], gateways, {"admin"}) | edges([PROMETHEUS], models, {"http"})
    everywhere = (*ours.values(), *outside)
    allowed = {
        edge(source, target, port)
        for source, target in itertools.product(everywhere, repeat=2)
        for port in target.ports
        if (source in ours.values() or target in ours.values())
        and passes(policies, "Egress", source, target, port)
        and passes(policies, "Ingress", target, source, port)
    }
    return [
        *(f"NetworkPolicies: {one} is not allowed" for one in sorted(wanted - allowed)),
        *(f"NetworkPolicies: {one} is allowed, and nobody needs it" for one in sorted(allowed - wanted)),
    ]


def edges(sources: Iterable[Place], targets: Iterable[Place], names: set[str]) -> set[str]:
    """Draw the edges from each source to ports of these names."""
    return {edge(a, b, port) for a in sources for b in targets for port in b.ports if port.name in names}


def edge(source: Place, target: Place, port: Port) -> str:
    """Write an edge."""
    return f"{source.name} to {target.name}, {port.protocol} {port.name}"


def policies_name_real_ports(manifests: list[Manifest]) -> list[str]:
    """Each policy selects pods of ours, and each port that it names is one of theirs, or of its peers for Egress."""
    faults = []
    for policy in of_kind(manifests, "NetworkPolicy"):
        own = [one for one in workloads(manifests) if governs(policy, place(one))]
        faults += [] if own else [f"{title(policy)}: spec.podSelector selects no pod"]
        for clause in policy["spec"].get("ingress", ()):
            faults += unknown_ports(policy, clause, own)
        for clause in policy["spec"].get("egress", ()):
            peers = [
                one
                for one in deployments(manifests)
                if any(is_peer(policy, entry, place(one)) for entry in clause.get("to", ()))
            ]
            faults += unknown_ports(policy, clause, peers)
    return faults


def unknown_ports(policy: Manifest, clause: dict[str, Any], owners: list[Manifest]) -> list[str]:
    """Name the ports of a clause that not every owner has, or that nobody of ours could have."""
    names = [entry["port"] for entry in clause.get("ports", ()) if isinstance(entry.get("port"), str)]
    return [
        f"{title(policy)}: port {name} is no port of {titles(owners) if owners else 'any pod of ours'}"
        for name in names
        if not owners or not all(name in ports(one) for one in owners)
    ]

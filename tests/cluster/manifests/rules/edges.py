"""How NetworkPolicies judge one connection, as the API's reference defines it.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.cluster.manifests.rules.objects import matches, pod_labels, ports, title
from tests.cluster.rendered import Manifest


class Port(NamedTuple):
    """A port that one may connect to."""

    protocol: str
    name: str
    number: int


@dataclass(frozen=True)
class Place:
    """Where a connection begins or ends: a pod, or with no namespace an address outside the cluster."""

    name: str
    namespace: str
    labels: dict[str, str]
    ports: tuple[Port, ...]


UNLISTED = (Port("TCP", "another port", 9), Port("UDP", "another port", 9))
"""What no pod of ours listens on: it stands for all ports that are not named."""


def place(workload: Manifest) -> Place:
    """Read the pods of a workload."""
    own = tuple(Port("TCP", name, number) for name, number in ports(workload).items())
    namespace = workload["metadata"].get("namespace", "default")
    return Place(title(workload), namespace, pod_labels(workload), (*own, *UNLISTED))


def passes(policies: list[Manifest], direction: str, subject: Place, peer: Place, port: Port) -> bool:
    """Say whether the subject's policies let a connection with this peer pass; without any, all pass."""
    own = [one for one in policies if direction in directions(one) and governs(one, subject)]
    clauses = [(one, clause) for one in own for clause in one["spec"].get(direction.lower()) or ()]
    peers = "from" if direction == "Ingress" else "to"
    return not own or any(
        (not clause.get(peers) or any(is_peer(one, entry, peer) for entry in clause[peers]))
        and (not clause.get("ports") or any(is_port(entry, port) for entry in clause["ports"]))
        for one, clause in clauses
    )


def directions(policy: Manifest) -> list[str]:
    """Give what a policy governs: what it lists, else Ingress always and Egress if it has clauses for that."""
    default = ["Ingress", "Egress"] if policy["spec"].get("egress") else ["Ingress"]
    listed: list[str] = policy["spec"].get("policyTypes", default)
    return listed


def governs(policy: Manifest, subject: Place) -> bool:
    """Say whether a policy selects these pods: of its own namespace only."""
    same = policy["metadata"].get("namespace", "default") == subject.namespace
    return same and matches(policy["spec"].get("podSelector", {}), subject.labels)


def is_peer(policy: Manifest, entry: dict[str, Any], peer: Place) -> bool:
    """Say whether an entry of `from` or `to` means this peer; a block of addresses stands for the world."""
    if "ipBlock" in entry or not peer.namespace:
        return "ipBlock" in entry and not peer.namespace
    if "namespaceSelector" in entry:
        near = matches(entry["namespaceSelector"], {"kubernetes.io/metadata.name": peer.namespace})
    else:
        near = policy["metadata"].get("namespace", "default") == peer.namespace
    return near and matches(entry.get("podSelector", {}), peer.labels)


def is_port(entry: dict[str, Any], port: Port) -> bool:
    """Say whether an entry of `ports` means this port, by name, number, range, or all of its protocol."""
    if entry.get("protocol", "TCP") != port.protocol or "port" not in entry:
        return bool(entry.get("protocol", "TCP") == port.protocol)
    if "endPort" in entry:
        return bool(entry["port"] <= port.number <= entry["endPort"])
    return bool(entry["port"] in (port.name, port.number))

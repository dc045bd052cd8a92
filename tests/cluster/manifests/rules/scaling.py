"""How many pods there are: autoscalers, and budgets that leave room to drain a node."""

import math

from tests.cluster.manifests.rules.objects import containers, deployments, matches, pod_labels, title, titles
from tests.cluster.rendered import Manifest, of_kind


def autoscalers_have_targets(manifests: list[Manifest]) -> list[str]:
    """Each autoscaler scales a Deployment of ours, whose containers request the resource that it measures."""
    faults = []
    for scaler, target in pairs(manifests):
        if target is None:
            faults.append(f"{title(scaler)}: spec.scaleTargetRef names no Deployment of ours")
            continue
        faults += [
            f"{title(scaler)}: measures {name}, of which {title(target)} requests none"
            for name in measured(scaler)
            if not all(name in one.get("resources", {}).get("requests", {}) for one in containers(target))
        ]
    return faults


def autoscalers_have_a_range(manifests: list[Manifest]) -> list[str]:
    """The fewest replicas are not more than the most."""
    ranges = [
        (title(one), fewest(one), one["spec"].get("maxReplicas") or one["spec"]["maxReplicaCount"])
        for one, _ in pairs(manifests)
    ]
    return [
        f"{name}: its fewest replicas, {low}, are above its most, {high}" for name, low, high in ranges if low > high
    ]


def fewest(scaler: Manifest) -> int:
    """Give the fewest replicas of an autoscaler, of Kubernetes or of KEDA, which have their own defaults."""
    spec = scaler["spec"]
    found: int = spec.get("minReplicas", 1) if "maxReplicas" in spec else spec.get("minReplicaCount", 0)
    return found


def measured(scaler: Manifest) -> list[str]:
    """Name the resources that an autoscaler measures."""
    if scaler["kind"] == "ScaledObject":
        return [one["type"] for one in scaler["spec"]["triggers"] if one["type"] in ("cpu", "memory")]
    return [metric["resource"]["name"] for metric in scaler["spec"]["metrics"] if metric["type"] == "Resource"]


def only_autoscalers_set_replicas(manifests: list[Manifest]) -> list[str]:
    """A Deployment with an autoscaler says no number itself, to which each apply would swing back."""
    targets = [target for _, target in pairs(manifests) if target]
    return [
        *(f"{title(one)}: spec.replicas stands beside an autoscaler" for one in targets if "replicas" in one["spec"]),
        *(f"{title(one)}: has two autoscalers" for one in targets if targets.count(one) > 1),
    ]


def pairs(manifests: list[Manifest]) -> list[tuple[Manifest, Manifest | None]]:
    """Give each autoscaler with the Deployment that it names."""
    known = {one["metadata"]["name"]: one for one in deployments(manifests)}
    usual = {"apiVersion": "apps/v1", "kind": "Deployment"}  # KEDA's defaults
    references = [
        (one, {**(usual if one["kind"] == "ScaledObject" else {}), **one["spec"]["scaleTargetRef"]})
        for one in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject")
    ]
    return [
        (one, known.get(ref["name"]) if (ref["apiVersion"], ref["kind"]) == ("apps/v1", "Deployment") else None)
        for one, ref in references
    ]


def budgets_select_one_deployment(manifests: list[Manifest]) -> list[str]:
    """Each budget counts the pods of exactly one Deployment, and no pod is under two, which nothing could evict."""
    budgets = [(one, guarded(one, manifests)) for one in of_kind(manifests, "PodDisruptionBudget")]
    every = [deployment for _, found in budgets for deployment in found]
    return [
        *(f"{title(one)}: spec.selector chooses the pods of {titles(own)}" for one, own in budgets if len(own) != 1),
        *sorted({f"{title(one)}: is under two budgets" for one in every if every.count(one) > 1}),
    ]


def budgets_leave_room(manifests: list[Manifest]) -> list[str]:
    """Each budget lets one pod go, though there be no more pods than the fewest."""
    least = {title(target): fewest(one) for one, target in pairs(manifests) if target}
    faults = []
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        for deployment in guarded(budget, manifests):
            replicas = least.get(title(deployment), deployment["spec"].get("replicas", 1))
            if room(budget, replicas) < 1:
                faults.append(f"{title(budget)}: lets none of {replicas} pods of {title(deployment)} be evicted")
    return faults


def guarded(budget: Manifest, manifests: list[Manifest]) -> list[Manifest]:
    """Give the Deployments whose pods a budget counts."""
    return [one for one in deployments(manifests) if matches(budget["spec"].get("selector", {}), pod_labels(one))]


def room(budget: Manifest, replicas: int) -> int:
    """Say how many of so many healthy pods may go; percentages are rounded up, as Kubernetes does."""
    least, most = budget["spec"].get("minAvailable"), budget["spec"].get("maxUnavailable")
    if most is not None:
        return counted(most, replicas)
    return replicas - counted(least, replicas) if least is not None else 0


def counted(value: int | str, replicas: int) -> int:
    """Read a number or a percentage of pods."""
    return math.ceil(int(value.rstrip("%")) * replicas / 100) if isinstance(value, str) else value

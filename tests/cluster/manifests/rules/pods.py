"""What a pod is made of: workloads that these rules can read, resources, and words that Kubernetes knows."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.cluster.manifests.rules.objects import containers, pod_spec, title, workloads
from tests.cluster.rendered import Manifest, of_kind

UNREAD = ("Pod", "ReplicaSet", "StatefulSet", "DaemonSet", "Job")
SUFFIXES = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGT", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGT", start=1)},
}
POD = "Deployment.spec.template.spec"
WORDS = {
    "Service.spec.type": {"ClusterIP", "NodePort", "LoadBalancer"},
    "Service.spec.ports.protocol": {"TCP", "UDP"},
    "Deployment.spec.strategy.type": {"RollingUpdate"},
    f"{POD}.restartPolicy": {"Always"},
    f"{POD}.containers.imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    f"{POD}.containers.ports.protocol": {"TCP", "UDP"},
    f"{POD}.securityContext.seccompProfile.type": {"RuntimeDefault"},
    f"{POD}.topologySpreadConstraints.whenUnsatisfiable": {"DoNotSchedule", "ScheduleAnyway"},
    "CronJob.spec.jobTemplate.spec.template.spec.restartPolicy": {"Never"},
    "CronJob.spec.jobTemplate.spec.podFailurePolicy.rules.action": {"FailJob", "Ignore"},
    "CronJob.spec.jobTemplate.spec.podFailurePolicy.rules.onPodConditions.type": {"DisruptionTarget"},
    "CronJob.spec.jobTemplate.spec.podFailurePolicy.rules.onExitCodes.operator": {"In"},
    "PodDisruptionBudget.spec.unhealthyPodEvictionPolicy": {"AlwaysAllow", "IfHealthyBudget"},
    "HorizontalPodAutoscaler.spec.metrics.type": {"Resource"},
    "HorizontalPodAutoscaler.spec.metrics.resource.target.type": {"Utilization", "AverageValue"},
    "HorizontalPodAutoscaler.spec.behavior.scaleUp.policies.type": {"Pods", "Percent"},
    "HorizontalPodAutoscaler.spec.behavior.scaleDown.policies.type": {"Pods", "Percent"},
    "NetworkPolicy.spec.policyTypes": {"Ingress", "Egress"},
    "NetworkPolicy.spec.ingress.ports.protocol": {"TCP", "UDP"},
    "NetworkPolicy.spec.egress.ports.protocol": {"TCP", "UDP"},
    "Ingress.spec.rules.http.paths.pathType": {"Exact", "Prefix", "ImplementationSpecific"},
}
"""What these fields may say; Kubernetes' published schemas take any text."""


def workloads_are_readable(manifests: list[Manifest]) -> list[str]:
    """All pods are those of Deployments and CronJobs, without other containers, since the rules look nowhere else."""
    return [
        *(f"{title(one)}: the rules read Deployments and CronJobs only" for one in of_kind(manifests, *UNREAD)),
        *(
            f"{title(one)}: the rules read no {key}"
            for one in workloads(manifests)
            for key in ("initContainers", "ephemeralContainers")
            if pod_spec(one).get(key)
        ),
    ]


def containers_have_images(manifests: list[Manifest]) -> list[str]:
    """Each container has an image."""
    return [
        f"{title(one)}: container {box['name']} has no image"
        for one in workloads(manifests)
        for box in containers(one)
        if not box.get("image")
    ]


def words_are_known(manifests: list[Manifest]) -> list[str]:
    """Fields with a fixed set of words have one of these."""
    return [
        f"{title(one)}: {path} is {value!r}"
        for one in manifests
        for path, value in leaves(one, one["kind"])
        if path in WORDS and value not in WORDS[path]
    ]


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Give each plain value with its path; all items of a list have the same."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def resources_are_bounded(manifests: list[Manifest]) -> list[str]:
    """Each container requests cpu and memory and has a limit of memory, none of cpu, and requests no more than it."""
    faults = []
    boxes = [(f"{title(one)}: {box['name']}", box) for one in workloads(manifests) for box in containers(one)]
    for where, box in boxes:
        resources = box.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        for key, wanted in (("requests", {"cpu", "memory"}), ("limits", {"memory"})):
            faults += [f"{where}: {key} has no {name}" for name in sorted(wanted - resources.get(key, {}).keys())]
        if "cpu" in limits:
            faults.append(f"{where}: limits has cpu, which throttles a pod beside an idle processor")
        for name, text in (*requests.items(), *limits.items()):
            if quantity(text) is None or (name == "memory" and (quantity(text) or 0) < 2**20):
                faults.append(f"{where}: {name} {text!r} is no quantity, or less than a mebibyte")
        for name in requests.keys() & limits.keys():
            if (quantity(requests[name]) or 0) > (quantity(limits[name]) or 0):
                faults.append(f"{where}: requests {name} {requests[name]}, above its limit {limits[name]}")
    return faults


def quantity(text: str | int) -> Decimal | None:
    """Read a quantity, or give none for what is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]{0,2})", str(text))
    return Decimal(found[1]) * SUFFIXES[found[2]] if found and found[2] in SUFFIXES else None

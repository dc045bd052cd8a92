"""What the base and each overlay are for: each holds for its own renderings only."""

from tests.cluster.manifests.rules.objects import containers, deployments, title
from tests.cluster.manifests.rules.scaling import guarded, pairs
from tests.cluster.rendered import Manifest, of_kind

CLUSTER_WIDE = ("Namespace",)


def base_has_no_namespace(manifests: list[Manifest]) -> list[str]:
    """The base and the components go into any namespace."""
    return [f"{title(one)}: has a namespace" for one in manifests if "namespace" in one["metadata"]]


def production_has_one_namespace(manifests: list[Manifest]) -> list[str]:
    """Everything in production is in the namespace that comes with it."""
    spaces = [one["metadata"]["name"] for one in of_kind(manifests, "Namespace")]
    faults = [] if spaces == ["bentogate"] else [f"the namespaces are {spaces}"]
    return faults + [
        f"{title(one)}: namespace is {one['metadata'].get('namespace')!r}"
        for one in manifests
        if one["kind"] not in CLUSTER_WIDE and one["metadata"].get("namespace") != "bentogate"
    ]


def production_keeps_serving(manifests: list[Manifest]) -> list[str]:
    """Each Deployment in production has two replicas at least, a budget, and is spread; there are policies."""
    scaled = [title(one) for scaler, one in pairs(manifests) if one and scaler["spec"].get("minReplicas", 1) > 1]
    budgets = of_kind(manifests, "PodDisruptionBudget")
    faults = [] if of_kind(manifests, "NetworkPolicy") else ["there is no NetworkPolicy"]
    for one in deployments(manifests):
        if title(one) not in scaled:
            faults.append(f"{title(one)}: no autoscaler keeps two replicas")
        if not any(one in guarded(budget, manifests) for budget in budgets):
            faults.append(f"{title(one)}: has no PodDisruptionBudget")
        if not one["spec"]["template"]["spec"].get("topologySpreadConstraints"):
            faults.append(f"{title(one)}: is not spread")
    return faults


def local_fits_one_machine(manifests: list[Manifest]) -> list[str]:
    """One replica each, of images that are never pulled, behind the two fixed node ports."""
    faults = [
        f"{title(one)}: is not local" for one in of_kind(manifests, "HorizontalPodAutoscaler", "PodDisruptionBudget")
    ]
    for one in deployments(manifests):
        if one["spec"].get("replicas", 1) != 1:
            faults.append(f"{title(one)}: spec.replicas is not 1")
        if any(box.get("imagePullPolicy") != "Never" for box in containers(one)):
            faults.append(f"{title(one)}: imagePullPolicy is not Never")
    node_ports = {
        (one["metadata"]["name"], port["name"]): port["nodePort"]
        for one in of_kind(manifests, "Service")
        for port in one["spec"]["ports"]
        if "nodePort" in port
    }
    if node_ports != {("ml-inference-service", "http"): 30080, ("ml-inference-service", "https"): 30443}:
        faults.append(f"the node ports are {node_ports}")
    return faults

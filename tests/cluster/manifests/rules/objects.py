"""How objects belong together: pods, their labels and ports, and who selects them."""

from typing import Any

from tests.cluster.rendered import Manifest, of_kind

NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"
WAYS_IN = ("Ingress", "HTTPRoute")


def title(manifest: Manifest) -> str:
    """Name an object as kubectl does."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def titles(manifests: list[Manifest]) -> str:
    """Name objects, or say that there is none."""
    return ", ".join(title(one) for one in manifests) or "nothing"


def deployments(manifests: list[Manifest], component: str = "") -> list[Manifest]:
    """Give the Deployments, all or those of one component."""
    return [
        one for one in of_kind(manifests, "Deployment") if component in ("", pod_labels(one).get(COMPONENT, "unknown"))
    ]


def workloads(manifests: list[Manifest]) -> list[Manifest]:
    """Give all that makes pods: Deployments, and the Job that somebody makes of a CronJob."""
    return of_kind(manifests, "Deployment", "CronJob")


def template(workload: Manifest) -> Manifest:
    """Give what its pods are made from."""
    found: Manifest = workload["spec"].get("jobTemplate", workload)["spec"]["template"]
    return found


def pod_labels(workload: Manifest) -> dict[str, str]:
    """Give the labels that its pods carry."""
    labels: dict[str, str] = template(workload)["metadata"].get("labels", {})
    return labels


def pod_spec(workload: Manifest) -> Manifest:
    """Give what its pods run."""
    spec: Manifest = template(workload)["spec"]
    return spec


def containers(workload: Manifest) -> list[Manifest]:
    """Give the containers of its pods."""
    found: list[Manifest] = pod_spec(workload)["containers"]
    return found


def ports(workload: Manifest) -> dict[str, int]:
    """Give the numbers of the ports of its pods by their names."""
    return {
        port.get("name", ""): port["containerPort"] for one in containers(workload) for port in one.get("ports", ())
    }


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Say whether a label selector chooses these labels; an empty one chooses all."""
    assert selector.keys() <= {"matchLabels"}, f"{selector} has an expression, which the rules cannot read"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def selected(manifests: list[Manifest], labels: dict[str, str]) -> list[Manifest]:
    """Give the workloads whose pods have all these labels; no labels select nothing, as in a Service."""
    return [one for one in workloads(manifests) if labels and labels.items() <= pod_labels(one).items()]

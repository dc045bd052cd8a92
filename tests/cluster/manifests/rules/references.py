"""What names something else: the named thing is there, and labels and namespaces are those that we agreed on."""

from collections.abc import Iterator

from tests.cluster.manifests.rules.objects import (
    COMPONENT,
    NAME,
    PART_OF,
    containers,
    pod_labels,
    pod_spec,
    title,
    workloads,
)
from tests.cluster.rendered import Manifest, of_kind

MADE_BY_THE_USER = {"Secret ml-inference-tls", "Secret ml-inference-users"}
"""Secrets that no manifest holds: the certificate with its key, and the users with the hashes of their passwords."""


def references_resolve(manifests: list[Manifest]) -> list[str]:
    """Each named ConfigMap, Secret, ServiceAccount and object of a way in is rendered, or known to be the user's."""
    there = {title(one) for one in manifests} | MADE_BY_THE_USER
    return [
        f"{title(one)}: names {target}, which is not there"
        for one in manifests
        for target in named_by(one)
        if target not in there
    ]


def named_by(manifest: Manifest) -> Iterator[str]:
    """Give all that a manifest names, by kind and name."""
    spec = manifest.get("spec", {})
    match manifest["kind"]:
        case "Deployment" | "CronJob":
            yield f"ServiceAccount {pod_spec(manifest).get('serviceAccountName', '(none)')}"
            yield from (target for target, _ in named_by_pod(manifest))
        case "Ingress":
            yield from (f"Secret {one['secretName']}" for one in spec.get("tls", ()))
            annotations = manifest["metadata"].get("annotations", {})
            yield f"Secret {annotations.get('nginx.ingress.kubernetes.io/auth-secret', '(no auth-secret)')}"
        case "Gateway":
            yield from (f"Secret {ref['name']}" for one in spec["listeners"] for ref in one["tls"]["certificateRefs"])
        case "Middleware":
            if "basicAuth" in spec:
                yield f"Secret {spec['basicAuth']['secret']}"
        case "HTTPRoute":
            yield from (f"Gateway {one['name']}" for one in spec["parentRefs"])
            filters = [one for rule in spec["rules"] for one in rule.get("filters", ()) if "extensionRef" in one]
            yield from (f"{one['extensionRef']['kind']} {one['extensionRef']['name']}" for one in filters)
            backends = [one for rule in spec["rules"] for one in rule["backendRefs"]]
            yield from (f"{one.get('kind', 'Service')} {one['name']}" for one in backends)
        case "TraefikService":
            yield from (f"Service {one['name']}" for one in spec["weighted"]["services"])


def named_by_pod(deployment: Manifest) -> Iterator[tuple[str, bool]]:
    """Give the ConfigMaps and Secrets that a pod reads, and whether it starts without them."""
    for volume in pod_spec(deployment).get("volumes", ()):
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            for key, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if key in source:
                    name = source[key].get("secretName") or source[key].get("name")
                    yield f"{kind} {name}", source[key].get("optional", False)
    for container in containers(deployment):
        for entry in (*container.get("envFrom", ()), *(one.get("valueFrom", {}) for one in container.get("env", ()))):
            for key, source in entry.items():
                if key.startswith(("configMap", "secret")):
                    kind = "ConfigMap" if key.startswith("configMap") else "Secret"
                    yield f"{kind} {source['name']}", source.get("optional", False)


def pods_start_without_the_user(manifests: list[Manifest]) -> list[str]:
    """What the user makes is optional for a pod, which would wait for it without an end."""
    return [
        f"{title(one)}: needs {target}, which only the user makes, so it must be optional"
        for one in workloads(manifests)
        for target, optional in named_by_pod(one)
        if target in MADE_BY_THE_USER and not optional
    ]


def mounts_name_volumes(manifests: list[Manifest]) -> list[str]:
    """Each volumeMount names a volume of its pod, and each volume is mounted."""
    faults = []
    for one in workloads(manifests):
        volumes = {volume["name"] for volume in pod_spec(one).get("volumes", ())}
        mounted = {mount["name"] for container in containers(one) for mount in container.get("volumeMounts", ())}
        faults += [f"{title(one)}: mounts {name}, which is no volume" for name in sorted(mounted - volumes)]
        faults += [f"{title(one)}: volume {name} is mounted nowhere" for name in sorted(volumes - mounted)]
    return faults


def labels_are_complete(manifests: list[Manifest]) -> list[str]:
    """Each workload and its pods say their name, their part in the whole, and the whole."""
    wanted = {NAME: (), COMPONENT: ("gateway", "model", "canary"), PART_OF: ("bentogate",)}
    found = [(f"{title(one)}, metadata", one["metadata"].get("labels", {})) for one in workloads(manifests)]
    found += [(f"{title(one)}, its pods", pod_labels(one)) for one in workloads(manifests)]
    return [
        f"{where}: label {label} is {labels.get(label)!r}"
        for where, labels in found
        for label, allowed in wanted.items()
        if not labels.get(label) or (allowed and labels[label] not in allowed)
    ]


def deployments_select_their_own_pods(manifests: list[Manifest]) -> list[str]:
    """Each Deployment's selector chooses its own pods and those of no other."""
    faults = []
    for one in of_kind(manifests, "Deployment"):
        wanted = one["spec"]["selector"]["matchLabels"].items()
        found = [title(other) for other in workloads(manifests) if wanted <= pod_labels(other).items()]
        if found != [title(one)]:
            faults.append(f"{title(one)}: spec.selector chooses the pods of {', '.join(found) or 'nothing'}")
    return faults

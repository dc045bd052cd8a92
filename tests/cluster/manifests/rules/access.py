"""Who may ask the API server for what, and that a canary may do what it does."""

from tests.cluster.manifests.rules.objects import containers, deployments, pod_spec, ports, selected, title, workloads
from tests.cluster.manifests.rules.references import named_by_pod
from tests.cluster.rendered import Manifest, of_kind

VERBS = {"get", "patch"}


def tokens_are_where_rights_are(manifests: list[Manifest]) -> list[str]:
    """A pod has the token of its ServiceAccount if that is bound to a Role, and else none."""
    bound = [subject["name"] for one in of_kind(manifests, "RoleBinding") for subject in one["subjects"]]
    return [
        f"{title(one)}: automountServiceAccountToken is {mounted}"
        for one in workloads(manifests)
        if (mounted := pod_spec(one).get("automountServiceAccountToken"))
        is not (pod_spec(one)["serviceAccountName"] in bound)
    ]


def roles_are_bound(manifests: list[Manifest]) -> list[str]:
    """Each RoleBinding binds a ServiceAccount to a Role that are there, in the namespace where they are."""
    there = {title(one): one["metadata"].get("namespace", "default") for one in manifests}
    return [
        f"{title(one)}: binds {kind} {name} of {namespace}, which is not there"
        for one in of_kind(manifests, "RoleBinding")
        for kind, name, namespace in (
            (one["roleRef"]["kind"], one["roleRef"]["name"], one["metadata"].get("namespace", "default")),
            *((subject["kind"], subject["name"], subject.get("namespace")) for subject in one["subjects"]),
        )
        if there.get(f"{kind} {name}") != namespace
    ]


def roles_are_no_larger_than_needed(manifests: list[Manifest]) -> list[str]:
    """Each is about the one ConfigMap that the gateways read, by its name, and to read and to change it."""
    wanted = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": read_by_gateways(manifests)}
    return [
        f"{title(role)}: allows {rule}"
        for role in of_kind(manifests, "Role")
        for rule in role["rules"]
        if {**wanted, "verbs": VERBS} != {**rule, "verbs": set(rule["verbs"])}
    ]


def canaries_change_what_gateways_read(manifests: list[Manifest]) -> list[str]:
    """A canary is told that ConfigMap, and a headless Service at the port of the gateways' admin side."""
    admin = {
        f"{service['metadata']['name']}:{port['port']}"
        for service in of_kind(manifests, "Service")
        for gateway in selected(deployments(manifests, "gateway"), service["spec"].get("selector", {}))
        for port in service["spec"]["ports"]
        if service["spec"].get("clusterIP") == "None" and port["port"] == ports(gateway)["admin"]
    }
    faults = []
    for one in of_kind(manifests, "CronJob"):
        (box,) = containers(one)
        told = dict(zip(box["args"], box["args"][1:], strict=False))
        if [told.get("--configmap")] != read_by_gateways(manifests):
            faults.append(f"{title(one)}: changes {told.get('--configmap')}, which no gateway reads")
        if told.get("--admin-dns") not in admin:
            faults.append(f"{title(one)}: {told.get('--admin-dns')} does not stand for the admin sides of all gateways")
    return faults


def read_by_gateways(manifests: list[Manifest]) -> list[str]:
    """Name the ConfigMaps that the gateways mount."""
    named = [target for one in deployments(manifests, "gateway") for target, _ in named_by_pod(one)]
    return [target.removeprefix("ConfigMap ") for target in named if target.startswith("ConfigMap ")]

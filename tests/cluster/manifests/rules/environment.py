"""The environment of the processes: each variable once, and for the gateway only what it knows."""

from collections import Counter
from typing import get_args

from pydantic import BaseModel

from gateway.settings import PREFIX, Settings
from tests.cluster.manifests.rules.objects import containers, deployments, pod_spec, ports, title, workloads
from tests.cluster.rendered import Manifest

GRPC = "GATEWAY_GRPC_PORT"


def variables_stand_once(manifests: list[Manifest]) -> list[str]:
    """No variable is given twice, where the last one would win."""
    count = Counter(variables(manifests))
    return [f"{where} {name} stands {times} times" for (where, name), times in count.items() if times > 1]


def variables_are_settings(manifests: list[Manifest]) -> list[str]:
    """Each variable with the gateway's prefix is a setting, a nested one too; others would stop it at the start."""
    return [
        f"{where} {name} is no setting of the gateway"
        for where, name in variables(manifests)
        if name.startswith(PREFIX) and not is_setting(Settings, name.removeprefix(PREFIX).lower().split("__"))
    ]


def variables(manifests: list[Manifest]) -> list[tuple[str, str]]:
    """Give all variables with their places."""
    return [
        (f"{title(one)}: {box['name']}'s variable", variable["name"])
        for one in workloads(manifests)
        for box in containers(one)
        for variable in box.get("env", ())
    ]


def is_setting(model: type[BaseModel], parts: list[str]) -> bool:
    """Say whether a path of names leads to a field; in a mapping the second name is free."""
    field = model.model_fields.get(parts[0])
    if field is None or len(parts) == 1:
        return field is not None
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        return is_setting(field.annotation, parts[1:])
    values = [kind for kind in get_args(field.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return len(parts) > 2 and any(is_setting(kind, parts[2:]) for kind in values)


def grpc_is_on_where_it_has_a_port(manifests: list[Manifest]) -> list[str]:
    """The gateway listens for gRPC on the port of its container that is named so, and on none where there is none."""
    faults = []
    for one in deployments(manifests, "gateway"):
        told = [variable.get("value") for box in containers(one) for variable in box["env"] if variable["name"] == GRPC]
        shown = [str(number) for name, number in ports(one).items() if name == "grpc"]
        faults += [] if told == shown else [f"{title(one)}: listens for gRPC on {told}, and shows {shown}"]
    return faults


def pods_get_no_links(manifests: list[Manifest]) -> list[str]:
    """Kubernetes adds no variables for Services, of which one could begin with the gateway's prefix."""
    return [
        f"{title(one)}: enableServiceLinks is not false"
        for one in workloads(manifests)
        if pod_spec(one).get("enableServiceLinks") is not False
    ]

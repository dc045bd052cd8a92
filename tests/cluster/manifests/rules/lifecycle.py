"""How a pod starts, shows its health, and ends."""

import ast
from collections.abc import Iterator
from functools import cache

from gateway.settings import PREFIX, Settings
from gateway.settings.parts import LONGEST_TIMEOUT_S
from tests.cluster.manifests.rules.objects import COMPONENT, containers, deployments, pod_labels, pod_spec, title
from tests.cluster.rendered import Manifest
from tests.conftest import ROOT

PATHS = {"/livez", "/readyz"}
"""What the gateway's admin listener and BentoML both answer."""
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


@cache
def longest_request_s(component: str) -> float:
    """Say how long a request may take; the service cannot be imported without a store, so its text is read."""
    if component == "gateway":
        return LONGEST_TIMEOUT_S
    (value,) = (
        node.value
        for node in ast.parse((ROOT / "bentos" / "service.py").read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LONGEST_REQUEST_S"
    )
    return float(ast.literal_eval(value))


def drains_add_up(manifests: list[Manifest]) -> list[str]:
    """Each container serves on for a while, and the grace period covers that and what the longest request takes.

    The gateway drains by itself after SIGTERM; a model, whose signals are BentoML's, by a sleep before it.
    """
    faults = []
    for one in deployments(manifests):
        grace_s = pod_spec(one).get("terminationGracePeriodSeconds", 30)
        component = pod_labels(one).get(COMPONENT, "")
        for box in containers(one):
            sleep_s = box.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            drain_s, longest_s = sleep_s, longest_request_s(component)
            if component == "gateway":
                drain_s, longest_s = (setting(box, name) for name in ("drain_s", "grace_s"))
                if sleep_s:
                    faults.append(f"{title(one)}: {box['name']} sleeps before the drain of its own")
                if longest_s < longest_request_s(component):
                    faults.append(f"{title(one)}: {box['name']} cuts requests off after {longest_s:g} s")
            if drain_s < 1:
                faults.append(f"{title(one)}: {box['name']} does not drain")
            if grace_s < drain_s + longest_s:
                faults.append(
                    f"{title(one)}: terminationGracePeriodSeconds {grace_s} is less than the drain of {drain_s:g} s "
                    f"and the longest request of {longest_s:g} s"
                )
    return faults


def setting(box: Manifest, name: str) -> float:
    """Give what a container of the gateway sets by a variable, or its default."""
    variables = {one["name"]: one.get("value") for one in box.get("env", ())}
    return float(variables.get(f"{PREFIX}{name.upper()}", Settings.model_fields[name].default))


def probes_are_there(manifests: list[Manifest]) -> list[str]:
    """Each container has all three probes; while a model starts, BentoML accepts connections and answers none."""
    return [
        f"{title(one)}: {box['name']} has no {probe}"
        for one in deployments(manifests)
        for box in containers(one)
        for probe in PROBES
        if probe not in box
    ]


def probes_ask_what_is_there(manifests: list[Manifest]) -> list[str]:
    """Each probe asks by HTTP for a path that is served, at a named port of its container, or for health by gRPC."""
    faults = []
    for where, box, probe in probes(manifests):
        named = {port.get("name"): port["containerPort"] for port in box.get("ports", ())}
        if "grpc" in probe:
            if probe["grpc"]["port"] != named.get("grpc"):
                faults.append(f"{where}: port {probe['grpc']['port']} is not that of gRPC")
            continue
        asked = probe.get("httpGet", {})
        if asked.get("port") not in named:
            faults.append(f"{where}: port {asked.get('port')!r} is not in the container")
        if asked.get("path") not in PATHS:
            faults.append(f"{where}: path {asked.get('path')!r} is not served")
    return faults


def probes_ask_the_right_thing(manifests: list[Manifest]) -> list[str]:
    """Liveness asks /livez only, readiness /readyz, and the gateway's probes the admin port, which is no caller's.

    Health by gRPC is readiness, and nothing else: it follows /readyz.
    """
    faults = []
    for where, box, probe in probes(manifests):
        asked = probe.get("httpGet", {})
        wanted = {"livenessProbe": "/livez", "readinessProbe": "/readyz"}.get(where.split()[-1])
        if "grpc" in probe and where.endswith("readinessProbe"):
            continue
        if wanted and asked.get("path") != wanted:
            faults.append(f"{where}: path is {asked.get('path')!r} and should be {wanted}")
        if any(port.get("name") == "admin" for port in box.get("ports", ())) and asked.get("port") != "admin":
            faults.append(f"{where}: port is {asked.get('port')!r} and should be admin")
    return faults


def probes(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest, Manifest]]:
    """Give the place of each probe, its container, and the probe."""
    for one in deployments(manifests):
        for box in containers(one):
            for probe in PROBES:
                if probe in box:
                    yield f"{title(one)}: {box['name']}'s {probe}", box, box[probe]


def rollouts_lose_no_pod(manifests: list[Manifest]) -> list[str]:
    """A pod goes only when its successor is ready."""
    strategies = [(title(one), one["spec"].get("strategy", {})) for one in deployments(manifests)]
    return [
        f"{name}: strategy {strategy} may take a pod before the next is ready"
        for name, strategy in strategies
        if strategy.get("type", "RollingUpdate") != "RollingUpdate"
        or strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0
    ]

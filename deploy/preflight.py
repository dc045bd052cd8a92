"""What is missing for images or a cluster, in plain words."""

import json
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from rich.markup import escape

from deploy.commands import DeployError, console, output, reach
from deploy.engine import find_engine
from deploy.names import commit_id

OLDEST_KUBECTL = (1, 33)
"""One minor version below the oldest cluster that the manifests are checked for, as Kubernetes' skew policy allows."""

ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Check:
    """Name a thing that is looked at, for what it is needed, and how."""

    needed_for: str
    name: str
    look: Callable[[], str]  # says what it found; raises DeployError with what is missing


def preflight() -> bool:
    """Print what is there and what is missing; says whether all is there."""
    good = True
    for check in CHECKS:
        try:
            found = check.look()
        except DeployError as exc:
            good = False
            console.print(f"[red]missing[/] for {check.needed_for}: {check.name}: {escape(str(exc))}")
        else:
            console.print(f"[green]good[/]    for {check.needed_for}: {check.name}: {escape(found)}")
    return good


def engine() -> str:
    """Look for a container engine that works."""
    return find_engine().name


def architecture() -> str:
    """Look whether this machine builds what the nodes run; without a cluster, whether all packages have wheels."""
    here = ARCHITECTURES.get(platform.machine().lower())
    if here is None:
        raise DeployError(f"{platform.machine()} is neither x86-64 nor arm64, for which all packages have wheels")
    try:
        nodes = output("kubectl", "get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.architecture}").split()
    except DeployError:
        return here
    others = sorted({node for node in nodes if node != here})
    if others:
        raise DeployError(
            f"images from here are for {here}, but nodes run {', '.join(others)}; build on such a machine"
        )
    return f"{here}, as the nodes"


def kubectl() -> str:
    """Look for a kubectl that is new enough."""
    if shutil.which("kubectl") is None:
        raise DeployError("it is not installed; https://kubernetes.io/docs/tasks/tools")
    version = json.loads(output("kubectl", "version", "--client", "-o", "json"))["clientVersion"]["gitVersion"]
    major, minor = (int(part) for part in version.removeprefix("v").split(".")[:2])
    if (major, minor) < OLDEST_KUBECTL:
        oldest = ".".join(map(str, OLDEST_KUBECTL))
        raise DeployError(f"{version} is too old, {oldest} or newer is needed; https://kubernetes.io/docs/tasks/tools")
    return str(version)


def cluster() -> str:
    """Look for a cluster that answers, and for the right to deploy there."""
    reach()
    context = output("kubectl", "config", "current-context").strip()
    for right in ("create deployments.apps", "create services", "create pods --subresource=portforward"):
        try:
            output("kubectl", "auth", "can-i", *right.split())
        except DeployError as exc:
            raise DeployError(f"{context} does not let you {right}; ask who runs it") from exc
    return context


CHECKS = (
    Check("images", "container engine", engine),
    Check("images", "architecture", architecture),
    Check("images", "git", commit_id),
    Check("a cluster", "kubectl", kubectl),
    Check("a cluster", "cluster", cluster),
)

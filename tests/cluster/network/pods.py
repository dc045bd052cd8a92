"""Pods from the templates of rendered manifests: what the kubelet makes of one, on this machine.

A mount is a folder, and what begins with its path is led there. Users, capabilities and limits are the tests' own.
"""

import base64
import math
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.network.images import Image
from tests.cluster.network.sandbox import Sandbox
from tests.cluster.rendered import Manifest, named, of_kind


@dataclass(eq=False)
class Pod:
    """Hold a running pod."""

    name: str
    deployment: str
    labels: Mapping[str, str]
    address: str
    container: Manifest
    sandbox: Sandbox
    ready: bool = False
    failed: int = 0
    """How many readiness probes have failed in a row."""

    deleted: bool = False
    sleeps_until: float = math.inf
    """When its `preStop` is over and it is sent SIGTERM, on the monotonic clock."""

    def port(self, port: str | int) -> int:
        """Give the number of a container's port, told by name or number."""
        numbers = {one["name"]: int(one["containerPort"]) for one in self.container["ports"]}
        return numbers[port] if isinstance(port, str) else port

    @property
    def readiness(self) -> tuple[str, float]:
        """Give the readiness probe: its URL and its timeout in seconds, which is 1 unless set."""
        probe = self.container["readinessProbe"]
        return self.url(probe["httpGet"]["port"], probe["httpGet"]["path"]), probe.get("timeoutSeconds", 1)

    def probed(self, *, well: bool) -> None:
        """Note a probe as the kubelet does: one makes a pod ready, until so many fail in a row, 3 unless set."""
        self.failed = 0 if well else self.failed + 1
        if well or self.failed >= self.container["readinessProbe"].get("failureThreshold", 3):
            self.ready = well

    def delete(self) -> None:
        """Delete it as the API server does: no Service selects it any more, and its `preStop` sleep begins."""
        self.labels, self.deleted = {}, True
        hook = self.container.get("lifecycle", {}).get("preStop", {"sleep": {"seconds": 0}})
        self.sleeps_until = time.monotonic() + hook["sleep"]["seconds"]

    def url(self, port: str | int, path: str) -> str:
        """Give the pod's own address of a path."""
        return f"http://{self.address}:{self.port(port)}{path}"


def mounted(template: Manifest, manifests: list[Manifest], folder: Path) -> dict[str, Path]:
    """Make the folders of a template's mounts, filled from ConfigMaps and Secrets; gives them by path."""
    contents = {volume["name"]: content_of(volume, manifests) for volume in template["spec"]["volumes"]}
    (container,) = template["spec"]["containers"]
    places = {mount["mountPath"]: folder / mount["mountPath"][1:] for mount in container["volumeMounts"]}
    for mount in container["volumeMounts"]:
        place = places[mount["mountPath"]]
        place.mkdir(parents=True)
        for name, content in contents[mount["name"]].items():
            (place / name).write_bytes(content)
    return places


def content_of(volume: Manifest, manifests: list[Manifest]) -> dict[str, bytes]:
    """Give the files of a volume by name; an optional Secret that is not there has none."""
    if "configMap" in volume:
        data = named(manifests, "ConfigMap", volume["configMap"]["name"])["data"]
        return {name: text.encode() for name, text in data.items()}
    if "secret" in volume:
        name, optional = volume["secret"]["secretName"], volume["secret"].get("optional", False)
        if optional and name not in {one["metadata"]["name"] for one in of_kind(manifests, "Secret")}:
            return {}
        return {key: base64.b64decode(text) for key, text in named(manifests, "Secret", name)["data"].items()}
    assert "emptyDir" in volume, volume
    return {}


def command_of(
    container: Manifest, image: Image, places: Mapping[str, Path], variables: Mapping[str, str]
) -> list[str]:
    """Give what a container runs, with `$(NAME)` in its `args` replaced as the kubelet does it."""

    def known(name: re.Match[str]) -> str:
        return variables.get(name[1], name[0])

    args = [re.sub(r"\$\((\w+)\)", known, arg) for arg in container.get("args", image.args)]
    return [placed(word, {**image.folders, **places}) for word in (*image.before, *args, *image.after)]


def variables_of(container: Manifest) -> dict[str, str]:
    """Give the variables of a container as its manifest has them."""
    return {one["name"]: one["value"] for one in container["env"]}


def environment(variables: Mapping[str, str], places: Mapping[str, Path]) -> dict[str, str]:
    """Give the whole environment of a process: the variables, and what an image sets."""
    led = {name: placed(value, places) for name, value in {"TMPDIR": "/tmp", **variables}.items()}
    return {"PATH": os.environ["PATH"], **led}


def placed(text: str, places: Mapping[str, Path]) -> str:
    """Lead a path at or below one of `places` to its folder."""
    for path, folder in places.items():
        if text == path or text.startswith(f"{path}/"):
            return f"{folder}{text.removeprefix(path)}"
    return text

"""The rendered Deployments as containers, with their security context, limits, ConfigMap and certificate."""

import json
import re
import ssl
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from benchmarks.ports import free_ports
from stack.certificate import make_certificate
from tests.cluster.rendered import Manifest, named, of_kind, overlay
from tests.conftest import ROOT
from tests.containers.conftest import podman
from tests.serving import answers, wait_until

RECORD = json.loads((ROOT / "examples" / "record.json").read_text())


@dataclass
class Playing:
    """Hold the pods' manifests, the ports they have on this machine by their own, and who signed the certificate."""

    deployments: list[Manifest]
    ports: dict[int, int]
    trusted: ssl.SSLContext

    @property
    def containers(self) -> list[str]:
        """Name the containers as podman does."""
        return [
            f"{one['metadata']['name']}-pod-0-{one['spec']['template']['spec']['containers'][0]['name']}"
            for one in self.deployments
        ]


def for_podman(deployments: list[Manifest], tls: Path) -> dict[int, int]:
    """Change what `podman kube play` does otherwise than a cluster; gives the ports here by those in the pods.

    It knows no Services, so the gateway is told the pods' names; it reads a probe's port as a number only; it hands
    Secrets over encoded, so the certificate is mounted from a folder. Each port is published on loopback.
    """
    here, urls = {}, {}
    for one in deployments:
        pod = one["spec"]["template"]["spec"]
        container = pod["containers"][0]
        numbers = {port["name"]: port["containerPort"] for port in container["ports"]}
        for port in container["ports"]:
            (here[port["containerPort"]],) = free_ports(1)
            port.update(hostPort=here[port["containerPort"]], hostIP="127.0.0.1")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            container[probe]["httpGet"]["port"] = numbers[container[probe]["httpGet"]["port"]]
        name = one["metadata"]["name"]
        if name != "gateway":
            urls[name.removeprefix("ml-")] = f"http://{name}-pod-0:{numbers['http']}"
        for volume in pod["volumes"]:
            if volume["name"] == "tls":
                volume.pop("secret")
                volume["hostPath"] = {"path": str(tls)}
    named(deployments, "Deployment", "gateway")["spec"]["template"]["spec"]["containers"][0]["env"] += [
        {"name": f"GATEWAY_BACKENDS__{model.upper()}__URL", "value": url} for model, url in urls.items()
    ]
    return here


@pytest.fixture(scope="module")
def playing(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playing]:
    """Play the overlay `local`, with the images that were built."""
    folder = tmp_path_factory.mktemp("play")
    make_certificate(folder / "tls")
    for path in ((folder / "tls"), *(folder / "tls").iterdir()):
        path.chmod(0o755)  # for the gateway's user
    manifests = deepcopy(overlay("local"))
    deployments = of_kind(manifests, "Deployment")
    for one in deployments:
        container = one["spec"]["template"]["spec"]["containers"][0]
        container["image"] = images[container["image"]]
    ports = for_podman(deployments, folder / "tls")
    file = folder / "play.yaml"
    file.write_text(yaml.safe_dump_all([*of_kind(manifests, "ConfigMap"), *deployments]))
    try:
        podman("kube", "play", str(file))
        playing = Playing(deployments, ports, ssl.create_default_context(cafile=folder / "tls" / "ca.crt"))
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{ports[8081]}/readyz"), 120)
        except AssertionError:
            for name in playing.containers:
                print(name, podman("logs", "--tail", "20", name, check=False))
            raise
        yield playing
    finally:
        podman("kube", "down", str(file))


def test_the_gateway_answers_over_http_and_tls(playing: Playing) -> None:
    """Both models, found by the names of their pods, and the same answer through both doors."""
    plain = httpx.post(f"http://127.0.0.1:{playing.ports[8001]}/v1/predict", json=RECORD)
    secure = httpx.post(f"https://localhost:{playing.ports[8443]}/v1/predict", json=RECORD, verify=playing.trusted)

    assert plain.status_code == secure.status_code == 200
    assert plain.json()["predictions"] == secure.json()["predictions"]
    assert plain.json()["predictions"][0].keys() == plain.json()["models"].keys() == {"diagnosis", "novelty"}


def test_the_console_is_in_the_image(playing: Playing) -> None:
    """Its page, the files that it asks for, and what it is told of both models."""
    with httpx.Client(base_url=f"http://127.0.0.1:{playing.ports[8081]}") as admin:
        files = re.findall(r'(?:src|href)="([^":#]+\.\w+)"', admin.get("/").text)
        models = admin.get("/console/state").json()["models"]
        drift = admin.get("/console/drift").json()["models"]

        assert len(files) > 2
        assert {admin.get(f"/{file}").status_code for file in files} == {200}
    assert {model["name"] for model in models} == set(drift) == {"diagnosis", "novelty"}


def test_containers_hold_what_the_manifests_promise(playing: Playing) -> None:
    """A numeric user, no capability, no new privileges, a filter of system calls, a read-only root, a limit."""
    for name, deployment in zip(playing.containers, playing.deployments, strict=True):
        pod = deployment["spec"]["template"]["spec"]
        status = dict(
            line.split(":\t", 1)
            for line in podman("exec", name, "cat", "/proc/1/status").stdout.splitlines()
            if ":\t" in line
        )
        (inspected,) = json.loads(podman("container", "inspect", name).stdout)

        assert status["Uid"].split() == [str(pod["securityContext"]["runAsUser"])] * 4
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        assert podman("exec", name, "touch", "/app/written", check=False).returncode != 0
        limit = pod["containers"][0]["resources"]["limits"]["memory"]
        assert inspected["HostConfig"]["Memory"] == int(limit.removesuffix("Mi")) * 2**20


def test_sigterm_ends_each_with_0(playing: Playing) -> None:
    """The server is the first process, or hands the signal on: no pod waits for its grace period to be over."""
    for name in playing.containers:
        podman("stop", "--time", "20", name)
        (inspected,) = json.loads(podman("container", "inspect", name).stdout)

        assert (name, inspected["State"]["ExitCode"]) == (name, 0)

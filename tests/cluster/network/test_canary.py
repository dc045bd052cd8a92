"""The component `canary`: its Job moves callers of two gateways, by the Role that it has and the name it is told."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import pytest
import yaml

from gateway.canary.config_map import ACCOUNT
from gateway.canary.weights import weights_in
from tests.cluster.manifests.rules.objects import containers
from tests.cluster.network import images
from tests.cluster.network.kubelet import projecting
from tests.cluster.network.load import Load
from tests.cluster.network.network import Network
from tests.cluster.network.node import NODE
from tests.cluster.network.pods import environment
from tests.cluster.network.sandbox import Sandbox
from tests.cluster.rendered import Manifest, extended, named, of_kind
from tests.gateway.plans import api_server
from tests.serving import wait_until

CANARY = extended("local", "canary")
NAME = "ml-inference-admin-pods"
MOUNTED = "etc/bentogate/config"
PORT = "6443"
PACE = ("--steps=30,100", "--every=0.3", "--min-rows=200", "--step-timeout=90")
LOOSE = ("--max-latency=20",)
"""Both sides share two cores with whatever else is tested."""


def with_a_split(manifests: list[Manifest]) -> list[Manifest]:
    """Give the same manifests with a split in the gateways' settings, whose candidate is the same model."""
    changed = deepcopy(manifests)
    (settings,) = of_kind(changed, "ConfigMap")
    document = yaml.safe_load(settings["data"]["gateway.yaml"])
    document["backends"]["candidate"] = {**document["backends"]["diagnosis"], "model": "diagnosis"}
    document["routes"]["rollout"] = {"split": {"weights": {"diagnosis": 100, "candidate": 0}}}
    settings["data"]["gateway.yaml"] = yaml.safe_dump(document, sort_keys=False)
    return changed


class Cluster:
    """Two gateways whose ConfigMap an API server holds, and Jobs made from the CronJob."""

    def __init__(self, network: Network, folder: Path, address: str) -> None:
        self.network = network
        self.folder = folder
        self.address = address

    @property
    def weights(self) -> dict[str, float]:
        """Give what the ConfigMap says now."""
        return weights_in(json.loads((self.folder / "object.json").read_text())["data"]["gateway.yaml"], "rollout")

    @contextmanager
    def job(self, *more: str) -> Iterator[Sandbox]:
        """Run a Job with more arguments, in a pod with the token of its account."""
        (box,) = containers(named(CANARY, "CronJob", "canary"))
        known = environment({"KUBERNETES_SERVICE_HOST": self.address, "KUBERNETES_SERVICE_PORT": PORT}, {})
        name = f"canary-{self.network.used + 1}"
        sandbox, _ = self.network.sandbox(name, [*images.GATEWAY.before, *box["args"], *PACE, *LOOSE, *more], known)
        sandbox.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        sandbox.run("mkdir", "-p", os.fspath(ACCOUNT))
        files = [os.fspath(self.folder / file) for file in ("token", "namespace", "ca.crt")]
        sandbox.run("cp", *files, os.fspath(ACCOUNT))
        sandbox.start()
        try:
            yield sandbox
        finally:
            sandbox.end(SIGKILL)


@pytest.fixture(scope="module")
def cluster(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Let two gateways with the split take the place of the one without, behind the component's Service too."""
    folder = tmp_path_factory.mktemp("canary") / "api"
    before, manifests = network.of("gateway"), network.manifests
    network.manifests = with_a_split(manifests)
    network.services[NAME] = named(CANARY, "Service", NAME)["spec"]
    gateways = [network.add("gateway") for _ in range(2)]
    for pod in before:
        network.remove(pod, SIGINT)
    network.wait_ready()
    command = [sys.executable, "-m", "tests.gateway.plans.api_server", os.fspath(folder)]
    address = f"10.244.0.{network.used + 1}"
    server, address = network.sandbox("api-server", [*command, address, PORT], dict(os.environ))
    (settings,) = of_kind(network.manifests, "ConfigMap")
    api_server.prepare(folder, address, settings, named(CANARY, "Role", "canary")["rules"])
    server.start()
    mounted = [network.node.folder / pod.name / MOUNTED for pod in gateways]
    with projecting(folder / "object.json", mounted):
        yield Cluster(network, folder, address)
    server.end(SIGKILL)
    network.manifests = manifests
    del network.services[NAME]
    network.add("gateway")
    for pod in gateways:
        network.remove(pod, SIGINT)
    network.wait_ready()


def test_a_job_brings_the_candidate_in_and_costs_no_answer(cluster: Cluster) -> None:
    """Stopped on the way, as a pod is that is evicted, it leaves the weights as they are; the next one goes on."""
    with Load(cluster.network.node, f"http://{NODE}:30080/v1/models/rollout:predict", pause_s=0.005) as load:
        with cluster.job("--min-rows=1000000") as stopped:
            wait_until(lambda: "evidence" in stopped.log.read_text(), 60)
            assert stopped.end(SIGTERM) == 2
        assert "goes on from there" in stopped.log.read_text()
        assert cluster.weights == {"diagnosis": 70, "candidate": 30}
        with cluster.job() as done:
            code = done.process.wait(120)

    assert code == 0, done.log.read_text()
    assert "100 %: taken over by 2 replicas" in done.log.read_text()
    assert cluster.weights == {"diagnosis": 0, "candidate": 100}
    assert load.problems == []


def test_it_is_rolled_back_by_the_same_job(cluster: Cluster) -> None:
    """Which needs no gateway for that."""
    with cluster.job("--roll-back") as job:
        assert job.process.wait(30) == 1, job.log.read_text()

    assert cluster.weights == {"diagnosis": 100, "candidate": 0}


def test_a_job_that_may_not_ask_says_so(cluster: Cluster) -> None:
    """Of a ConfigMap that the Role does not name."""
    with cluster.job("--configmap=gateway") as job:
        assert job.process.wait(30) == 2

    assert 'error: the API server answers 403: configmaps "gateway" is forbidden' in job.log.read_text()

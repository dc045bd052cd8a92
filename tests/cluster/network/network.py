"""A cluster's network made from rendered manifests: pods behind Services, found by cluster DNS."""

import math
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from tests.cluster.network import dns
from tests.cluster.network.images import Image
from tests.cluster.network.node import Node
from tests.cluster.network.pods import Pod, command_of, environment, mounted, variables_of
from tests.cluster.network.proxy import Port, ruleset
from tests.cluster.network.sandbox import Sandbox
from tests.cluster.rendered import Manifest, named, of_kind
from tests.conftest import ROOT

NAMESPACE = "bentogate"
POD_GATEWAY = "10.244.0.1"
NEVER_LATE = {"GATEWAY_MAX_LAG_MS": "60000"}
"""A node of two cores carries all pods and who asks them: what is refused for that says nothing of restarts."""


class Network:
    """Hold the pods on a node, and the Services in front of them as they were at the last `update`."""

    def __init__(self, node: Node, manifests: list[Manifest], images: Mapping[str, Image]) -> None:
        self.node = node
        self.manifests = manifests
        self.images = images
        self.pods: list[Pod] = []
        self.used = 1
        self.services = {one["metadata"]["name"]: one["spec"] for one in of_kind(manifests, "Service")}
        translated = [name for name, service in self.services.items() if service.get("clusterIP") != "None"]
        self.cluster_ips = {name: f"10.96.0.{number}" for number, name in enumerate(translated, 10)}
        self.nameserver = self.next_address()
        self.hosts = node.folder / "hosts"
        self.hosts.write_text("")
        self.dns = node.sandbox("dns", dns.dnsmasq(self.hosts))
        node.connect(self.dns, self.nameserver, POD_GATEWAY)
        self.dns.start()

    def next_address(self) -> str:
        """Give a pod's address that was never used."""
        self.used += 1
        return f"10.244.0.{self.used}"

    def add_all(self) -> None:
        """Start every replica of every Deployment, and wait until all are ready."""
        for deployment in of_kind(self.manifests, "Deployment"):
            for _ in range(deployment["spec"].get("replicas", 1)):
                self.add(deployment["metadata"]["name"])
        self.wait_ready()

    def add(self, deployment: str, *, alone: bool = False, **variables: str) -> Pod:
        """Start one more pod of a Deployment, with variables over its own.

        `alone` leaves the labels away, as `kubectl debug --copy-to` does: no Service selects it.
        """
        template = named(self.manifests, "Deployment", deployment)["spec"]["template"]
        (container,) = template["spec"]["containers"]
        image = self.images[container["image"].partition(":")[0]]
        name = f"{deployment}-{self.used + 1}"
        places = mounted(template, self.manifests, self.node.folder / name)
        settings = {**variables_of(container), **NEVER_LATE, **variables}
        command = command_of(container, image, places, settings)
        sandbox, address = self.sandbox(name, command, environment(settings, places), image.workdir)
        sandbox.start()
        pod = Pod(name, deployment, {} if alone else template["metadata"]["labels"], address, container, sandbox)
        self.pods.append(pod)
        return pod

    def sandbox(
        self, name: str, command: list[str], env: Mapping[str, str], workdir: Path = ROOT
    ) -> tuple[Sandbox, str]:
        """Make a sandbox with an address and the cluster's DNS, as each pod has; gives it unstarted."""
        address, folder = self.next_address(), self.node.folder / name
        folder.mkdir(exist_ok=True)
        sandbox = self.node.sandbox(name, command, env, workdir)
        self.node.connect(sandbox, address, POD_GATEWAY)
        for path, text in dns.files(self.nameserver, NAMESPACE).items():
            file = folder / path.replace("/", "-")
            file.write_text(text)
            sandbox.run("mount", "--bind", os.fspath(file), path)
        return sandbox, address

    def remove(self, pod: Pod, number: int = signal.SIGTERM) -> int:
        """End a pod by a signal and take it out of its Services; gives its exit code."""
        code = pod.sandbox.end(number)
        self.pods.remove(pod)
        self.update()
        return code

    def update(self) -> bool:
        """Probe each pod as the kubelet does and tell its Services; says whether all are ready.

        What was deleted has SIGTERM as soon as its `preStop` is over, before its Services are told, and ends well.
        """
        for pod in tuple(self.pods):
            if pod.sleeps_until <= time.monotonic():
                pod.sandbox.send(signal.SIGTERM)
                pod.sleeps_until = math.inf
            code = pod.sandbox.process.poll()
            if code == 0 and pod.deleted:
                self.pods.remove(pod)
                continue
            assert code is None, f"{pod.name} ended with code {code}\n{self.node.logs()}"
            url, timeout_s = pod.readiness
            pod.probed(well=self.node.own.ask(url, timeout_s=timeout_s).status == 200)
        self.node.own.run("nft", "-f", "-", given=ruleset(self.ports()))
        self.tell_dns()
        return all(pod.ready for pod in self.pods if not pod.deleted)

    def wait_ready(self, timeout_s: float = 120) -> None:
        """Wait until all pods are ready."""
        deadline = time.monotonic() + timeout_s
        while not self.update():
            waiting = [pod.name for pod in self.pods if not pod.ready and not pod.deleted]
            assert time.monotonic() < deadline, f"{waiting} not ready after {timeout_s} s\n{self.node.logs()}"

    def tell_dns(self) -> None:
        """Name each Service's own address, or for a headless one those of its pods."""
        addresses = {
            name: [self.cluster_ips[name]]
            if name in self.cluster_ips
            else [pod.address for pod in self.behind(service)]
            for name, service in self.services.items()
        }
        if (text := dns.names(addresses, NAMESPACE)) != self.hosts.read_text():
            self.hosts.write_text(text)
            os.kill(self.dns.pid, signal.SIGHUP)

    def behind(self, service: Manifest) -> list[Pod]:
        """Give the ready pods that a Service selects."""
        return [pod for pod in self.pods if pod.ready and service["selector"].items() <= pod.labels.items()]

    def ports(self) -> list[Port]:
        """Give each port of each Service that has an address, with the ready pods behind it."""
        return [
            Port(
                f"{name}-{port['name']}",
                self.cluster_ips[name],
                port["port"],
                port.get("nodePort"),
                tuple((pod.address, pod.port(port["targetPort"])) for pod in self.behind(service)),
            )
            for name, service in self.services.items()
            if name in self.cluster_ips
            for port in service["ports"]
        ]

    def of(self, deployment: str) -> list[Pod]:
        """Give the pods of a Deployment that Services select."""
        return [pod for pod in self.pods if pod.deployment == deployment and pod.labels]

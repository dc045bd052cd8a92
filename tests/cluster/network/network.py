"""A cluster's network made from rendered manifests: pods behind Services, found by cluster DNS."""

import os
import signal
import time
from collections.abc import Mapping

from tests.cluster.network import dns
from tests.cluster.network.images import Image
from tests.cluster.network.node import Node
from tests.cluster.network.pods import Pod, command_of, environment, mounted, variables_of
from tests.cluster.network.proxy import Port, ruleset
from tests.cluster.rendered import Manifest, named, of_kind

NAMESPACE = "bentogate"
POD_GATEWAY = "10.244.0.1"


class Network:
    """Hold the pods on a node, and the Services in front of them as they were at the last `update`."""

    def __init__(self, node: Node, manifests: list[Manifest], images: Mapping[str, Image]) -> None:
        self.node = node
        self.manifests = manifests
        self.images = images
        self.pods: list[Pod] = []
        self.used = 1
        self.services = {one["metadata"]["name"]: one["spec"] for one in of_kind(manifests, "Service")}
        self.cluster_ips = {name: f"10.96.0.{number}" for number, name in enumerate(self.services, 10)}
        self.nameserver = self.next_address()
        server = node.sandbox("dns", dns.dnsmasq(self.cluster_ips, NAMESPACE))
        node.connect(server, self.nameserver, POD_GATEWAY)
        server.start()

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
        address = self.next_address()
        name = f"{deployment}-{self.used}"
        places = mounted(template, self.manifests, self.node.folder / name)
        settings = {**variables_of(container), **variables}
        command = command_of(container, image, places, settings)
        sandbox = self.node.sandbox(name, command, environment(settings, places), image.workdir)
        self.node.connect(sandbox, address, POD_GATEWAY)
        for path, text in dns.files(self.nameserver, NAMESPACE).items():
            file = self.node.folder / name / path.replace("/", "-")
            file.write_text(text)
            sandbox.run("mount", "--bind", os.fspath(file), path)
        sandbox.start()
        pod = Pod(name, deployment, {} if alone else template["metadata"]["labels"], address, container, sandbox)
        self.pods.append(pod)
        return pod

    def remove(self, pod: Pod, number: int = signal.SIGTERM) -> int:
        """End a pod by a signal and take it out of its Services; gives its exit code."""
        code = pod.sandbox.end(number)
        self.pods.remove(pod)
        self.update()
        return code

    def update(self) -> bool:
        """Probe each pod as the kubelet does and write the rules anew; says whether all are ready."""
        for pod in self.pods:
            code = pod.sandbox.process.poll()
            assert code is None, f"{pod.name} ended with code {code}\n{self.node.logs()}"
            url, timeout_s = pod.readiness
            pod.ready = self.node.own.ask(url, timeout_s=timeout_s).status == 200
        self.node.own.run("nft", "-f", "-", given=ruleset(self.ports()))
        return all(pod.ready for pod in self.pods)

    def wait_ready(self, timeout_s: float = 40) -> None:
        """Wait until all pods are ready."""
        deadline = time.monotonic() + timeout_s
        while not self.update():
            waiting = [pod.name for pod in self.pods if not pod.ready]
            assert time.monotonic() < deadline, f"{waiting} not ready after {timeout_s} s\n{self.node.logs()}"

    def ports(self) -> list[Port]:
        """Give each port of each Service with the ready pods behind it."""
        return [
            Port(
                f"{name}-{port['name']}",
                self.cluster_ips[name],
                port["port"],
                port.get("nodePort"),
                tuple(
                    (pod.address, pod.port(port["targetPort"]))
                    for pod in self.pods
                    if pod.ready and service["selector"].items() <= pod.labels.items()
                ),
            )
            for name, service in self.services.items()
            for port in service["ports"]
        ]

    def of(self, deployment: str) -> list[Pod]:
        """Give the pods of a Deployment that Services select."""
        return [pod for pod in self.pods if pod.deployment == deployment and pod.labels]

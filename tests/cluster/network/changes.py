"""What becomes of pods in a cluster: their processes are killed, and Deployments are rolled."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from signal import SIGKILL

from tests.cluster.network.network import Network
from tests.cluster.network.pods import Pod
from tests.serving import wait_until


@contextmanager
def killed(network: Network, pod: Pod) -> Iterator[None]:
    """Kill all processes of a pod; inside, its Services have not heard of it, and its address refuses connections.

    A container runtime keeps a pod's network by a process of its own, here a descriptor does.
    """
    kept = os.open(f"/proc/{pod.sandbox.pid}/ns/net", os.O_RDONLY)
    try:
        pod.sandbox.end(SIGKILL)
        network.pods.remove(pod)
        yield
        network.update()
    finally:
        os.close(kept)


def roll(network: Network, *deployments: str) -> None:
    """Restart Deployments at once, each as its controller does: a new pod, and when it is ready an old one goes."""
    old = {name: network.of(name) for name in deployments}
    for some in zip_longest(*old.values()):
        for pod in filter(None, some):
            network.add(pod.deployment)
        network.wait_ready()
        for pod in filter(None, some):
            pod.delete()
    gone = {pod for some in old.values() for pod in some}
    wait_until(lambda: network.update() and not gone.intersection(network.pods), 120)

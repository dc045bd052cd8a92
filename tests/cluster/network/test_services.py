"""The overlay `local` as a network: Services, cluster DNS and node ports between real pods and somebody outside."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGKILL, SIGTERM
from statistics import median

import pytest

from tests.cluster.network.conftest import MODELS
from tests.cluster.network.network import NAMESPACE, Network
from tests.cluster.network.node import NODE
from tests.cluster.network.pods import Pod
from tests.conftest import ROOT
from tests.serving import wait_until

RECORD = (ROOT / "examples" / "record.json").read_text()
OUTSIDE = f"http://{NODE}:30080"
SOON_S = 5.0
"""Half of a request's deadline, and ten times what a connection may take that nobody refuses."""

AT_ONCE_S = 1.0
"""A tenth of the deadline: so soon comes the middle one of many answers, and the quickest of a few."""


def stored(shipped: Path, name: str) -> Path:
    """Give the folder of a stored model, which is named by its version."""
    (contract,) = shipped.glob(f"models/{name}/*/contract.json")
    return contract.parent


@pytest.mark.parametrize("name", MODELS)
def test_a_prediction_through_the_node_port_is_what_the_model_said_in_training(
    network: Network, shipped: Path, name: str
) -> None:
    """The gateway finds both models by the names of their Services; the caller knows the node's address only."""
    golden = json.loads((stored(shipped, name) / "golden.json").read_bytes())
    answer = network.node.world.ask(f"{OUTSIDE}/v1/predict", json.dumps({"instances": golden["instances"]}))
    body = json.loads(answer.body)

    assert answer.status == 200
    assert len(body["predictions"]) == 32
    for given, expected in zip(body["predictions"], golden["predictions"], strict=True):
        assert given[name] == {
            key: pytest.approx(value, abs=1e-6, rel=1e-6) if isinstance(value, float) else value
            for key, value in expected.items()
        }
    assert body["models"] == {one: {"version": stored(shipped, one).name} for one in MODELS}


def test_the_secret_opens_the_node_port_of_tls(network: Network) -> None:
    """Its certificate is the one that callers see."""
    trusted = ["--cacert", str(network.node.folder / "tls" / "ca.crt"), "--connect-to", f"::{NODE}:"]
    answer = network.node.world.ask("https://localhost:30443/v1/predict", RECORD, *trusted)

    assert answer.status == 200


@pytest.mark.parametrize("suffix", ["", f".{NAMESPACE}", f".{NAMESPACE}.svc.cluster.local"])
def test_a_backend_is_found_by_each_of_its_names(
    network: Network, another_gateway: Callable[..., Pod], suffix: str
) -> None:
    """Short, with the namespace, and in full, although with `ndots:5` each is first tried with suffixes."""
    pod = another_gateway(GATEWAY_BACKENDS__DIAGNOSIS__URL=f"http://ml-diagnosis{suffix}")

    assert network.node.own.ask(pod.url("http", "/v1/models/diagnosis:predict"), RECORD).status == 200


def test_a_pod_reaches_itself_through_its_service(network: Network) -> None:
    """The node stands in as the sender, or the pod's own answer would never be taken for one."""
    (gateway,) = network.of("gateway")

    assert gateway.sandbox.ask("http://ml-inference-service/livez").status == 200


def test_a_service_without_a_ready_endpoint_fails_at_once(network: Network) -> None:
    """Also for many callers, of whom the kernel refuses few: the model is named, and the other one still answers."""
    world = network.node.world
    (novelty,) = network.of("ml-novelty")
    network.remove(novelty, SIGKILL)
    try:
        with ThreadPoolExecutor(16) as callers:
            failed = list(callers.map(lambda _: world.ask(f"{OUTSIDE}/v1/predict", RECORD), range(32)))
        other = world.ask(f"{OUTSIDE}/v1/models/diagnosis:predict", RECORD)
    finally:
        network.add("ml-novelty")
        network.wait_ready()

    assert {answer.problem for answer in failed} == {(503, "backend_unreachable", "novelty")}
    assert median(answer.seconds for answer in failed) < AT_ONCE_S
    assert max(answer.seconds for answer in failed) < SOON_S
    assert other.status == 200
    assert world.ask(f"{OUTSIDE}/v1/predict", RECORD).status == 200


def test_a_name_that_nobody_serves_fails_at_once(network: Network, another_gateway: Callable[..., Pod]) -> None:
    """The model is named; the question whether it is ready reaches the DNS, which says no."""
    pod = another_gateway(GATEWAY_BACKENDS__NOVELTY__URL="http://ml-nobody", GATEWAY_READY_AFTER_S="0")
    several = [network.node.own.ask(pod.url("http", "/v1/predict"), RECORD) for _ in range(3)]
    ready = network.node.own.ask(pod.url("http", "/v2/models/novelty/ready"))

    assert {failed.problem for failed in several} == {(503, "backend_unknown", "novelty")}
    assert ready.status == 503
    assert min(failed.seconds for failed in several) < AT_ONCE_S
    assert max(ready.seconds, *(failed.seconds for failed in several)) < SOON_S
    wait_until(lambda: '"reason": "novelty cannot be reached"' in pod.sandbox.log.read_text())


def test_the_admin_side_is_inside_only(network: Network) -> None:
    """A pod reaches its Service by name; from outside no port of the node shows the metrics."""
    (novelty,) = network.of("ml-novelty")
    inside = novelty.sandbox.ask("http://ml-inference-admin:8081/metrics")
    node_ports = [port.node_port for port in network.ports() if port.node_port]
    outside = [network.node.world.ask(f"http://{NODE}:{port}/metrics").status for port in (*node_ports, 8081)]

    assert inside.status == 200
    assert "bentogate_requests_total" in inside.body
    assert node_ports == [30080, 30443]
    assert outside == [404, 0, 0]


def test_sigterm_ends_a_gateway_with_code_0(network: Network, another_gateway: Callable[..., Pod]) -> None:
    """As process 1 of its pod, where a signal without a handler does nothing."""
    assert network.remove(another_gateway(), SIGTERM) == 0

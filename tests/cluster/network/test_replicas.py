"""Several replicas of a model: each has its share of the calls, and none that goes or comes costs an answer."""

import re
from collections.abc import Iterator
from signal import SIGKILL

import pytest

from tests.cluster.network.changes import killed, roll
from tests.cluster.network.conftest import BALANCED
from tests.cluster.network.load import Load
from tests.cluster.network.network import Network
from tests.cluster.network.node import NODE
from tests.cluster.network.pods import Pod, variables_of
from tests.cluster.rendered import named
from tests.serving import wait_until

DIAGNOSIS, ALL = "/v1/models/diagnosis:predict", "/v1/predict"
WORKLOADS = ("ml-diagnosis", "ml-novelty")
COUNT = re.compile(r'^bentogate_model_requests_total\{.*path="infer".*\} (.*)$', re.MULTILINE)
EVENLY = 0.3
"""So far may a share be from that of the others."""

MARGIN_S = 5 * 10
"""A new replica has its share within ten seconds; a test waits five times as long."""

WAYS = {
    "service": {"GATEWAY_BACKENDS__DIAGNOSIS__CONCURRENCY": "2"},
    "dns": variables_of(named(BALANCED, "Deployment", "gateway")["spec"]["template"]["spec"]["containers"][0]),
}
"""What a gateway is told: behind a ClusterIP how many replicas there are, or as the component `headless` does."""


@pytest.fixture(scope="module")
def gateways(network: Network) -> Iterator[dict[str, Pod]]:
    """Run two replicas of a model, and for each way a gateway of its own."""
    second = network.add("ml-diagnosis")
    started = {way: network.add("gateway", alone=True, **variables) for way, variables in WAYS.items()}
    network.wait_ready()
    yield started
    for pod in (*started.values(), second):
        if pod in network.pods:
            network.remove(pod, SIGKILL)


class Calls:
    """Count the calls of each replica from now on, by its own metrics."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.pods = network.of("ml-diagnosis")
        self.before = self.counted()

    def counted(self) -> list[int]:
        """Read the count of each replica."""
        pages = [self.network.node.own.ask(pod.url("http", "/metrics")).body for pod in self.pods]
        return [sum(int(float(one)) for one in COUNT.findall(page)) for page in pages]

    def are_shared(self, fewest: int) -> bool:
        """Say whether each has had its share of so many calls or more."""
        calls = [now - then for now, then in zip(self.counted(), self.before, strict=True)]
        fair = sum(calls) / len(calls)
        return sum(calls) >= fewest and all(abs(one - fair) <= EVENLY * fair for one in calls)


@pytest.mark.parametrize("way", WAYS)
def test_two_replicas_share_evenly(network: Network, gateways: dict[str, Pod], way: str) -> None:
    """Over connections that are kept, neither is further than 30 % from its half of a thousand calls or some more."""
    with Load(network.node, gateways[way].url("http", DIAGNOSIS)) as load:
        calls = Calls(network)
        wait_until(lambda: calls.are_shared(1000), 60)

    assert load.problems == []


@pytest.mark.parametrize("way", WAYS)
def test_a_third_one_gets_its_share_and_dies_at_no_cost(network: Network, gateways: dict[str, Pod], way: str) -> None:
    """It has a third of the calls soon after it is ready; killed while it is still listed, it costs no answer."""
    with Load(network.node, gateways[way].url("http", DIAGNOSIS)) as load:
        third = network.add("ml-diagnosis")
        network.wait_ready()
        calls = Calls(network)
        wait_until(lambda: calls.are_shared(500), MARGIN_S)
        with killed(network, third):
            load.more(1000)
        load.more(300)

    assert load.problems == []


def test_a_rolling_restart_of_the_models_costs_no_answer(network: Network, gateways: dict[str, Pod]) -> None:
    """Each pod of both is replaced, while two gateways ask both in their two ways."""
    before = [pod for name in WORKLOADS for pod in network.of(name)]
    with Load(network.node, gateways["service"].url("http", ALL), pause_s=0.01) as load:
        with Load(network.node, gateways["dns"].url("http", ALL), pause_s=0.01) as other:
            roll(network, *WORKLOADS)
            other.more(100)
        load.more(100)

    assert len([pod for name in WORKLOADS for pod in network.of(name)]) == len(before) == 3
    assert not set(before) & set(network.pods)
    assert load.problems + other.problems == []


def test_a_rolling_restart_of_the_gateway_costs_no_answer(network: Network) -> None:
    """Callers outside keep their connections, and hear while it drains that they are to make new ones."""
    (before,) = network.of("gateway")
    with Load(network.node, f"http://{NODE}:30080{ALL}", pause_s=0.01) as load:
        roll(network, "gateway")
        load.more(100)

    assert before not in network.pods
    assert load.problems == []

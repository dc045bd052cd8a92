"""The network of a cluster that the tests share."""

import base64
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from signal import SIGINT

import pytest

from models import model_names
from stack.certificate import make_certificate
from tests.cluster.network import images
from tests.cluster.network.network import Network
from tests.cluster.network.node import Node
from tests.cluster.network.pods import Pod
from tests.cluster.rendered import extended, of_kind, overlay

MODELS = ("diagnosis", "novelty")
"""What the default route asks."""
BALANCED = extended("local", "headless")
"""The overlay with the component `headless`, whose gateway balances by itself."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the pods printed beside a test that failed."""
    report = yield
    network = getattr(item, "funcargs", {}).get("network")
    if report.failed and network:
        report.sections.append(("What the pods printed last", network.node.logs()))
    return report


@pytest.fixture(scope="package")
def network(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Run one pod of each Deployment of the overlay, with the bentos of all models and a certificate.

    The Services of the component `headless` are there too, for gateways that are told so.
    """
    folder = tmp_path_factory.mktemp("network")
    held = {name: images.bento(shipped, name, folder / "images" / name) for name in model_names()}
    make_certificate(folder / "tls")
    content = {key: base64.b64encode((folder / "tls" / key).read_bytes()).decode() for key in ("tls.crt", "tls.key")}
    secret = {"kind": "Secret", "metadata": {"name": "ml-inference-tls"}, "data": content}
    with Node(folder) as node:
        headless = [one for one in of_kind(BALANCED, "Service") if one["spec"].get("clusterIP") == "None"]
        network = Network(node, [*overlay("local"), *headless, secret], {"gateway": images.GATEWAY, **held})
        network.add_all()
        yield network


@pytest.fixture
def another_gateway(network: Network) -> Iterator[Callable[..., Pod]]:
    """Start gateways that no Service selects, with variables of their own."""
    started = []

    def start(**variables: str) -> Pod:
        started.append(network.add("gateway", alone=True, **variables))
        network.wait_ready()
        return started[-1]

    yield start
    for pod in started:
        if pod in network.pods:
            network.remove(pod, SIGINT)  # without the drain

"""What these tests need beside Python (what is missing is named, and fails the run), and the two entrances."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.controllers import GATEWAY_API, INGRESS, running_entrance
from tests.cluster.entrance import Entrance

PYTHON_TOOLS = {"kubectl": "make .venv/.cluster", "traefik": "make .venv/.cluster"}
SYSTEM_TOOLS = {
    "ip": "iproute2",
    "nft": "nftables",
    "dnsmasq": "dnsmasq-base",
    "unshare": "util-linux",
    "openssl": "openssl",
}


def pytest_sessionstart() -> None:
    """Refuse to start without every tool: a skipped test would look like a passed one."""
    missing = [f"{tool} ({how})" for tool, how in PYTHON_TOOLS.items() if not shutil.which(tool)]
    missing += [
        f"{tool} (apt-get install {package})" for tool, package in SYSTEM_TOOLS.items() if not shutil.which(tool)
    ]
    if sys.platform != "linux" or os.geteuid() != 0:
        missing.append("root on Linux (network namespaces)")
    if missing:
        pytest.exit(f"these tests need {', '.join(missing)}", returncode=2)


@pytest.fixture(scope="package")
def ingress(tmp_path_factory: pytest.TempPathFactory, stored_plain: Path) -> Iterator[Entrance]:
    """Run Traefik in the place of ingress-nginx."""
    with running_entrance(INGRESS, tmp_path_factory.mktemp("ingress"), stored_plain) as entrance:
        yield entrance


@pytest.fixture(scope="package")
def gateway_api(tmp_path_factory: pytest.TempPathFactory, stored_plain: Path) -> Iterator[Entrance]:
    """Run Traefik as a controller of the Gateway API."""
    with running_entrance(GATEWAY_API, tmp_path_factory.mktemp("gateway-api"), stored_plain) as entrance:
        yield entrance


@pytest.fixture(params=["ingress", "gateway_api"])
def entrance(request: pytest.FixtureRequest) -> Entrance:
    """Give each entrance in turn."""
    given: Entrance = request.getfixturevalue(request.param)
    return given

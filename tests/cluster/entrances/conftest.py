"""The two entrances that the tests go through."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.entrances.controllers import GATEWAY_API, INGRESS, running_entrance
from tests.cluster.entrances.entrance import Entrance


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

"""A gateway process in front of two real models, the tiny ones, trained and served here; and a real bento."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import STORE
from tests.serving import model_app, running_gateway, running_service, served

PLAIN = {"width": 5.0, "height": 3.0, "count": 4}
MIXED = {"income": 30.5, "age": 40, "owner": True, "region": "east"}


@pytest.fixture(scope="package")
def ports(stored_plain: Path, stored_mixed: Path) -> Iterator[dict[str, int]]:
    """Serve both models."""
    with served(model_app(stored_plain)) as plain, served(model_app(stored_mixed)) as mixed:
        yield {"plain": plain, "mixed": mixed}


def settings_of(ports: dict[str, int], **more: Any) -> dict[str, Any]:
    """Give the settings of a gateway in front of these ports."""
    return {
        "backends": {name: {"url": f"http://127.0.0.1:{port}"} for name, port in ports.items()},
        "routes": {"both": {"ensemble": list(ports)}},
        "default": "both",
        **more,
    }


@pytest.fixture(scope="package")
def client(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[httpx.Client]:
    """Run the gateway, with all that is off by default and needs no port, and give a client of it."""
    folder = tmp_path_factory.mktemp("gateway")
    settings = settings_of(ports, max_rows=1000, max_body_mb=1, prediction_log={"folder": str(folder / "log")})
    with running_gateway(folder, settings) as client:
        yield client


@pytest.fixture(scope="package")
def bento(tmp_path_factory: pytest.TempPathFactory, stored_mixed: Path) -> Iterator[str]:
    """Serve the mixed model with BentoML and give its address."""
    assert stored_mixed.is_relative_to(STORE)
    folder = tmp_path_factory.mktemp("bento")
    with running_service(["--arg", "model=mixed"], Path(STORE), folder) as (process, address):
        assert process.poll() is None, (folder / "serve.log").read_text()
        yield address

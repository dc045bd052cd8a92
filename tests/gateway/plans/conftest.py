"""A gateway in front of real models: plain, mixed, and `candidate`, which is another plain one under its own name."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import model_app, running_gateway, served

Start = Callable[..., httpx.Client]


@pytest.fixture(scope="package")
def backends(stored_plain: Path, stored_mixed: Path) -> Iterator[dict[str, Any]]:
    """Serve the models, and give the settings of their backends."""
    with (
        served(model_app(stored_plain)) as plain,
        served(model_app(stored_mixed)) as mixed,
        served(model_app(stored_plain)) as candidate,
    ):
        yield {
            "plain": {"url": f"http://127.0.0.1:{plain}"},
            "mixed": {"url": f"http://127.0.0.1:{mixed}"},
            "candidate": {"url": f"http://127.0.0.1:{candidate}", "model": "plain"},
        }


@pytest.fixture
def start(tmp_path: Path, backends: dict[str, Any]) -> Iterator[Start]:
    """Give what runs a gateway with routes, the first of which is the default, and other settings."""
    with ExitStack() as stack:

        def run(routes: dict[str, Any], **more: Any) -> httpx.Client:
            settings = {"backends": backends, "routes": routes, "default": next(iter(routes)), **more}
            return stack.enter_context(running_gateway(tmp_path, settings))

        yield run

"""A gateway in front of real models: plain, mixed, and others of the kind of plain: `candidate`, and `sick`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.serving import model_app, running_gateway, served

Start = Callable[..., httpx.Client]


class Sick:
    """A model whose predictions fail with a `status`, or do not come as long as it is 0; None is well.

    Of predictions that are well one in `every` fails, where that is set. It counts who `asked` for them, and for how
    many of them nobody waited any more (`left`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.status: int | None = None
        self.every: int | None = None
        self.asked = self.left = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or not."""
        if not scope["path"].endswith("/infer"):
            await self.app(scope, receive, send)
            return
        self.asked += 1
        status = 500 if self.status is None and self.every and self.asked % self.every == 0 else self.status
        if status is None:
            await self.app(scope, receive, send)
        elif status:
            await Response(status_code=status)(scope, receive, send)
        else:
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left += 1


@pytest.fixture(scope="package")
def sick_app(stored_plain: Path) -> Sick:
    """Give the app of the sick model."""
    return Sick(model_app(stored_plain))


@pytest.fixture
def sick(sick_app: Sick) -> Iterator[Sick]:
    """Give it as it is well, and make it so again."""
    sick_app.asked = sick_app.left = 0
    yield sick_app
    sick_app.status = sick_app.every = None


@pytest.fixture(scope="package")
def backends(stored_plain: Path, stored_mixed: Path, sick_app: Sick) -> Iterator[dict[str, Any]]:
    """Serve the models, and give the settings of their backends."""
    with (
        served(model_app(stored_plain)) as plain,
        served(model_app(stored_mixed)) as mixed,
        served(model_app(stored_plain)) as candidate,
        served(sick_app) as sick,
    ):
        yield {
            "plain": {"url": f"http://127.0.0.1:{plain}"},
            "mixed": {"url": f"http://127.0.0.1:{mixed}"},
            "candidate": {"url": f"http://127.0.0.1:{candidate}", "model": "plain"},
            "sick": {"url": f"http://127.0.0.1:{sick}", "model": "plain"},
        }


@pytest.fixture
def start(tmp_path: Path, backends: dict[str, Any]) -> Iterator[Start]:
    """Give what runs a gateway with routes, the first of which is the default, and other settings."""
    with ExitStack() as stack:

        def run(routes: dict[str, Any], **more: Any) -> httpx.Client:
            settings: dict[str, Any] = {"backends": backends, "routes": routes, "default": next(iter(routes)), **more}
            return stack.enter_context(running_gateway(tmp_path, settings))

        yield run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the gateway that all tests of a module ask; `gateway.log` is in it."""
    return tmp_path_factory.mktemp("gateway")


@pytest.fixture(scope="module")
def client(request: pytest.FixtureRequest, folder: Path, backends: dict[str, Any]) -> Iterator[httpx.Client]:
    """Run it, with the `ROUTES` of the module, the first of which is the default."""
    routes: dict[str, Any] = request.module.ROUTES
    with running_gateway(folder, {"backends": backends, "routes": routes, "default": next(iter(routes))}) as running:
        yield running

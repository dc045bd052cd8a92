"""The console of a real gateway, in front of two real models, in a real Chromium without a window."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.serving import model_app, running_gateway, served

WIDE, PHONE = (1280, 860), (360, 780)
BOTH = {"instances": [{**PLAIN, **MIXED}]}

REFUSED = "the server responded with a status of 422"

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

expect.set_options(timeout=30_000)


class Looked:
    """A page, and what it did that it must not: words on the console, and requests to anybody else."""

    def __init__(self, page: Page, admin: str) -> None:
        self.page = page
        self.admin = admin
        self.told: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.told.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.told.append(f"pageerror: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))

    def go(self, view: str) -> Page:
        """Open a view, with figures in it."""
        self.page.goto(f"{self.admin}/#{view}")
        expect(self.page.locator("#live-text")).to_have_text("Live")
        return self.page

    def check(self) -> None:
        """Nothing was told, and nobody else was asked; Chromium itself tells of every record that is refused."""
        told = [one for one in self.told if one.startswith(("error", "warning", "pageerror")) and REFUSED not in one]
        assert told == []
        assert {urlsplit(url).netloc for url in self.asked} == {urlsplit(self.admin).netloc}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser."""
    assert CHROMIUM, "there is no chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        # As root, in containers and in CI its sandbox cannot be made; it shows nothing but our own page.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def models(stored_plain: Path, stored_mixed: Path) -> Iterator[dict[str, int]]:
    """Serve both models."""
    with served(model_app(stored_plain)) as plain, served(model_app(stored_mixed)) as mixed:
        yield {"plain": plain, "mixed": mixed}


@pytest.fixture(scope="package")
def gateway(tmp_path_factory: pytest.TempPathFactory, models: dict[str, int]) -> Iterator[httpx.Client]:
    """Run a gateway and ask it some things."""
    with running_gateway(tmp_path_factory.mktemp("browser"), settings_of(models)) as client:
        client.post("/v1/predict", json=BOTH).raise_for_status()
        client.post("/v1/models/plain:predict", json={"instances": [{}]})
        yield client


Own = Callable[..., httpx.Client]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    """Run gateways of a test's own until its pages are closed: one that loses its gateway says so on the console."""
    with ExitStack() as stack:
        yield lambda settings, **more: stack.enter_context(running_gateway(tmp_path, settings, **more))


Look = Callable[..., Looked]


@pytest.fixture
def look(
    browser: Browser,
    gateway: httpx.Client,
    own: Own,  # noqa: ARG001 (it ends after the pages)
) -> Iterator[Look]:
    """Give pages of that gateway, or of another one; each is checked at the end unless it is `unchecked`."""
    looked: list[tuple[Looked, bool]] = []

    def opened(
        size: tuple[int, int] = WIDE, scheme: Any = "light", at: httpx.Client = gateway, *, checked: bool = True
    ) -> Looked:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        one = Looked(context.new_page(), at.headers["x-admin"])
        looked.append((one, checked))
        return one

    yield opened
    for one, checked in looked:
        one.page.context.close()
        if checked:
            one.check()

"""The command `make screenshots`: pictures of the console for the README, of the shipped models under a light load."""

import itertools
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, Route, sync_playwright

from contract import columns_to_records
from models import catalog, model_names
from tests.browser.conftest import CHROMIUM
from tests.conftest import ROOT, run
from tests.serving import model_app, running_gateway, served

PICTURES = ROOT / "docs" / "pictures"
REPLICA = "ml-inference-0"
"""Stands for the name of the machine that the pictures are made on."""

SHOTS: list[tuple[str, Literal["light", "dark"]]] = [
    ("map", "light"),
    ("map", "dark"),
    ("try", "light"),
    ("requests", "dark"),
    ("drift", "light"),
]
ROWS = 3
LOOKED_S = 30
"""So long there is load before the pictures, so that the last minute has something to show."""


def batched(records: Sequence[Any]) -> list[Any]:
    """Give requests of some records each."""
    return [records[start : start + ROWS] for start in range(0, len(records), ROWS)]


@contextmanager
def loaded(client: httpx.Client, records: Sequence[Any]) -> Iterator[None]:
    """Ask all routes, some twenty times a second, until the end."""
    ended = threading.Event()

    def ask(path: str, pause_s: float) -> None:
        for record in itertools.cycle(batched(records)):
            if ended.wait(pause_s):
                return
            httpx.post(f"{client.base_url}/{path}", json={"instances": record}, timeout=10).raise_for_status()

    paths = {"v1/predict": 0.07, **{f"v1/models/{name}:predict": 0.3 for name in model_names()}}
    threads = [threading.Thread(target=ask, args=item) for item in paths.items()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def of_the_population() -> list[Any]:
    """Draw records from the data of a model, with one feature shifted: there is drift to see, and little of it."""
    model, random = catalog()[model_names()[0]], np.random.default_rng(7)
    columns = dict(model.data().columns)
    rows = random.permutation(len(next(iter(columns.values()))))
    shifted = model.features[1].name
    columns[shifted] = columns[shifted] + columns[shifted].std() / 2
    return columns_to_records({name: column[rows] for name, column in columns.items()}, model.features)


def renamed(route: Route) -> None:
    """Name the replica as a cluster would."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "replica": REPLICA})


def prepare(page: Page, view: str) -> None:
    """Have something to see in a view."""
    if view == "try":
        page.get_by_role("button", name="Ask", exact=True).click()
        page.get_by_role("heading", name="Where the time went").wait_for()
    elif view == "requests":
        page.get_by_role("button", name="Pause").click()
        page.locator("button.link").first.click()
        page.locator("tr.way").wait_for()


def shoot(browser: Browser, admin: str) -> None:
    """Take all pictures, each of its own page; all pages are open while the load goes on."""
    pages = []
    for view, scheme in SHOTS:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.route("**/console/state", renamed)
        page.goto(f"{admin}/#{view}")
        pages.append((page, view, scheme))
    pages[0][0].wait_for_timeout(LOOKED_S * 1000)
    for page, view, scheme in pages:
        prepare(page, view)
        path = PICTURES / f"console-{view}-{scheme}.png"
        page.screenshot(path=path)
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


def main() -> int:
    """Train, serve, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with ExitStack() as stack, sync_playwright() as playwright:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run(sys.executable, "training/train.py", BENTOML_HOME=str(home))
        folders = {name: next((home / "models" / name).glob("*/report.html")).parent for name in model_names()}
        ports = {name: stack.enter_context(served(model_app(folder))) for name, folder in folders.items()}
        records = of_the_population()
        settings = {
            "backends": {name: {"url": f"http://127.0.0.1:{port}"} for name, port in ports.items()},
            "routes": {"assessment": {"ensemble": list(ports)}},
            "default": "assessment",
        }
        client = stack.enter_context(running_gateway(home, settings))
        stack.enter_context(loaded(client, records))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shoot(browser, client.headers["x-admin"])
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

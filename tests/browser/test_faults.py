"""What goes wrong while somebody looks."""

from pathlib import Path

import httpx
from playwright.sync_api import expect

from benchmarks.ports import free_ports
from tests.browser.conftest import Look
from tests.gateway.conftest import PLAIN, settings_of
from tests.serving import model_app, running_gateway, served


def test_a_model_is_killed_and_comes_back(
    look: Look, tmp_path: Path, models: dict[str, int], stored_plain: Path
) -> None:
    """The map says so by itself, a request that failed says by which model, and all is well again when it is back."""
    (port,) = free_ports(1)
    settings = settings_of({"plain": port, "mixed": models["mixed"]}, ready_after_s=0)
    with running_gateway(tmp_path, settings, wait="/livez") as client:
        looked = look(at=client)
        with served(model_app(stored_plain), port):
            page = looked.go("map")
            card = page.locator(".models button.card").filter(has_text="plain")
            expect(card.locator(".badge.good")).to_have_text("✓Ready")
        expect(card.locator(".badge.bad")).to_contain_text("Not ready")
        assert client.post("/v1/models/plain:predict", json={"instances": [PLAIN]}).status_code == 503
        page.goto(f"{looked.admin}/#requests")
        page.locator("button.link").first.click()
        expect(page.locator("tr.way")).to_contain_text("of the model plain")
        page.goto(f"{looked.admin}/#map")
        with served(model_app(stored_plain), port):
            expect(card.locator(".badge.good")).to_have_text("✓Ready")


def test_what_is_tried_fails_in_words(look: Look, tmp_path: Path, models: dict[str, int], stored_plain: Path) -> None:
    """A model that has gone answers nobody, and the form stays as it is."""
    (port,) = free_ports(1)
    settings = settings_of({"plain": port, "mixed": models["mixed"]})
    with served(model_app(stored_plain), port) as _, running_gateway(tmp_path, settings) as client:
        # The browser writes each failed request to its console.
        looked = look(at=client, checked=False)
        page = looked.go("try/plain")
        expect(page.get_by_label("width")).to_have_value("5")
        page.route("**/console/try/plain", lambda route: route.fulfill(status=503, json=GONE))
        page.get_by_role("button", name="Ask", exact=True).click()
        answer = page.get_by_role("region", name="Answer", exact=True)

        expect(answer).to_contain_text("A model cannot be reached")
        expect(answer).to_contain_text("503 backend_unreachable")
        expect(page.get_by_label("width")).to_have_value("5")


GONE = {
    "title": "A model cannot be reached",
    "detail": "plain cannot be reached",
    "reason": "backend_unreachable",
    "status": 503,
    "id": "a",
}


def test_a_gateway_that_ends_is_seen(look: Look, tmp_path: Path, models: dict[str, int]) -> None:
    """The figures stay and are said to be old."""
    with running_gateway(tmp_path, settings_of(models)) as client:
        looked = look(at=client, checked=False)
        page = looked.go("map")

    expect(page.locator("#live-text")).to_have_text("No connection: the figures are old")
    expect(page.locator(".routes button.card")).to_have_count(3)


def test_a_change_of_the_settings_is_seen(look: Look, tmp_path: Path, models: dict[str, int]) -> None:
    """A route that is new is on the map without a reload."""
    settings = settings_of(models)
    with running_gateway(tmp_path, settings) as client:
        page = look(at=client).go("map")
        expect(page.locator(".routes button.card")).to_have_count(3)
        path = tmp_path / "gateway.yaml"
        path.write_text(path.read_text().replace('"both": {', '"alike": {"ensemble": ["plain"]}, "both": {'))

        expect(page.locator(".routes button.card")).to_have_count(4)
        assert httpx.get(f"{client.base_url}/v1/models/alike").status_code == 200

"""What goes wrong while somebody looks."""

from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Route, expect

from benchmarks.ports import free_ports
from tests.browser.conftest import BOTH, Look, Own
from tests.gateway.conftest import PLAIN, settings_of
from tests.serving import model_app, running_gateway, served


def test_a_model_is_killed_and_comes_back(look: Look, own: Own, models: dict[str, int], stored_plain: Path) -> None:
    """The map says so by itself, a request that failed says by which model, and all is well again when it is back."""
    (port,) = free_ports(1)
    settings = settings_of({"plain": port, "mixed": models["mixed"]}, ready_after_s=0)
    client = own(settings, wait="/livez")
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


def test_a_change_of_the_settings_is_seen(look: Look, own: Own, tmp_path: Path, models: dict[str, int]) -> None:
    """A route that is new is on the map without a reload."""
    settings = settings_of(models)
    client = own(settings)
    page = look(at=client).go("map")
    expect(page.locator(".routes button.card")).to_have_count(3)
    path = tmp_path / "gateway.yaml"
    path.write_text(path.read_text().replace('"both": {', '"alike": {"ensemble": ["plain"]}, "both": {'))

    expect(page.locator(".routes button.card")).to_have_count(4)
    assert httpx.get(f"{client.base_url}/v1/models/alike").status_code == 200


def test_a_gateway_that_begins_anew_is_seen_anew(look: Look, tmp_path: Path, models: dict[str, int]) -> None:
    """Its numbers begin at 1 again: its requests are its own, not those of the one before, and so is its age."""
    port, admin = free_ports(2)
    settings = settings_of(models, port=port, admin_port=admin)
    with running_gateway(tmp_path, settings) as client:
        page = look(at=client, checked=False).go("requests")
        client.post("/v1/predict", json=BOTH, headers={"x-request-id": "before"})
        expect(page.get_by_role("button", name="The way of before")).to_be_visible()
    expect(page.locator("#live-text")).to_have_text("No connection: the figures are old")
    with page.expect_response("**/console/state"), running_gateway(tmp_path, settings) as client:
        client.post("/v1/predict", json=BOTH, headers={"x-request-id": "after"})
        expect(page.locator("#live-text")).to_have_text("Live")

        expect(page.get_by_role("button", name="The way of after")).to_be_visible()
        expect(page.get_by_role("button", name="The way of before")).to_have_count(0)


def test_what_is_typed_outlives_a_change_of_the_models(
    look: Look, own: Own, tmp_path: Path, models: dict[str, int]
) -> None:
    """A model that is new elsewhere leaves a form alone; one of another version is made anew, with it."""
    settings = settings_of(models)
    client = own(settings)
    page = look(at=client).go("try/plain")
    field = page.get_by_label("width")
    expect(field).to_have_value("5")
    field.fill("7.5")
    path = tmp_path / "gateway.yaml"
    path.write_text(path.read_text().replace('"both": {', '"alike": {"ensemble": ["plain"]}, "both": {'))
    expect(page.get_by_label("Route").locator("option")).to_have_count(4)
    expect(field).to_have_value("7.5")
    page.route("**/console/state", of_another_version)
    path.write_text(path.read_text().replace('"alike": {"ensemble": ["plain"]}, ', ""))
    expect(page.get_by_label("Route").locator("option")).to_have_count(3)

    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    expect(field).to_have_value("7.5")


def of_another_version(route: Route) -> None:
    """Have each model be of a version that it is not."""
    document = route.fetch().json()
    models = [{**model, "version": f"{model['version']}x"} for model in document["models"]]
    route.fulfill(json={**document, "models": models})


MARKUP = """"><img src=x onerror="document.title='done'"><script>document.title='done'</script>"""


def test_markup_in_what_others_wrote_is_text(look: Look, own: Own, models: dict[str, int]) -> None:
    """Whatever stands in a contract, a reason, or an id: it is shown as it is written, and does nothing."""

    def marked(route: Route) -> None:
        document = route.fetch().json()
        features = document.get("features") or document["contract"]["features"]
        document.get("contract", {})["description"] = MARKUP
        for feature in features:
            feature |= {"description": MARKUP, "unit": MARKUP, "name": f"{feature['name']}{MARKUP}"}
        route.fulfill(json=document)

    client = own(settings_of(models))
    looked = look(at=client)
    page = looked.page
    page.route("**/console/models/plain", marked)
    page.route("**/console/routes/plain", marked)
    page.route("**/console/state", lambda route: route.fulfill(json=planned(route)))
    page.route("**/console/requests", lambda route: route.fulfill(json=strange(route)))
    client.post("/v1/predict", json=BOTH)
    looked.go("try/plain")
    expect(page.locator(".entry label").first).to_contain_text(MARKUP)
    page.goto(f"{looked.admin}/#map")
    for place in (".branch .label", ".branch b", ".branch .quiet", ".routes .trouble"):
        expect(page.locator(place).first).to_contain_text(MARKUP)
    page.locator(".models button.card").filter(has_text="plain").click()
    expect(page.get_by_role("dialog").locator(".lead")).to_have_text(MARKUP)
    page.keyboard.press("Escape")
    page.goto(f"{looked.admin}/#requests")
    expect(page.locator("button.link").first).to_have_text(MARKUP)

    assert page.title() != "done"
    assert page.locator("img[src=x]").count() == 0


def planned(route: Route) -> dict[str, Any]:
    """Give the state with a branch that has markup in its words, such as its condition, on each route."""
    document = route.fetch().json()
    branch = {"name": MARKUP, "kind": "stored", "label": MARKUP, "told": MARKUP}
    for one in document["routes"]:
        one |= {"misfit": MARKUP, "branches": [branch]}
    return dict(document)


def strange(route: Route) -> dict[str, Any]:
    """Give the last requests with markup in their words."""
    document = route.fetch().json()
    words = {"id": MARKUP, "route": MARKUP, "reason": MARKUP, "caller": MARKUP}
    return {**document, "requests": [{**one, **words} for one in document["requests"]]}

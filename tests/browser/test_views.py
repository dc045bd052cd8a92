"""Each view of the console: in light and dark, on a wide screen and on a phone, for everybody."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from benchmarks.ports import free_ports
from tests.browser.conftest import BOTH, PHONE, WIDE, Look, Own
from tests.gateway.conftest import settings_of
from tests.serving import wait_until

SERIOUS = ("serious", "critical")

DRIFT = {
    "models": {
        "plain": {
            "version": "0123456789ab",
            "rows": 812,
            "fields": [
                {
                    "name": name,
                    "kind": kind,
                    "type": "number",
                    "psi": psi,
                    "ks": psi / 2,
                    "missing": 0.0,
                    "unseen": 0.0,
                    "alarm": psi > 0.25,
                    "training": {"edges": [0, 1, 2, 3, 4], "shares": [0.1, 0.4, 0.4, 0.1]},
                    "live": {"shares": [0.05, 0.2, 0.45, 0.3]},
                }
                for name, kind, psi in (
                    ("width", "feature", 0.61),
                    ("height", "feature", 0.14),
                    ("label", "output", 0.01),
                )
            ],
        }
    }
}


def shown(page: Page, view: str) -> None:
    """Fill a view with what it is for."""
    if view == "try":
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.get_by_role("heading", name="Where the time went")).to_be_visible()
    elif view == "requests":
        page.locator("button.link").first.click()
        expect(page.locator("tr.way")).to_have_count(1)
    elif view == "drift":
        expect(page.get_by_text("0.61", exact=True)).to_be_visible()
    else:
        expect(page.locator(".models .badge.good")).to_have_count(2)


def drifting(page: Page, document: Any = DRIFT) -> None:
    """Have the gateway tell of distributions that it has not seen."""

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=json.dumps(document))

    page.route("**/console/drift", answer)


@pytest.mark.parametrize("view", ["map", "try", "drift", "requests"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_view_is_for_everybody(look: Look, view: str, scheme: str, size: tuple[int, int]) -> None:
    """Axe finds no serious fault, and nothing is wider than the screen."""
    looked = look(size, scheme)
    drifting(looked.page)
    page = looked.go(view)
    shown(page, view)
    violations = Axe().run(page).response["violations"]
    faults = [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations if one["impact"] in SERIOUS]

    assert faults == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(20, 24, 26)"
    assert dark == (scheme == "dark")


def test_a_fault_would_be_found(look: Look) -> None:
    """The check can fail: a field without a name, and words that are as pale as their ground."""
    page = look().go("requests")
    page.evaluate("document.querySelector('#filter').closest('label').replaceWith(document.createElement('input'))")
    page.evaluate("document.querySelector('h1').style.color = 'var(--edge)'")
    found = {one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in SERIOUS}

    assert {"label", "color-contrast"} <= found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_model_is_for_everybody(look: Look, scheme: str) -> None:
    """Its dialog too."""
    page = look(scheme=scheme).go("map")
    page.locator(".models button.card").first.click()
    expect(page.get_by_role("heading", name="The decision")).to_be_visible()
    violations = Axe().run(page).response["violations"]

    assert [one["id"] for one in violations if one["impact"] in SERIOUS] == []


def test_the_map_shows_what_flows(look: Look, gateway: httpx.Client) -> None:
    """Requests that come while somebody looks are in the figures of their route and of its models."""
    page = look().go("map")
    route = page.locator(".routes button.card").filter(has_text="both")

    def flows() -> bool:
        gateway.post("/v1/predict", json=BOTH)
        return route.locator(".big b").text_content() not in ("", "0")

    for _ in range(100):
        if flows():
            break
        page.wait_for_timeout(50)
    expect(page.locator(".wires path.flows").first).to_be_attached()
    expect(page.locator("#replica")).to_contain_text("replica")


def test_a_click_on_a_model_tells_what_it_is(look: Look, gateway: httpx.Client) -> None:
    """Version, metrics against the bar, contract, and the report of its training."""
    page = look().go("map")
    page.locator(".models button.card").filter(has_text="plain").click()
    dialog = page.get_by_role("dialog")

    expect(dialog.get_by_text(gateway.get("/v1/models/plain").json()["version"])).to_be_visible()
    expect(dialog.get_by_text("passed").first).to_be_visible()
    expect(dialog.locator("th code", has_text="width")).to_be_visible()
    dialog.get_by_role("button", name="Show it here").click()
    report = page.frame_locator("iframe")
    expect(report.get_by_role("heading", level=1)).to_contain_text("plain")


def test_drift_shows_what_moved_most_first(look: Look) -> None:
    """Each field with its index, a word for it, and both distributions."""
    looked = look()
    drifting(looked.page)
    page = looked.go("drift")
    cards = page.locator(".drift article")

    expect(cards).to_have_count(3)
    expect(cards.nth(0)).to_contain_text("moved")
    expect(cards.nth(1)).to_contain_text("within chance")
    expect(cards.nth(2)).to_contain_text("within chance")


def test_without_records_there_is_no_drift_to_see(look: Look) -> None:
    """The view says so."""
    looked = look()
    drifting(looked.page, {"models": {}})

    expect(looked.go("drift").get_by_text("No data yet")).to_be_visible()


def test_a_request_shows_the_way_that_it_took(look: Look, gateway: httpx.Client) -> None:
    """Found by its id, among those that came while somebody looks."""
    page = look().go("requests")
    gateway.post("/v1/predict", json=BOTH, headers={"x-request-id": "look-at-this"})
    page.get_by_label("Find").fill("look-at-this")
    page.get_by_role("button", name="The way of look-at-this").click()
    way = page.locator("tr.way")

    expect(way).to_contain_text("call plain")
    expect(way).to_contain_text("1 row of 1 request")
    expect(way).to_contain_text("Deadline")


def test_only_failures_can_be_shown(look: Look, gateway: httpx.Client) -> None:
    """With the reason of each."""
    gateway.post("/v1/models/plain:predict", json={"instances": [{}]})
    page = look().go("requests")
    page.get_by_label("only what was not answered well").check()

    expect(page.locator("tbody tr").first).to_contain_text("invalid_record")
    expect(page.locator("tbody .badge.good")).to_have_count(0)


def test_a_small_window_is_not_said_to_be_well(look: Look) -> None:
    """Too few rows were compared with nothing: that is no verdict."""
    few = json.loads(json.dumps(DRIFT))
    for field in few["models"]["plain"]["fields"]:
        field |= {"psi": None, "ks": None, "missing": None, "unseen": None, "alarm": False, "live": {"shares": None}}
    looked = look()
    drifting(looked.page, few)
    page = looked.go("drift")

    expect(page.locator(".drift article").first).to_contain_text("too few rows to compare")
    expect(page.get_by_text("within chance")).to_have_count(0)


def test_a_row_keeps_the_focus_while_requests_come(look: Look, gateway: httpx.Client) -> None:
    """Who walks the list by keyboard is not thrown out of it each second."""
    page = look().go("requests")
    row = page.locator("button.link").last
    row.focus()
    gateway.post("/v1/predict", json=BOTH, headers={"x-request-id": "came-since"})

    expect(page.get_by_role("button", name="The way of came-since")).to_be_visible()
    expect(row).to_be_focused()


def test_the_way_fits_a_phone(look: Look, gateway: httpx.Client) -> None:
    """It is as wide as the screen although its table is wider."""
    gateway.post("/v1/predict", json=BOTH)
    page = look(PHONE).go("requests")
    page.locator("button.link").first.click()

    expect(page.locator(".way .lanes")).to_be_visible()
    for part in (".way .lanes", ".way .facts"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE[0]


def test_a_page_that_nobody_sees_keeps_no_connection(look: Look, gateway: httpx.Client) -> None:
    """A browser has six of them to a host: a seventh tab would not even open."""
    page = look().go("requests")
    page.evaluate(SEEN, False)
    gateway.post("/v1/predict", json=BOTH, headers={"x-request-id": "unseen-yet"})
    with page.expect_request("**/console/stream"), page.expect_response("**/console/requests"):
        page.evaluate(SEEN, True)

    expect(page.get_by_role("button", name="The way of unseen-yet")).to_be_visible()


SEEN = """seen => {
    Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_wires_end_where_their_cards_are(look: Look, own: Own, models: dict[str, int]) -> None:
    """Many models, the column of which grows beside a longer one when the figures come."""
    settings = settings_of({**models, **{f"more{number}": free_ports(1)[0] for number in range(8)}}, ready_after_s=0)
    settings["routes"] |= {f"alias{number}": {"ensemble": ["plain"]} for number in range(8)}
    client = own(settings)
    page = look(at=client).go("map")
    expect(page.locator(".models .badge")).to_have_count(10)
    expect(page.locator(".models .badge.bad")).to_have_count(8)

    def farthest() -> float:
        return float(page.evaluate(FARTHEST))

    assert wait_until(lambda: farthest() < 2)


FARTHEST = """() => {
    const map = document.querySelector(".map").getBoundingClientRect();
    const card = [...document.querySelectorAll(".models button.card")]
        .find(card => card.querySelector("strong").textContent === "more7").getBoundingClientRect();
    const middle = card.top + card.height / 2 - map.top;
    return Math.min(...[...document.querySelectorAll(".wires path")].map(path =>
        Math.abs(path.getPointAtLength(path.getTotalLength()).y - middle)));
}"""


def test_a_long_reason_is_not_cut_off(look: Look, own: Own, models: dict[str, int]) -> None:
    """The dialog of a model that never answered, on a phone."""
    settings = settings_of({**models, "gone": free_ports(1)[0]}, ready_after_s=0)
    client = own(settings)
    page = look(PHONE, at=client, checked=False).go("map")
    page.locator(".models button.card").filter(has_text="gone").click()
    reason = page.get_by_role("dialog").locator(".badge")

    expect(reason).to_contain_text("has not answered")
    assert page.get_by_role("dialog").locator(".body").evaluate("body => body.scrollWidth <= body.clientWidth")


def test_what_the_prediction_log_keeps_is_said(look: Look, own: Own, tmp_path: Path, models: dict[str, int]) -> None:
    """The list says that records are there, and a request that it is one of them; neither shows any."""
    client = own(settings_of(models, prediction_log={"folder": str(tmp_path / "log")}))
    client.post("/v1/predict", json=BOTH)
    page = look(at=client).go("requests")
    page.locator("button.link").first.click()

    expect(page.get_by_text("in the prediction log only")).to_be_visible()
    expect(page.locator("tr.way")).to_contain_text("kept, under this id")

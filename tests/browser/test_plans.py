"""Routes above others: drawn with their branches, tried, and followed on the way that a request took."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import BOTH, PHONE, WIDE, Look
from tests.browser.test_views import SERIOUS
from tests.gateway.conftest import MIXED, PLAIN
from tests.serving import running_gateway

ROUTES: dict[str, Any] = {
    "rollout": {"split": {"weights": {"plain": 100, "candidate": 0}, "by": "header x-patient"}},
    "both": {"ensemble": ["rollout", "mixed"], "require": ["rollout"]},
    "mean": {"ensemble": ["plain", "candidate"], "aggregate": "mean"},
    "gate": {
        "switch": {
            "ask": ["plain"],
            "cases": [{"when": "width > 6", "then": {"answer": {"label": None, "probability": None}, "as": "abstain"}}],
            "otherwise": "plain",
        }
    },
    "safe": {
        "fallback": {
            "to": ["candidate", {"answer": {"label": "low", "probability": 0}, "as": "stored"}],
            "within_s": 1e-6,
        }
    },
    "odd": {"split": {"weights": {"plain": 1, "both": 1}, "by": "feature shade"}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the gateway's file."""
    return tmp_path_factory.mktemp("plans")


@pytest.fixture(scope="module")
def planned(folder: Path, models: dict[str, int]) -> Iterator[httpx.Client]:
    """Run a gateway with a split, an ensemble above it, and a route that does not fit."""
    backends: dict[str, Any] = {name: {"url": f"http://127.0.0.1:{port}"} for name, port in models.items()}
    backends["candidate"] = {**backends["plain"], "model": "plain"}
    with running_gateway(folder, {"backends": backends, "routes": ROUTES, "default": "both"}) as client:
        client.post("/v1/predict", json=BOTH).raise_for_status()
        yield client


def branches(route: str) -> str:
    """Find the branches of a route in the map, at any depth."""
    return f".routes button.card:has(.head strong:text-is('{route}')) .branch"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_map_with_plans_is_for_everybody(look: Look, planned: httpx.Client, scheme: str, size: Any) -> None:
    """Axe finds no serious fault, and nothing is wider than the screen or than its card."""
    page = look(size, scheme, planned).go("map")
    expect(page.locator(branches("both"))).to_have_count(4)
    violations = Axe().run(page).response["violations"]

    assert [one["id"] for one in violations if one["impact"] in SERIOUS] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(WIDER) == []


WIDER = """() => [...document.querySelectorAll(".routes button.card")]
    .filter(card => card.scrollWidth > card.clientWidth).map(card => card.textContent)"""


def test_the_map_draws_what_each_route_runs(look: Look, planned: httpx.Client) -> None:
    """Branches below branches, each with its weight or what else it is; a route that does not fit says why."""
    page = look(at=planned).go("map")
    both = page.locator(branches("both"))

    expect(both.nth(0)).to_contain_text("rollout split by header x-patient")
    assert [" ".join(text.split()) for text in both.all_text_contents()[1:]] == [
        "100 % plain",
        "0 % candidate",
        "may be missing mixed",
    ]
    odd = page.locator(".routes button.card").filter(has_text="odd")
    expect(odd.locator(".trouble.bad")).to_contain_text("shade: odd is split by it, and no side reads it")
    expect(page.locator(".wires path.bad").first).to_be_attached()


def test_a_wire_tells_only_what_is_known(look: Look, planned: httpx.Client) -> None:
    """Which part of a split went to a model is not: no rate, and nothing flows to a side that nobody asks."""
    page = look(at=planned).go("map")
    told = page.evaluate(ALWAYS)

    assert told == {"rollout": [], "both": ["mixed"], "plain": ["plain"]}
    for _ in range(100):
        planned.post("/v1/models/rollout:predict", json={"instances": [PLAIN]}).raise_for_status()
        if page.locator(".wires path.flows").count():
            break
        page.wait_for_timeout(50)
    expect(page.locator(".wires path.flows")).to_have_count(2)


ALWAYS = """async () => {
    const [{ always, joined }, { routes }] = [
        await import("./console/page/plan.js"), await (await fetch("console/state")).json()];
    const of = name => [name, always(joined(routes).find(one => one.name === name))];
    return Object.fromEntries(["rollout", "both", "plain"].map(of));
}"""


def test_each_route_is_drawn_once_in_a_card(look: Look, planned: httpx.Client) -> None:
    """Where it comes again its name says so: of 30 pairs, each above the last, there are a thousand million ways."""
    page = look(at=planned).go("map")
    drawn, lines, sure = page.evaluate(PAIRS)

    again = "right1 ensemble left0 ensemble, see above right0 ensemble, see above"
    assert drawn == f"left1 ensemble left0 ensemble m right0 ensemble m {again}"
    assert lines == 4 * 29
    assert sure == ["m"]


PAIRS = """async () => {
    const { always, branches, joined } = await import("./console/page/plan.js");
    const routes = [{ name: "m", kind: "model", branches: [] }];
    const of = kind => (...names) => names.map(name => ({ name, kind }));
    const pair = level => level < 0 ? of("model")("m") : of("ensemble")(`left${level}`, `right${level}`);
    for (let level = 0; level < 30; level++)
        for (const { name, kind } of pair(level)) routes.push({ name, kind, branches: pair(level - 1) });
    const trees = joined(routes), of_two = trees.find(({ name }) => name === "left2"), top = trees.at(-1);
    const text = branches(of_two).textContent.replace(/\\s+/g, " ").trim();
    return [text, branches(top).querySelectorAll(".branch").length, always(top)];
}"""


def test_a_changed_weight_is_drawn(look: Look, planned: httpx.Client, folder: Path) -> None:
    """While somebody looks, although no name and no version has changed."""
    page = look(at=planned).go("map")
    path = folder / "gateway.yaml"
    before = path.read_text()
    expect(page.locator(branches("rollout")).first).to_contain_text("100 %")
    path.write_text(json.dumps(json.loads(before)).replace('"candidate": 0', '"candidate": 300'))
    expect(page.locator(branches("rollout")).first).to_contain_text("25 %")

    path.write_text(before)
    expect(page.locator(branches("rollout")).first).to_contain_text("100 %")


def test_a_try_says_which_way_it_went(look: Look, planned: httpx.Client) -> None:
    """Above the picture of the model that answered, in a split and below an ensemble."""
    for route in ("rollout", "both"):
        page = look(at=planned).go(f"try/{route}")
        expect(page.get_by_label("width")).to_have_value("5")
        page.get_by_role("button", name="Ask", exact=True).click()
        answer = page.get_by_role("region", name="Answer", exact=True)

        expect(answer.get_by_text("rollout → plain")).to_be_visible()
        expect(answer.locator("article", has=page.get_by_role("heading", name="plain"))).to_contain_text("label: ")
    expect(answer.locator("article", has=page.get_by_role("heading", name="mixed"))).to_contain_text("label: ")


def tried(page: Page, width: str) -> Locator:
    """Ask the example with another width; gives where the answer is."""
    page.locator("#field-width").fill(width)
    page.get_by_role("button", name="Ask", exact=True).click()
    return page.get_by_role("region", name="Answer", exact=True)


def card(answer: Locator, name: str) -> Locator:
    """Find the card of a plan."""
    return answer.locator("article", has=answer.page.get_by_role("heading", name=name))


def test_an_aggregate_is_drawn_as_a_model(look: Look, planned: httpx.Client) -> None:
    """Against the threshold that its members share, without what training gave one of them."""
    page = look(at=planned).go("try/mean")
    expect(page.get_by_label("width")).to_have_value("5")
    its = card(tried(page, "5"), "mean")
    prediction = planned.post("/v1/models/mean:predict", json={"instances": [PLAIN]}).json()["predictions"][0]

    expect(its).to_contain_text(f"label: {prediction['label']}")
    expect(its.locator("svg.distribution line.threshold")).to_have_count(1)
    expect(its.locator("svg.distribution .density")).to_have_count(0)


def test_an_answer_of_nobody_is_listed(look: Look, planned: httpx.Client) -> None:
    """What is stored, by the name that it has, with the case that led there; who was asked first may answer too."""
    page = look(at=planned).go("try/gate")
    expect(page.get_by_label("width")).to_have_value("5")
    answer = tried(page, "8")

    expect(answer.get_by_text("gate → abstain if width > 6")).to_be_visible()
    expect(card(answer, "abstain").locator("p")).to_have_text(["— label", "— probability"])
    answer = tried(page, "5")
    expect(answer.get_by_text("gate → plain otherwise")).to_be_visible()
    expect(card(answer, "plain")).to_contain_text("label: ")
    page = look(at=planned).go("try/safe")
    expect(page.get_by_label("width")).to_have_value("5")
    answer = tried(page, "5")
    expect(answer.get_by_text("safe → stored else")).to_be_visible()
    expect(card(answer, "stored").locator("p")).to_have_text(["low label", "0 probability"])


def test_a_request_shows_which_branch_it_took(look: Look, planned: httpx.Client) -> None:
    """In its line, and with the rows of each branch in its way."""
    page = look(at=planned).go("requests")
    records = {"instances": [PLAIN, PLAIN]}
    planned.post("/v1/models/rollout:predict", json=records, headers={"x-request-id": "two-rows"}).raise_for_status()
    row = page.locator("tr", has=page.get_by_role("button", name="The way of two-rows"))

    expect(row).to_contain_text("rollout → plain")
    row.get_by_role("button").click()
    expect(page.locator("tr.way")).to_contain_text("Way of rollout")
    expect(page.locator("tr.way")).to_contain_text("plain: 2 rows")


def test_a_route_takes_what_its_branches_take(planned: httpx.Client) -> None:
    """The console is told by the gateway; of a route that does not fit nothing is known."""
    admin = planned.headers["x-admin"]
    features = httpx.get(f"{admin}/console/routes/both").json()["features"]

    assert {feature["name"] for feature in features} == {*PLAIN, *MIXED}
    assert httpx.get(f"{admin}/console/routes/odd").status_code == 502

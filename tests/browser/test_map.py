"""The map of many routes with long names, each above the one before: it is read as well as that of two."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDE, Look
from tests.browser.test_plans import WIDER
from tests.gateway.conftest import PLAIN
from tests.serving import running_gateway, wait_until

CANDIDATE = "c" * 40
NAMES = [f"{'r' * 38}{number}" for number in range(10, 24)]
LAST = NAMES[-1]


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory, models: dict[str, int]) -> Iterator[httpx.Client]:
    """Run a gateway with a shadow, and fallbacks above it, each of the one before."""
    plain: dict[str, Any] = {"url": f"http://127.0.0.1:{models['plain']}", "model": "plain"}
    routes: dict[str, Any] = {NAMES[0]: {"shadow": {"of": "plain", "candidate": CANDIDATE}}}
    for below, name in pairwise(NAMES):
        routes[name] = {"fallback": {"to": [below, "plain"]}}
    settings = {"backends": {"plain": plain, CANDIDATE: plain}, "routes": routes, "default": LAST}
    with running_gateway(tmp_path_factory.mktemp("deep"), settings) as client:
        client.post("/v1/predict", json={"instances": [PLAIN]}).raise_for_status()
        yield client


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_long_names_are_broken(look: Look, deep: httpx.Client, size: Any) -> None:
    """Nothing is wider than the screen or than its card, fourteen branches below each other."""
    page = look(size, at=deep).go("map")
    expect(page.locator(".routes button.card")).to_have_count(2 + len(NAMES))

    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(WIDER) == []


def test_a_route_is_seen_with_the_gateway_and_its_models(look: Look, deep: httpx.Client) -> None:
    """Far down a long column too, and the wires end where the cards are then."""
    page = look(at=deep).go("map")
    card = page.locator(".routes button.card").last
    for scroll in ("scrollTo(0, 0)", "scrollTo(0, document.documentElement.scrollHeight)"):
        page.evaluate(scroll)
        expect(page.locator(".card.gate")).to_be_in_viewport(ratio=1)
        for model in page.locator(".models button.card").all():
            expect(model).to_be_in_viewport(ratio=1)

    expect(card).to_be_in_viewport()
    assert wait_until(lambda: page.evaluate(APART) < 2)


APART = """() => {
    const map = document.querySelector(".map").getBoundingClientRect();
    const gate = document.querySelector(".card.gate").getBoundingClientRect();
    const from = document.querySelector(".wires path").getPointAtLength(0);
    return Math.abs(from.y - (gate.top + gate.height / 2 - map.top));
}"""


def test_the_wires_of_a_card_are_brought_out(look: Look, deep: httpx.Client) -> None:
    """Of the one under the pointer: that from the gateway, and one to each model; to a candidate it is another one."""
    page = look(at=deep).go("map")
    page.locator(".routes button.card").filter(has=page.get_by_text(NAMES[0], exact=True)).first.hover()

    expect(page.locator(".wires.of-one path[data-its]")).to_have_count(3)
    expect(page.locator(".wires path[data-its].aside")).to_have_count(1)
    page.locator(".tiles").hover()
    expect(page.locator(".wires.of-one")).to_have_count(0)

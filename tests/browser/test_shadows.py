"""The console shows what the candidate of a shadow has wrong."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Look, Own
from tests.gateway.conftest import PLAIN


def test_the_problems_of_a_shadow_are_above_drift(look: Look, own: Own, models: dict[str, int]) -> None:
    """One that does not fit says why, one whose candidate is the same model has no problem."""
    plain: dict[str, Any] = {"url": f"http://127.0.0.1:{models['plain']}"}
    settings = {
        "backends": {
            "plain": plain,
            "candidate": {**plain, "model": "plain"},
            "mixed": {"url": f"http://127.0.0.1:{models['mixed']}"},
        },
        "routes": {
            "good": {"shadow": {"of": "plain", "candidate": "candidate"}},
            "poor": {"shadow": {"of": "plain", "candidate": "mixed"}},
        },
        "default": "good",
    }
    client = own(settings)
    for name in ("good", "poor"):
        client.post(f"/v1/models/{name}:predict", json={"instances": [PLAIN]}).raise_for_status()
    page = look(at=client).go("drift")
    shadows = page.locator(".shadow")

    expect(shadows).to_have_count(2)
    expect(shadows.nth(0)).to_contain_text("candidate in the shadow of plain")
    expect(shadows.nth(0)).to_contain_text("no problem")
    expect(shadows.nth(1)).to_contain_text("the candidate reads income, which callers do not give")
    expect(page.locator(".shadows + .bar h2")).to_have_text("Drift")

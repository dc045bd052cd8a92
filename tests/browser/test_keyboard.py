"""The console without a mouse."""

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Look


def test_tabs_are_walked_by_arrows(look: Look) -> None:
    """As WAI-ARIA has it: one of them is a stop, arrows go round, and each shows its view."""
    page = look().go("map")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Map")).to_be_focused()
    for name in ("Try", "Drift", "Requests", "Map"):
        page.route("**/console/drift", lambda route: route.fulfill(json={"models": {}}))
        page.keyboard.press("ArrowRight")
        tab = page.get_by_role("tab", name=name)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Requests")).to_be_focused()


def test_a_model_is_opened_and_closed(look: Look) -> None:
    """The focus goes into the dialog, and back to where it was."""
    page = look().go("map")
    card = page.locator(".models button.card").first
    card.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.getElementById('model').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    expect(card).to_be_focused()


def test_a_record_is_filled_in_and_sent(look: Look) -> None:
    """On a phone's width: typed, chosen, and sent by Enter."""
    page = look(PHONE).go("try/both")
    field = page.get_by_label("width")
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("7.5")
    page.keyboard.press("Enter")
    answer = page.get_by_role("region", name="Answer", exact=True)

    expect(answer.get_by_text("label: ").first).to_be_visible()
    expect(answer).to_be_in_viewport()


def test_the_focus_is_seen(look: Look) -> None:
    """Whatever has it is outlined: the skip link, the tab, and each card."""
    page = look().go("map")
    for _ in range(7):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", page.evaluate("document.activeElement.outerHTML")


def test_the_content_can_be_skipped_to(look: Look) -> None:
    """Past header and tabs."""
    page = look().go("map")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()

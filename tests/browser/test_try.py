"""A record that is tried: the form of the contract, the answer as a picture, and the same as code that runs."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import BOTH, PHONE, WIDE, Look
from tests.conftest import ROOT
from tests.gateway.conftest import MIXED, PLAIN


@pytest.fixture(name="page")
def its_page(look: Look) -> Page:
    """Open the form of both models, filled with the example."""
    page = look().go("try/both")
    expect(page.get_by_label("width")).to_have_value("5")
    return page


def ask(page: Page) -> None:
    """Send it."""
    page.get_by_role("button", name="Ask", exact=True).click()


def test_the_form_is_made_from_the_contract(page: Page) -> None:
    """Units, bounds and steps of numbers, the values of categories, nothing where that is allowed."""
    width, count = page.get_by_label("width"), page.get_by_label("count")

    assert [width.get_attribute(name) for name in ("min", "max", "step")] == ["0", "100", "any"]
    assert count.get_attribute("step") == "1"
    assert page.locator(".entry", has=width).locator("label").text_content() == "widthm"
    regions = page.get_by_label("region").locator("option")
    assert regions.all_text_contents() == ["(none)", "south", "east", "west", "north"]
    assert page.get_by_label("owner").locator("option").all_text_contents() == ["choose …", "true", "false"]


def test_the_answer_is_a_picture_of_each_model(page: Page, gateway: httpx.Client) -> None:
    """The decision, the score against its threshold, the record among the population, and where the time went."""
    ask(page)
    expected = gateway.post("/v1/predict", json=BOTH).json()["predictions"][0]
    answer = page.get_by_role("region", name="Answer", exact=True)

    for model, prediction in expected.items():
        card = answer.locator("article", has=page.get_by_role("heading", name=model))
        expect(card).to_contain_text(f"label: {prediction['label']}")
        expect(card.locator("svg.distribution line.mark")).to_have_count(1)
        expect(card.locator("svg.distribution line.threshold")).to_have_count(1)
    expect(answer.get_by_role("heading", name="The record among the population")).to_be_visible()
    expect(answer.locator(".legend")).to_contain_text("call")


@pytest.mark.parametrize(
    ("name", "value", "told"), [("width", "-3", "0"), ("width", "", "missing"), ("count", "1.5", "")]
)
def test_a_wrong_record_leads_to_the_field(page: Page, name: str, value: str, told: str) -> None:
    """The pointer of the problem puts the focus there, with its message."""
    field = page.get_by_label(name)
    field.fill(value)
    ask(page)

    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#field-{name}-fault")).to_contain_text(told)
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("invalid_record")
    field.fill("4")
    ask(page)
    expect(page.locator("[aria-invalid=true]")).to_have_count(0)


HEADER = "width,height,count,income,age,owner,region"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({**PLAIN, **MIXED, "width": 9.25}),
        json.dumps({"instances": [{**PLAIN, **MIXED, "width": 9.25}]}),
        f"{HEADER}\n9.25,3.0,4,30.5,40,true,east",
        f'"width",{HEADER.removeprefix("width,")}\n"9.25",3.0,4,,40,yes,"east"',
    ],
    ids=["record", "request", "csv", "quoted"],
)
def test_a_record_can_be_pasted(page: Page, text: str) -> None:
    """As JSON or as CSV with a header; it is asked as it is shown."""
    page.get_by_text("Paste a record").click()
    page.get_by_label("Record", exact=True).fill(text)
    page.get_by_role("button", name="Take over").click()

    expect(page.get_by_label("width")).to_have_value("9.25")
    expect(page.get_by_label("region")).to_have_value("east")
    ask(page)
    expect(page.get_by_role("heading", name="Where the time went")).to_be_visible()


def test_what_is_no_record_says_so(page: Page) -> None:
    """And changes nothing."""
    page.get_by_text("Paste a record").click()
    page.get_by_label("Record", exact=True).fill("just words")
    page.get_by_role("button", name="Take over").click()

    expect(page.get_by_text("A record in CSV has two lines")).to_be_visible()
    expect(page.get_by_label("width")).to_have_value("5")


@pytest.fixture(scope="session")
def pythons() -> dict[str, str]:
    """Give the interpreter that has each client."""
    return {"httpx": sys.executable, "triton": str(ROOT / ".venv" / "clients" / "bin" / "python")}


def run(command: list[str]) -> str:
    """Run a program to its end."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("route", ["both", "mixed"])
def test_the_code_runs_as_it_is_shown(
    look: Look, gateway: httpx.Client, route: str, pythons: dict[str, str], tmp_path: Path
) -> None:
    """Each form gives the answer of the gateway, with a missing value and a quote in it."""
    page = look().go(f"try/{route}")
    expect(page.get_by_label("age")).to_have_value("40")
    page.get_by_label("Address of the public side").fill(str(gateway.base_url))
    page.get_by_label("income").fill("")
    record = {**MIXED, "income": None} if route == "mixed" else {**PLAIN, **MIXED, "income": None}
    expected = gateway.post(f"/v1/models/{route}:predict", json={"instances": [record]}).json()["predictions"][0]
    code = {name: page.locator(f"#code-{name}").text_content() or "" for name in ("curl", "httpx", "triton")}

    assert json.loads(run(["bash", "-c", code["curl"]]))["predictions"][0] == expected
    for name in ("httpx", "triton"):
        (tmp_path / f"with_{name}.py").write_text(code[name])
    assert eval(run([pythons["httpx"], str(tmp_path / "with_httpx.py")])) == expected
    told = run([pythons["triton"], str(tmp_path / "with_triton.py")])
    labels = [model["label"] for model in (expected.values() if route == "both" else [expected])]
    assert all(label in told for label in labels)


def test_code_can_be_copied(look: Look) -> None:
    """Where the page may write to the clipboard."""
    looked = look()
    looked.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = looked.go("try/plain")
    page.get_by_role("button", name="Copy curl").click()
    expect(page.get_by_role("button", name="Copy curl")).to_have_text("Copied")

    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#code-curl").text_content()


def pasted(page: Page, text: str) -> None:
    """Take a text over."""
    page.get_by_text("Paste a record").click()
    page.get_by_label("Record", exact=True).fill(text)
    page.get_by_role("button", name="Take over").click()


ROW = [*PLAIN, *MIXED]
FIRST_IS_EMPTY = "region,width,height,count,income,age,owner\n,9.25,3.5,4,30.5,40,true"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        (f"{';'.join(ROW)}\r\n9.25;3.5;4;30.5;40;true;east\r\n", "east"),
        ("\t".join(ROW) + "\n9.25\t3.5\t4\t30.5\t40\ttrue\teast", "east"),
        (f"\ufeff{HEADER}\n9.25,3.5,4,30.5,40,true,east\n1,1,1,1,1,false,west", "east"),
        (FIRST_IS_EMPTY, ""),
        (f'{HEADER}\r"9.25",3.5, 4 ,"30.5" ,40,true, "east"', "east"),
    ],
    ids=["semicolons and CRLF", "tabs", "BOM and more rows", "first cell empty", "CR and blanks"],
)
def test_csv_of_any_program_can_be_pasted(page: Page, text: str, region: str) -> None:
    """Whatever separates its cells and ends its lines; an empty cell shifts no other."""
    pasted(page, text)

    expect(page.get_by_text("7 of 7 fields are filled.")).to_be_visible()
    expect(page.get_by_label("width")).to_have_value("9.25")
    expect(page.get_by_label("height")).to_have_value("3.5")
    expect(page.get_by_label("count")).to_have_value("4")
    expect(page.get_by_label("income")).to_have_value("30.5")
    expect(page.get_by_label("region")).to_have_value(region)


def test_what_a_field_cannot_hold_is_said(page: Page) -> None:
    """A number with a comma, a category that is none: neither passes for a value that is missing."""
    pasted(page, json.dumps({**PLAIN, **MIXED, "width": "9,25", "region": "nowhere", "more": 1}))

    expect(page.get_by_text("5 of 7 fields are filled")).to_contain_text("width, region; unknown here: more")
    expect(page.locator("#field-region-fault")).to_contain_text('"nowhere" is no value')
    expect(page.get_by_label("width")).to_be_focused()


def test_a_large_text_is_pasted(page: Page) -> None:
    """Ten thousand records are a request too: the first is shown."""
    pasted(page, json.dumps({"instances": [{**PLAIN, **MIXED, "width": 9.25}] * 10_000}))

    expect(page.get_by_label("width")).to_have_value("9.25")


def test_an_answer_that_comes_late_is_not_shown_elsewhere(page: Page) -> None:
    """Somebody has gone to another route while this one was asked."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/console/try/both", hold)
    ask(page)
    page.get_by_label("Route").select_option("mixed")
    expect(page.get_by_label("width")).to_have_count(0)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    with page.expect_response("**/console/try/both"):
        held[0].continue_()
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    expect(page.get_by_text("The answer comes here.")).to_be_visible()
    ask(page)
    answer = page.get_by_role("region", name="Answer", exact=True)

    expect(answer.get_by_role("heading", name="mixed")).to_be_visible()
    expect(answer.get_by_role("heading", name="plain")).to_have_count(0)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_code_is_not_cut_off(look: Look, size: tuple[int, int]) -> None:
    """Long lines move within their place, and the button to copy them stays on the screen."""
    page = look(size).go("try/both")
    expect(page.get_by_label("width")).to_have_value("5")
    button = page.get_by_role("button", name="Copy curl")
    button.scroll_into_view_if_needed()

    expect(button).to_be_in_viewport(ratio=1)
    assert page.locator(".side").evaluate("side => side.scrollWidth <= side.clientWidth")

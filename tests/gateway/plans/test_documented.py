"""The examples of docs/plans.md run, with the models that ship."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from bentos.artifact import read_contract
from gateway.settings import RouteSettings, Settings
from tests.conftest import ROOT
from tests.serving import model_app, running_gateway, served

SECTIONS = dict(
    re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", (ROOT / "docs" / "plans.md").read_text(), re.MULTILINE | re.DOTALL)
)


def example(kind: str) -> dict[str, Any]:
    """Give the settings that the section of a kind of plan shows first."""
    found = re.search(r"^```yaml\n(.+?)^```", SECTIONS[kind], re.MULTILINE | re.DOTALL)
    assert found is not None
    settings: dict[str, Any] = yaml.safe_load(found[1])
    return settings


@pytest.fixture(scope="module")
def folders(shipped: Path) -> dict[str, Path]:
    """Give the folder of each shipped model."""
    return {path.parents[1].name: path.parent for path in shipped.glob("models/*/*/model.yaml")}


@pytest.fixture(scope="module")
def urls(folders: dict[str, Path]) -> Iterator[dict[str, str]]:
    """Serve them."""
    with ExitStack() as stack:
        ports = {name: stack.enter_context(served(model_app(folder))) for name, folder in folders.items()}
        yield {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}


def test_the_diagnosis_abstains_where_a_record_is_novel(
    tmp_path: Path, folders: dict[str, Path], urls: dict[str, str]
) -> None:
    """And says so; a record such as it was trained on has its answer."""
    settings = example("Switch")
    for name, backend in settings["backends"].items():
        backend["url"] = urls[name]
    usual: dict[str, Any] = {one.name: one.example for one in read_contract(folders["novelty"]).features}
    rows = [usual, {name: value * 3 for name, value in usual.items()}]
    with running_gateway(tmp_path, settings) as client:
        answer = client.post("/v1/predict", json={"instances": rows}).json()
        alone = client.post("/v1/models/diagnosis:predict", json={"instances": rows[:1]}).json()

    assert answer["predictions"] == [
        {"gate": "diagnosis", **alone["predictions"][0]},
        {"gate": "abstain", "label": None, "probability": None},
    ]
    assert set(answer["models"]) == {"diagnosis", "novelty"}


EXAMPLES = [
    text
    for page in ("README.md", "docs/plans.md")
    for text in re.findall(r"^```yaml\n(.+?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    if "routes:" in text
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_each_example_can_be(text: str) -> None:
    """Whatever backends it leaves out."""
    shown = yaml.safe_load(text)
    routes = {name: RouteSettings.model_validate(route) for name, route in shown["routes"].items()}
    named = {member for route in routes.values() for _, member in route.named()} - routes.keys()
    backends = {**{name: {"url": "http://any"} for name in named}, **shown.get("backends", {})}

    assert Settings(**{"default": next(iter(routes)), **shown, "backends": backends}).routes == routes

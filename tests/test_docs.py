"""The documentation lists what the code enumerates, and what it shows works."""

import re
import sys
from pathlib import Path
from typing import Any, get_args

import httpx
import joblib
import numpy as np
import pandas as pd
import pytest
from fastapi.routing import APIRoute
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel
from starlette.applications import Starlette

from bentos.metered import Metered
from contract import Contract
from contract.contract import Task
from gateway.drift import Exposed
from gateway.errors import UNANSWERED, GatewayError
from gateway.histograms import Rows, Seconds
from gateway.metrics import Metrics
from gateway.routes import catalogue, feedback, health, plans
from gateway.routes.dispatch import V1, V2
from gateway.settings import (
    BackendSettings,
    BreakerSettings,
    DriftSettings,
    PredictionLogSettings,
    RetrySettings,
    RouteSettings,
    Settings,
)
from gateway.shadows import FailuresExposed, ShadowsExposed
from gateway.sides import SidesExposed
from models import catalog, model_names
from stack.procfile import read_procfile
from tests.conftest import ROOT, run
from tests.faults.rows import ROWS
from tests.faults.table import faults_in
from tests.serving import running_service
from training.corrupt import corruptions
from training.dataset import read_dataset
from training.metrics import binary, multiclass, novelty, regression

DOCS = {path.stem: path.read_text() for path in (ROOT / "docs").glob("*.md")}
README = (ROOT / "README.md").read_text()


def test_every_setting_is_listed_with_its_default() -> None:
    """docs/operations.md has a row for each."""
    rows = dict(re.findall(r"^\| (`.*?) \| (.*?) ?\|", DOCS["operations"], re.MULTILINE))
    listed = {
        name: default
        for key, value in rows.items()
        for name, default in zip(re.findall(r"`(\S+?)`", key), value.split(", "), strict=False)
    }
    for name, field in Settings.model_fields.items():
        if name in ("backends", "routes", "drift", "prediction_log"):
            continue
        assert name in listed, name
        if not field.is_required() and field.default not in (None, "", ()):
            default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
            assert listed[name] == default, name
    groups: dict[str, type[BaseModel]] = {"retries": RetrySettings, "breaker": BreakerSettings}
    for name in BackendSettings.model_fields.keys() - groups:
        assert f"backends.{{name}}.{name}" in listed
    for group, kind in groups.items():
        for name, field in kind.model_fields.items():
            assert listed[f"backends.{{name}}.{group}.{name}"] == f"{field.default:g}", name
    sections: dict[str, type[BaseModel]] = {"drift": DriftSettings, "prediction_log": PredictionLogSettings}
    for section, kind in sections.items():
        for name, field in kind.model_fields.items():
            default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default or "")
            assert listed[f"{section}.{name}"] == default, name
    for name in RouteSettings.model_fields:
        assert f"routes.{{name}}.{name}" in listed


def test_every_reason_is_listed_with_its_status() -> None:
    """docs/api.md and the docstring of gateway/errors.py have the same list as the code, and the reasons beside it."""
    import gateway.errors

    listed = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", DOCS["api"], re.MULTILINE))
    tree = {reason: status for status, reason in re.findall(r"(\d{3})  (\w+)", gateway.errors.__doc__ or "")}
    real = {kind.reason: str(kind.status) for kind in GatewayError.__subclasses__()}

    assert listed == real
    assert tree == real
    for reason in UNANSWERED:
        assert f"`{reason}`" in DOCS["api"]
        assert reason in (gateway.errors.__doc__ or "")


def test_every_code_of_grpc_is_listed() -> None:
    """docs/api.md has the table of the code."""
    from gateway.grpc.call import CODES

    listed = dict(re.findall(r"^\| (\d{3}) \| `(\w+)` \|$", DOCS["api"], re.MULTILINE))

    assert listed == {str(status): code.name for status, code in CODES.items()}


def test_every_metric_is_listed_with_its_labels() -> None:
    """docs/operations.md has a row for each, of the gateway and of a model service."""
    listed = {
        name: tuple(re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(r"^\| `(bentogate_\w+)` \| (.*?) \|", DOCS["operations"], re.MULTILINE)
    }
    registered = [*vars(Metrics()).values(), *vars(Metered(Starlette(), "any")).values()]
    metrics: list[Any] = [metric for metric in registered if isinstance(metric, MetricWrapperBase)]
    real = {
        f"{metric._name}_total" if metric._type == "counter" else metric._name: metric._labelnames for metric in metrics
    }
    real |= {metric.name: metric.labels for metric in registered if isinstance(metric, Seconds)}
    real |= {
        name: metric.labels
        for metric in registered
        if isinstance(metric, Exposed | Rows | SidesExposed | ShadowsExposed | FailuresExposed)
        for name in metric.names
    }

    assert listed == real


def test_every_fault_is_listed_with_what_was_seen() -> None:
    """docs/faults.md has the rows that there are, in their order: `make faults-table` writes them."""
    assert faults_in(DOCS["faults"]) == [row.fault for row in ROWS]


def test_every_path_is_listed() -> None:
    """docs/api.md names each path that the apps and the dispatcher know, and no other."""
    listed = set(re.findall(r"`(?:GET|POST) (/[^`]*)`", DOCS["api"].split("## Failures")[0]))
    own = {
        route.path
        for router in (catalogue.router, health.router, feedback.router, plans.router)
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    inference = {
        "/v1/predict",
        "/v1/models/{name}:predict",
        "/v2/models/{name}/infer",
        "/v2/models/{name}/versions/{version}/infer",
    }

    assert listed == own | inference | {"/metrics"}
    assert all(V1.fullmatch(path) or V2.fullmatch(path) or path == "/v1/predict" for path in inference)


def test_every_port_variable_is_listed() -> None:
    """docs/operations.md says how to move a process; those of all models have one form."""
    of_models = {f"{name.upper()}_PORT" for name in model_names()}

    assert "`NAME_PORT`" in DOCS["operations"]
    for variable in read_procfile(ROOT / "Procfile").ports.keys() - of_models:
        assert f"`{variable}`" in DOCS["operations"]


def test_make_lists_what_can_be_made() -> None:
    """Every target with its sentence."""
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = run("make").stdout

    for target in targets.split():
        assert re.search(rf"^make {target} +\w", text, re.MULTILINE), target


def test_the_two_commands_are_in_the_first_lines() -> None:
    """A newcomer finds them without scrolling."""
    head = "\n".join(README.splitlines()[:15])

    assert "make serve" in head
    assert "make test" in head


def test_every_task_is_listed_with_its_metrics() -> None:
    """The README has a row for each kind of model, with the names of its metrics."""
    rows = re.findall(r"^\| (`\w+`.*?) \|.*\| (.*?) \|$", README.split("## Adding a model")[1], re.MULTILINE)
    listed = {what: re.findall(r"`(\w+)`", metrics.split(";")[0]) for what, metrics in rows}
    corrupted = corruptions(read_dataset(catalog(names=["novelty"])["novelty"]).table, 0)

    assert {re.findall(r"`(\w+)`", what)[0] for what in listed} == set(get_args(Task))
    assert list(listed.values()) == [
        list(binary.metrics(0.5)),
        list(multiclass.metrics()),
        list(regression.metrics(["value"])),
        list(novelty.metrics({"held_out": np.zeros(1), **dict.fromkeys(corrupted, np.zeros(1))}, 0.5)),
    ]


def test_links_lead_somewhere() -> None:
    """Relative links of all documents."""
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)(?:#\S*)?\)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


CODE = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
"""The file of a model, and the function that returns an estimator fitted elsewhere."""

CUSTOMER = {"months": 2, "calls": 6, "price": None, "paper": True, "plan": None}


def added(folder: Path, text: str) -> tuple[Path, str]:
    """Train a model with this text as its file, by the command; gives the store and what was printed."""
    models, home = folder / "models", folder / "home"
    models.mkdir()
    (models / "churn.py").write_text(text)
    done = run(sys.executable, "training/train.py", "churn", "--models", str(models), BENTOML_HOME=str(home))
    return home, done.stdout


def test_the_model_of_the_readme_can_be_added_and_answers(tmp_path: Path) -> None:
    """Its file, as it stands there, trains above its bar; BentoML serves it, and it answers with nulls."""
    home, printed = added(tmp_path, CODE[0])
    assert "`bentoml serve --arg model=churn" in README
    with running_service(["--arg", "model=churn"], home, tmp_path) as (_, url):
        answer = httpx.post(f"{url}/predict", json={"instances": [CUSTOMER, {**CUSTOMER, "months": 70, "calls": 0}]})

    assert re.search(r"^churn +roc_auc +0\.\d+ +≥ 0\.85 +passed", printed, re.MULTILINE)
    assert "served by onnx" in printed
    assert [prediction["label"] for prediction in answer.json()["predictions"]] == ["leaves", "stays"]


def test_the_readme_says_how_to_serve_an_estimator_fitted_elsewhere(tmp_path: Path) -> None:
    """The function, put into the model's file, gives a stored estimator that nobody fitted here."""
    names: dict[str, Any] = {}
    exec(CODE[0], names)  # the text of the README
    given = names["data"]()
    estimator = names["estimator"]().fit(pd.DataFrame(given.columns), given.target)
    joblib.dump(estimator, tmp_path / "churn.joblib")
    function = CODE[1].replace("/data/churn.joblib", str(tmp_path / "churn.joblib"))
    text = re.sub(r"^def estimator.*?(?=^\n\nPLANS)", function, CODE[0], flags=re.MULTILINE | re.DOTALL)
    home, _ = added(tmp_path, text.replace("default_rng(0)", "default_rng(1)"))
    (contract,) = home.glob("models/churn/*/contract.json")

    assert Contract.from_json(contract.read_bytes()).provenance.fitted_elsewhere


@pytest.mark.parametrize("name", ["README", *DOCS])
def test_prose_has_no_more_than_a_sentence_per_line(name: str) -> None:
    """Or two short ones: a change of one sentence is a change of one line."""
    text = re.sub(r"```.*?```", "", README if name == "README" else DOCS[name], flags=re.DOTALL)
    for line in text.splitlines():
        if not line.startswith(("|", "-", "#")) and not re.match(r"\d\.", line):
            assert len(re.findall(r"[.;:] [A-Z]", line)) <= 1, line

"""MLServer behind the gateway, with declared contracts, beside a model of ours."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from benchmarks.ports import free_ports
from bentos.artifact import read_contract
from contract import Contract
from tests.clients.mlserver import Fitted, fitted, running_mlserver
from tests.gateway.poor import documented
from tests.models.fitted import fitted as fitted_here
from tests.serving import model_app, running_gateway, served, wait_until


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """Fit what MLServer serves, in its environment."""
    return fitted(tmp_path_factory.mktemp("mlserver"))


@pytest.fixture(scope="module")
def ours(store: Path) -> Path:
    """Train the shipped model of the same thirty columns; gives its folder."""
    fitted_here(store, "diagnosis")
    (found,) = store.glob("models/diagnosis/*/model.yaml")
    return found.parent


def interface(contract: Contract) -> dict[str, Any]:
    """Declare what MLServer's model takes and gives: our columns, and as its first score that of malignant."""
    return {
        "version": "unnamed",
        "description": "A second opinion",
        "features": msgspec.to_builtins(contract.features),
        "outputs": [
            {"name": "label", "type": "category", "categories": ["malignant", "benign"], "description": "The likelier"},
            {"name": "probability", "type": "number", "minimum": 0, "maximum": 1, "description": "Of it", "column": 0},
        ],
        "decisions": [{"by": "largest", "output": "label", "columns": [0, 1]}],
    }


def settings(contract: Contract, ours: int, theirs: int) -> dict[str, Any]:
    """Put both models into an ensemble, and beside it the documented example and two wrong declarations."""
    there = {"url": f"http://127.0.0.1:{theirs}", "model": "masses"}
    right = interface(contract)
    output = {"type": "number", "description": "Not there"}
    by_name = {**right, "outputs": [{"name": "nope", **output}], "decisions": []}
    by_score = {**right, "outputs": [{"name": "third", "column": 2, **output}], "decisions": []}
    return {
        "backends": {
            "diagnosis": {"url": f"http://127.0.0.1:{ours}"},
            "masses": {"url": there["url"], "scores": "predict_proba", "contract": right},
            "byname": {**there, "contract": by_name},
            "byscore": {**there, "scores": "predict_proba", "contract": by_score},
            "churn": {**documented()["backends"]["churn"], "url": there["url"]},
        },
        "routes": {"opinions": {"ensemble": ["diagnosis", "masses"]}},
        "default": "opinions",
        "refresh_s": 0.5,
    }


@pytest.fixture(scope="module")
def client(models: Fitted, ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run a gateway in front of both servers."""
    with running_mlserver(models) as theirs, served(model_app(ours)) as port:
        chosen = settings(read_contract(ours), port, theirs)
        with running_gateway(tmp_path_factory.mktemp("gateway"), chosen) as client:
            yield client


def records(models: Fitted, ours: Path) -> list[dict[str, float]]:
    """Give the rows of MLServer's model as records."""
    names = [feature.name for feature in read_contract(ours).features]
    return [dict(zip(names, row, strict=True)) for row in models.said["masses"]["rows"]]


def test_both_models_answer_one_record(client: httpx.Client, models: Fitted, ours: Path) -> None:
    """MLServer's as scikit-learn says where it was fitted, within 1e-6; each with the version that it names."""
    answer = client.post("/v1/predict", json={"instances": records(models, ours)}).json()
    theirs = [prediction["masses"] for prediction in answer["predictions"]]
    scores = np.array(models.said["masses"]["scores"])

    assert answer["models"] == {"diagnosis": {"version": ours.name}, "masses": {"version": "v1"}}
    np.testing.assert_allclose([row["probability"] for row in theirs], scores[:, 0], rtol=0, atol=1e-6)
    assert [row["label"] for row in theirs] == ["malignant" if row[0] >= row[1] else "benign" for row in scores]
    assert {row["diagnosis"]["label"] for row in answer["predictions"]} == {"malignant", "benign"}


def test_the_documented_example_answers_mixed_columns_and_nulls(client: httpx.Client, models: Fitted) -> None:
    """A data frame of MLServer's with a whole number, a missing number and a category."""
    said = models.said["churn"]
    answer = client.post("/v1/models/churn:predict", json={"instances": said["rows"]}).json()
    scores = np.array(said["scores"])[:, 1]

    assert any(row["spend"] is None for row in said["rows"])
    np.testing.assert_allclose([row["probability"] for row in answer["predictions"]], scores, rtol=0, atol=1e-6)
    assert [row["label"] for row in answer["predictions"]] == ["leaves" if p >= 0.4 else "stays" for p in scores]


@pytest.mark.parametrize(("route", "output"), [("byname", "nope"), ("byscore", "third")])
def test_an_output_that_the_server_does_not_have_is_502(
    client: httpx.Client, models: Fitted, ours: Path, route: str, output: str
) -> None:
    """A wrong declaration never becomes a prediction; the output is named."""
    answer = client.post(f"/v1/models/{route}:predict", json={"instances": records(models, ours)[:1]})

    assert (answer.status_code, answer.json()["reason"], answer.json()["model"]) == (502, "backend_fault", route)
    assert output in answer.json()["detail"]


def test_a_dead_mlserver_is_503_and_comes_back(models: Fitted, ours: Path, tmp_path: Path) -> None:
    """The answer names it, the other model answers on, and a bad record is 422 without asking either."""
    (theirs,) = free_ports(1)
    record = records(models, ours)[0]

    def ask(client: httpx.Client, name: str = "opinions", **changes: Any) -> httpx.Response:
        return client.post(f"/v1/models/{name}:predict", json={"instances": [{**record, **changes}]})

    with (
        served(model_app(ours)) as port,
        running_gateway(tmp_path, settings(read_contract(ours), port, theirs), wait="/livez") as client,
    ):
        with running_mlserver(models, theirs):
            wait_until(lambda: ask(client).status_code == 200)
        dead, wrong = ask(client), ask(client, mean_radius=-1)
        alive = ask(client, "diagnosis")
        with running_mlserver(models, theirs):
            wait_until(lambda: ask(client).status_code == 200)

    assert (dead.status_code, dead.json()["reason"], dead.json()["model"]) == (503, "backend_unreachable", "masses")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/instances/0/mean_radius")
    assert alive.status_code == 200

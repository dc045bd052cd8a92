"""Models of all four types, nullable and not, answer at every door as their estimator does where it was fitted."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from benchmarks.ports import free_ports
from contract import ByThreshold, Contract
from models import Model, catalog
from oip import HEADER_LENGTH, Tensor, write_request
from tests.conftest import ROOT, STORE, run
from tests.gateway.conftest import settings_of
from tests.gateway.grpc_client import connected
from tests.mixed._loans import CATEGORIES, FEATURES
from tests.serving import running_gateway, running_service
from tests.stack.doors import WAYS, Doors, json_inputs, rows, tensors
from training.run import train

NAMES = ("forest", "boosting")
NULLABLE = tuple(feature.name for feature in FEATURES if feature.nullable)
EXAMPLE = {feature.name: feature.example for feature in FEATURES}
RECORDS: list[dict[str, Any]] = [
    EXAMPLE,
    *({**EXAMPLE, name: None} for name in NULLABLE),
    {**EXAMPLE, **dict.fromkeys(NULLABLE)},
    {**EXAMPLE, "job": "weaver"},
]
"""Nulls one by one and all at once, and a category that training has not seen."""


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """Train here, build, serve the bentos with BentoML, and put a gateway before them."""
    estimators, contracts, services, (port,) = {}, {}, {}, free_ports(1)
    with ExitStack() as stack:
        for name, model in catalog(ROOT / "tests" / "mixed").items():
            estimators[name], contracts[name] = trained(model)
            run("bentoml", "build", "--arg", f"model={name}", BENTOML_HOME=STORE)
            bento = running_service([f"{name}:latest"], Path(STORE), tmp_path_factory.mktemp(name))
            _, services[name] = stack.enter_context(bento)
        settings = settings_of({name: int(url.rsplit(":", 1)[1]) for name, url in services.items()}, grpc_port=port)
        gateway = stack.enter_context(running_gateway(tmp_path_factory.mktemp("gateway"), settings))
        _, stub = stack.enter_context(connected(port))
        yield Doors(estimators, contracts, services, gateway, stub)


def trained(model: Model) -> tuple[Any, Contract]:
    """Store a model; gives the estimator as it was fitted here."""
    made: list[Any] = []

    def make() -> Any:
        made.append(model.estimator())
        return made[-1]

    outcome = train(dataclasses.replace(model, estimator=make))
    return made[-1], outcome.contract  # the last one is fitted to all training rows, those before to folds


def by_scikit_learn(estimator: Any, contract: Contract, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask the estimator that training fitted in this process, with a data frame made by hand."""
    frame = pd.DataFrame(records, dtype=object)[[feature.name for feature in FEATURES]]
    numbers = [name for name in frame.columns if name not in CATEGORIES]
    frame = frame.astype(dict.fromkeys(numbers, float)).fillna(dict.fromkeys(CATEGORIES, ""))
    (decision,) = contract.decisions
    assert isinstance(decision, ByThreshold)
    probabilities = estimator.predict_proba(frame)[:, list(estimator.classes_).index("pays")]
    labels = np.where(probabilities >= decision.threshold, "pays", "owes")
    return rows({"label": labels.tolist(), "probability": probabilities.tolist()})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_every_door_answers_as_scikit_learn_does(doors: Doors, way: str, name: str) -> None:
    """Held-out rows and nulls wherever they may be: labels are equal, numbers to within 1e-6."""
    folder = Path(STORE) / "models" / name / doors.contracts[name].version
    records = RECORDS + json.loads((folder / "golden.json").read_text())["instances"]
    expected = by_scikit_learn(doors.estimators[name], doors.contracts[name], records)
    given = WAYS[way](doors, name, records)

    assert [one["label"] for one in given] == [one["label"] for one in expected]
    assert {one["label"] for one in given} == {"pays", "owes"}
    probabilities = [one["probability"] for one in expected]
    assert [one["probability"] for one in given] == pytest.approx(probabilities, abs=1e-6, rel=0)


def test_the_contract_says_what_serves_and_why(doors: Doors) -> None:
    """A graph the one, scikit-learn the other."""
    forest, boosting = (doors.contracts[name] for name in NAMES)

    assert (forest.runtime, forest.runtime_reason[:31]) == ("onnx", "the mixed-precision graph agree")
    assert boosting.runtime == "scikit-learn"
    assert "it does not convert (ValueError" in boosting.runtime_reason
    assert forest.reads == boosting.reads == "columns"


@pytest.mark.parametrize("name", sorted(EXAMPLE.keys() - set(NULLABLE)))
def test_null_is_refused_where_there_is_none(doors: Doors, name: str) -> None:
    """422 with a pointer at the gateway, as NaN or the empty string 400 at both protocols' doors."""
    record = {**EXAMPLE, name: None}
    refused = doors.gateway.post("/v1/models/forest:predict", json={"instances": [record]})
    bentoml = httpx.post(f"{doors.services['forest']}/predict", json={"instances": [record]})
    protocol = [
        httpx.post(f"{base}/v2/models/forest/infer", json=json_inputs([record]))
        for base in (doors.gateway.base_url, doors.services["forest"])
    ]

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/instances/0/{name}")
    assert [answer.status_code for answer in (bentoml, *protocol)] == [400, 400, 400]
    assert all(f"/inputs/{list(EXAMPLE).index(name)}/data" in answer.json()["error"] for answer in protocol)


@pytest.mark.parametrize("name", CATEGORIES)
def test_the_empty_string_is_no_value_of_a_record(doors: Doors, name: str) -> None:
    """Null says that a category is missing; the empty string does so in tensors only."""
    record = {**EXAMPLE, name: ""}
    refused = doors.gateway.post("/v1/models/forest:predict", json={"instances": [record]})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/instances/0/{name}")
    assert httpx.post(f"{doors.services['forest']}/predict", json={"instances": [record]}).status_code == 400


def test_nan_in_a_binary_tensor_is_null_and_refused_where_there_is_none(doors: Doors) -> None:
    """A nullable whole number and a nullable boolean travel as doubles for it."""
    url = f"{doors.gateway.base_url}/v2/models/forest/infer"
    statuses = {}
    for tensor in tensors([EXAMPLE]):
        if tensor.datatype == "FP64":
            changed = [
                one if one.name != tensor.name else Tensor(one.name, "FP64", np.array([np.nan]))
                for one in tensors([EXAMPLE])
            ]
            body, length = write_request(changed)
            statuses[tensor.name] = httpx.post(url, content=body, headers={HEADER_LENGTH: str(length)}).status_code

    assert statuses == {"income": 400, "savings": 200, "children": 200, "insured": 200}

"""A model of each task answers through a gateway what scikit-learn answers in the process that trained it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from contract import ByThreshold, Contract, Table, columns_to_records, tensors_of_table
from models import Model, catalog
from tests.conftest import TINY, store_tiny
from tests.gateway.conftest import settings_of
from tests.serving import model_app, running_gateway, served
from training.dataset import read_dataset, split
from training.fit import fit
from training.reads import as_read
from training.run import SEED

MODELS = catalog(TINY, ["plain", "iris", "diabetes", "petals", "unbounded"])


@pytest.fixture(scope="module")
def folders() -> dict[str, Path]:
    """Store each model and give its folder."""
    return {name: store_tiny(name) for name in MODELS}


@pytest.fixture(scope="module")
def client(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Serve all of them behind one gateway."""
    with ExitStack() as stack:
        ports = {name: stack.enter_context(served(model_app(folder))) for name, folder in folders.items()}
        tmp_path = tmp_path_factory.mktemp("tasks")
        yield stack.enter_context(running_gateway(tmp_path, settings_of(ports, default="plain")))


def by_scikit_learn(model: Model, contract: Contract) -> tuple[Table, dict[str, Any]]:
    """Fit the estimator as training does, and give the held-out rows with what its own methods say of them."""
    dataset = read_dataset(model)
    training, held_out = split(dataset, SEED)
    estimator = fit(model.estimator, dataset.rows(training), dataset.target_of(training))
    table = dataset.rows(held_out)
    rows, names = as_read(estimator, table), [output.name for output in contract.outputs]
    if model.task == "regression":
        return table, dict(zip(names, estimator.predict(rows).reshape(table.rows, -1).T, strict=True))
    if model.task == "classification" and model.threshold is None:
        values = [
            estimator.predict_proba(rows)[:, list(estimator.classes_).index(named.of)] for named in model.outputs[1:]
        ]
        return table, dict(zip(names, [estimator.predict(rows), *values], strict=True))
    (decision,) = contract.decisions
    assert isinstance(decision, ByThreshold)
    if model.task == "novelty":
        score = -estimator.score_samples(rows)
    else:
        score = estimator.predict_proba(rows)[:, list(estimator.classes_).index(decision.at_or_above)]
    label = [decision.at_or_above if value >= decision.threshold else decision.below for value in score]
    return table, dict(zip(names, [label, score], strict=True))


def assert_same(given: Any, expected: Any) -> None:
    """Compare labels exactly, numbers within 1e-6."""
    assert len(given) == len(expected)
    for one, other in zip(given, np.asarray(expected).tolist(), strict=True):
        assert one == (pytest.approx(other, abs=1e-6, rel=1e-6) if isinstance(other, float) else other)


@pytest.mark.parametrize("name", MODELS)
def test_records_answer_as_scikit_learn_does(client: httpx.Client, folders: dict[str, Path], name: str) -> None:
    """`/v1`: every output of every held-out row, under its name."""
    contract = Contract.from_json((folders[name] / "contract.json").read_bytes())
    table, expected = by_scikit_learn(MODELS[name], contract)
    answer = client.post(
        f"/v1/models/{name}:predict", json={"instances": columns_to_records(table.columns, table.features)}
    )
    predictions = answer.raise_for_status().json()["predictions"]

    assert [list(prediction) for prediction in predictions] == [list(expected)] * table.rows
    for output, values in expected.items():
        assert_same([prediction[output] for prediction in predictions], values)


@pytest.mark.parametrize("name", MODELS)
def test_tensors_answer_as_scikit_learn_does(client: httpx.Client, folders: dict[str, Path], name: str) -> None:
    """`/v2` in JSON: one tensor for each output, in the order of the model's file."""
    contract = Contract.from_json((folders[name] / "contract.json").read_bytes())
    table, expected = by_scikit_learn(MODELS[name], contract)
    tensors = [
        {"name": tensor, "datatype": datatype, "shape": list(array.shape), "data": array.ravel().tolist()}
        for tensor, datatype, array in tensors_of_table(table)
    ]
    answer = client.post(f"/v2/models/{name}/infer", json={"inputs": tensors})
    outputs = answer.raise_for_status().json()["outputs"]

    assert [output["name"] for output in outputs] == list(expected)
    for output in outputs:
        assert output["shape"] == [table.rows]
        assert_same(output["data"], expected[output["name"]])

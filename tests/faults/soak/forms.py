"""The forms in which predictions are asked for, and how the answer in each is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.callers import Canary

DATATYPES = {float: "FP64", int: "INT64", bool: "BOOL", str: "BYTES"}


@dataclass(frozen=True)
class Form:
    """Say how the predictions of records are asked for, and read from an answer: whether it holds those of canaries."""

    path: str
    document: Callable[[Sequence[Canary]], dict[str, Any]]
    is_right: Callable[[dict[str, Any], Sequence[Canary]], bool]


def instances(canaries: Sequence[Canary]) -> dict[str, Any]:
    """Write records as `/v1` takes them."""
    return {"instances": [one.record for one in canaries]}


def instances_partly(canaries: Sequence[Canary]) -> dict[str, Any]:
    """Write them, and have models missing."""
    return {**instances(canaries), "partial": True}


def tensors(canaries: Sequence[Canary]) -> dict[str, Any]:
    """Write them as `/v2` takes them, a tensor for each feature."""
    columns = {name: [one.record[name] for one in canaries] for name in canaries[0].record}
    return {
        "inputs": [
            {"name": name, "datatype": DATATYPES[type(values[0])], "shape": [len(values)], "data": values}
            for name, values in columns.items()
        ]
    }


def predictions_right(document: dict[str, Any], canaries: Sequence[Canary]) -> bool:
    """Say whether each record has its own prediction."""
    return bool(document["predictions"] == [one.prediction for one in canaries])


def partly_right(document: dict[str, Any], canaries: Sequence[Canary]) -> bool:
    """Say whether each record has its own prediction of all models but those that are named as missing."""
    missing = document.get("errors", {})
    expected = [{name: None if name in missing else its for name, its in one.prediction.items()} for one in canaries]
    return document["complete"] == (not missing) and bool(document["predictions"] == expected)


def outputs_right(document: dict[str, Any], canaries: Sequence[Canary]) -> bool:
    """Say whether each row of the tensors is the prediction of its own record."""
    got = {one["name"]: one["data"] for one in document["outputs"]}
    rows = [flat(one.prediction) for one in canaries]
    return got == {name: [row[name] for row in rows] for name in rows[0]}


def flat(prediction: dict[str, Any]) -> dict[str, Any]:
    """Name outputs as in tensors, where those of an ensemble have the names of their models before them."""
    if not isinstance(next(iter(prediction.values())), dict):
        return prediction
    return {f"{model}.{output}": value for model, its in prediction.items() for output, value in its.items()}


RECORDS = Form("/v1/models/{}:predict", instances, predictions_right)
PARTLY = Form("/v1/models/{}:predict", instances_partly, partly_right)
DEFAULT = Form("/v1/predict", instances, predictions_right)
TENSORS = Form("/v2/models/{}/infer", tensors, outputs_right)

WAYS = [
    *[(route, form) for route in ("plain", "mixed", "both") for form in (RECORDS, TENSORS)],
    ("both", PARTLY),
    ("both", DEFAULT),
]
"""Each route, in each of the forms that it has."""

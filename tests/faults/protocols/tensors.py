"""Records as tensors and back, for `/v2` and gRPC."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oip import Tensor

DATATYPES = {float: "FP64", int: "INT64", bool: "BOOL", str: "BYTES"}
DTYPES = {"FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_, "BYTES": object}


def tensors_of(record: Mapping[str, Any]) -> list[Tensor]:
    """Give one tensor of one element for each value."""
    datatypes = {name: DATATYPES[type(value)] for name, value in record.items()}
    return [Tensor(name, its, np.array([record[name]], DTYPES[its])) for name, its in datatypes.items()]


def parameters_of(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a request says of partial answers, in which the protocol has no lists."""
    return {name: ",".join(value) if isinstance(value, list) else value for name, value in terms.items()}


def prediction_of(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the prediction of one record as `/v1` does: those of an ensemble by model."""
    prediction: dict[str, Any] = {}
    for name, values in outputs.items():
        *model, output = name.split(".")
        place = prediction.setdefault(model[0], {}) if model else prediction
        (place[output],) = values.tolist()
    return prediction


def missing_in(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Say why models are missing in a partial answer, by the parameters that it has."""
    missing = {
        name.removesuffix(".error"): text.partition(": ")[0]
        for name, text in parameters.items()
        if name.endswith(".error")
    }
    assert parameters.get("complete", True) == (not missing)
    return missing

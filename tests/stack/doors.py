"""The doors at which a model is asked, one function each: records in, predictions out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import httpx

from contract import Contract, Feature, pack, tensors_of_table
from oip import HEADER_LENGTH, Tensor, read_response, write_request
from tests.gateway.grpc_client import outputs, request
from tests.mixed._loans import FEATURES


class Doors(NamedTuple):
    """The models and where they are asked."""

    estimators: dict[str, Any]
    contracts: dict[str, Contract]
    services: dict[str, str]
    gateway: httpx.Client
    stub: Any


def tensors(records: list[dict[str, Any]]) -> list[Tensor]:
    """Write one tensor per column."""
    table = pack(FEATURES, {feature.name: [record[feature.name] for record in records] for feature in FEATURES})
    return [Tensor(*tensor) for tensor in tensors_of_table(table)]


def json_inputs(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Write one JSON tensor per column."""
    inputs = []
    for feature in FEATURES:
        data = [element(feature, record[feature.name]) for record in records]
        inputs.append({"name": feature.name, "datatype": feature.datatype, "shape": [len(data)], "data": data})
    return {"inputs": inputs}


def element(feature: Feature, value: Any) -> Any:
    """Write one value: a missing category is the empty string, and a boolean that may be missing nought or one."""
    if feature.type == "category":
        return value or ""
    return float(value) if feature.datatype == "FP64" and value is not None else value


def predict(url: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask with records."""
    predictions: list[dict[str, Any]] = httpx.post(url, json={"instances": records}).json()["predictions"]
    return predictions


def infer_json(url: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask with JSON tensors."""
    answer = httpx.post(url, json=json_inputs(records)).json()
    return rows({output["name"]: output["data"] for output in answer["outputs"]})


def infer_binary(url: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask with binary tensors."""
    body, length = write_request(tensors(records))
    answer = httpx.post(url, content=body, headers={HEADER_LENGTH: str(length)})
    read = read_response(answer.content, answer.headers[HEADER_LENGTH])
    return rows({tensor.name: tensor.array.tolist() for tensor in read.tensors})


def rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Turn columns into predictions."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


WAYS: dict[str, Callable[[Doors, str, list[dict[str, Any]]], list[dict[str, Any]]]] = {
    "BentoML's own": lambda doors, name, records: predict(f"{doors.services[name]}/predict", records),
    "service, JSON": lambda doors, name, records: infer_json(f"{doors.services[name]}/v2/models/{name}/infer", records),
    "service, binary": lambda doors, name, records: infer_binary(
        f"{doors.services[name]}/v2/models/{name}/infer", records
    ),
    "/v1": lambda doors, name, records: predict(f"{doors.gateway.base_url}/v1/models/{name}:predict", records),
    "/v2, JSON": lambda doors, name, records: infer_json(f"{doors.gateway.base_url}/v2/models/{name}/infer", records),
    "/v2, binary": lambda doors, name, records: infer_binary(
        f"{doors.gateway.base_url}/v2/models/{name}/infer", records
    ),
    "gRPC": lambda doors, name, records: rows(
        {
            key: values.tolist()
            for key, values in outputs(doors.stub.ModelInfer(request(name, tensors(records)))).items()
        }
    ),
}

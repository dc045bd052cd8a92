"""The description of the interface: FastAPI's of its own paths, and the inference paths made from the contracts."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from contract import pack
from contract.table import Array
from gateway.errors import GatewayError, WrongMediaType
from gateway.gateway import Gateway
from gateway.inference import output_names
from gateway.openapi.gets import responses
from gateway.openapi.records import PROBLEM, request_schema, response_schema
from gateway.openapi.schema import DEADLINE, answer, failures, reference
from gateway.openapi.tensors import INFER_RESPONSE, PROTOCOL_ERROR, infer_schema
from gateway.openapi.truths import FEEDBACK, feedback_operation
from gateway.plans import Plan


def describe(app: FastAPI, gateway: Gateway) -> dict[str, Any]:
    """Give the document for what is known now."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    document["tags"] = [{"name": name} for name in ("predict", "models", "protocol", "health")]
    for path, operations in document["paths"].items():
        if path == FEEDBACK:
            operations["post"] = feedback_operation()
        else:
            operations["get"]["responses"] = responses(path)
    schemas: dict[str, Any] = {"Problem": PROBLEM, "ProtocolError": PROTOCOL_ERROR, "InferResponse": INFER_RESPONSE}
    document["components"] = {"schemas": schemas}
    for name, plan in gateway.plans.items():
        try:
            request, response = request_schema(plan), response_schema(plan)
        except GatewayError:  # what cannot be asked now is not described
            continue
        schemas[f"{name}_request"], schemas[f"{name}_response"] = request, response
        schemas[f"{name}_tensors"] = infer_schema(output_names(plan))
        paths = [f"/v1/models/{name}:predict", *(["/v1/predict"] if name == gateway.settings.default else [])]
        for path in paths:
            document["paths"][path] = {"post": predict_operation(path, name, plan)}
        document["paths"][f"/v2/models/{name}/infer"] = {"post": infer_operation(name, plan)}
    return document


def predict_operation(path: str, name: str, plan: Plan) -> dict[str, Any]:
    """Describe one path of `/v1`."""
    content = {"schema": reference(f"{name}_request"), "example": {"instances": [example(plan)]}}
    return {
        "tags": ["predict"],
        "summary": f"Ask {name}",
        "operationId": f"predict_{name}" + ("_default" if path == "/v1/predict" else ""),
        "parameters": [DEADLINE],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": answer("One prediction per instance, in order", reference(f"{name}_response")),
            **failures(GatewayError.__subclasses__(), protocol=False),
        },
    }


def infer_operation(name: str, plan: Plan) -> dict[str, Any]:
    """Describe one path of `/v2`."""
    columns = pack(plan.features, {feature.name: [feature.example] for feature in plan.features}).columns
    tensors = [
        {"name": feature.name, "shape": [1], "datatype": feature.datatype, "data": json_data(columns[feature.name])}
        for feature in plan.features
    ]
    content = {"schema": reference(f"{name}_tensors"), "example": {"inputs": tensors}}
    outputs = answer("The outputs, as binary data where that is asked for", reference("InferResponse"))
    kinds = [kind for kind in GatewayError.__subclasses__() if kind is not WrongMediaType]  # it takes any
    outputs["content"]["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    return {
        "tags": ["protocol"],
        "summary": f"Ask {name} by tensors",
        "operationId": f"infer_{name}",
        "parameters": [DEADLINE],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"200": outputs, **failures(kinds, protocol=True)},
    }


def json_data(column: Array) -> list[Any]:
    """Give a column as the data of a tensor, null for NaN."""
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 (NaN is not itself)


def example(plan: Plan) -> dict[str, Any]:
    """Give a record made of the features' examples."""
    return {feature.name: feature.example for feature in plan.features}

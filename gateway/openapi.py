"""The description of the interface: FastAPI's of its own paths, and the inference paths made from the contracts."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from contract import Feature, Output
from gateway.errors import BackendUnknown, GatewayError
from gateway.gateway import Gateway
from gateway.plans import Ensemble, Plan

JSON_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean", "category": "string"}


def describe(app: FastAPI, gateway: Gateway) -> dict[str, Any]:
    """Give the document for what is known now."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    document["tags"] = [{"name": name} for name in ("predict", "models", "protocol", "health")]
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    schemas["ProtocolError"] = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    schemas["InferRequest"], schemas["InferResponse"] = INFER_REQUEST, INFER_RESPONSE
    for name, plan in gateway.plans.items():
        try:
            request, response = request_schema(plan), response_schema(plan)
        except BackendUnknown:
            continue
        schemas[f"{name}_request"], schemas[f"{name}_response"] = request, response
        paths = [f"/v1/models/{name}:predict", *(["/v1/predict"] if name == gateway.settings.default else [])]
        for path in paths:
            document["paths"][path] = {"post": predict_operation(path, name, plan)}
        document["paths"][f"/v2/models/{name}/infer"] = {"post": infer_operation(name, plan)}
    return document


def predict_operation(path: str, name: str, plan: Plan) -> dict[str, Any]:
    """Describe one path of `/v1`."""
    content = {"schema": {"$ref": f"#/components/schemas/{name}_request"}, "example": {"instances": [example(plan)]}}
    return {
        "tags": ["predict"],
        "summary": f"Ask {name}",
        "operationId": f"predict_{name}" + ("_default" if path == "/v1/predict" else ""),
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": answer("One prediction per instance, in order", f"{name}_response", "application/json"),
            **failures("Problem", "application/problem+json", protocol=False),
        },
    }


def infer_operation(name: str, plan: Plan) -> dict[str, Any]:
    """Describe one path of `/v2`."""
    tensors = [
        {"name": feature.name, "shape": [1], "datatype": feature.datatype, "data": [feature.example]}
        for feature in plan.features
    ]
    content = {"schema": {"$ref": "#/components/schemas/InferRequest"}, "example": {"inputs": tensors}}
    return {
        "tags": ["protocol"],
        "summary": f"Ask {name} by tensors",
        "operationId": f"infer_{name}",
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": answer("The outputs", "InferResponse", "application/json"),
            **failures("ProtocolError", "application/json", protocol=True),
        },
    }


def failures(schema: str, media_type: str, *, protocol: bool) -> dict[str, Any]:
    """Describe every failure once per status."""
    found: dict[str, Any] = {}
    for kind in GatewayError.__subclasses__():
        status = 400 if protocol and kind.status == 422 else kind.status
        if not (protocol and kind.reason == "wrong_media_type"):
            found.setdefault(str(status), answer(kind.title, schema, media_type))
    return dict(sorted(found.items()))


def answer(description: str, schema: str, media_type: str) -> dict[str, Any]:
    """Describe one response."""
    return {"description": description, "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def example(plan: Plan) -> dict[str, Any]:
    """Give a record made of the features' examples."""
    return {feature.name: feature.example for feature in plan.features}


def request_schema(plan: Plan) -> dict[str, Any]:
    """Describe `{"instances": [...]}` for the records of a plan."""
    record = {
        "type": "object",
        "additionalProperties": False,
        "required": [feature.name for feature in plan.features],
        "properties": {feature.name: field_schema(feature) for feature in plan.features},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["instances"],
        "properties": {"instances": {"type": "array", "minItems": 1, "items": record}},
    }


def response_schema(plan: Plan) -> dict[str, Any]:
    """Describe the answer of a plan."""
    by_model = {contract.name: object_schema(contract.outputs) for contract in plan.contracts}
    whole = {"type": "object", "required": list(by_model), "properties": by_model}
    prediction = whole if isinstance(plan, Ensemble) else by_model[plan.name]
    version = {"type": "object", "required": ["version"], "properties": {"version": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["id", "predictions", "models"],
        "properties": {
            "id": {"type": "string"},
            "predictions": {"type": "array", "items": prediction},
            "models": {"type": "object", "additionalProperties": version},
        },
    }


def object_schema(outputs: tuple[Output, ...]) -> dict[str, Any]:
    """Describe the outputs of one model."""
    properties = {output.name: field_schema(output) for output in outputs}
    return {"type": "object", "required": list(properties), "properties": properties}


def field_schema(field: Feature | Output) -> dict[str, Any]:
    """Describe one field with all that the contract knows of it."""
    nullable = getattr(field, "nullable", False)
    kind = JSON_TYPES[field.type]
    unit = f" ({field.unit})" if field.unit else ""
    schema: dict[str, Any] = {"type": [kind, "null"] if nullable else kind, "description": field.description + unit}
    if field.categories:
        schema["enum"] = [*field.categories, *([None] if nullable else [])]
    if field.minimum is not None:
        schema["minimum"] = field.minimum
    if field.maximum is not None:
        schema["maximum"] = field.maximum
    if hasattr(field, "example"):
        schema["examples"] = [field.example]
    return schema


PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "reason"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reason": {"enum": [kind.reason for kind in GatewayError.__subclasses__()]},
        "model": {"type": "string"},
        "id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}

TENSOR: dict[str, Any] = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string"},
        "parameters": {"type": "object"},
        "data": {"type": "array"},
    },
}

INFER_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {"type": "array", "minItems": 1, "items": TENSOR},
        "outputs": {
            "type": "array",
            "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        },
    },
}

INFER_RESPONSE: dict[str, Any] = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "outputs": {"type": "array", "items": TENSOR},
    },
}

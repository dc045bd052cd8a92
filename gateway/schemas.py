"""The schemas of records, answers, problems and tensors, made from the contracts."""

import math
from typing import Any

from contract import Feature, Output
from gateway.errors import GatewayError
from gateway.plans import Ensemble, Plan
from oip import DATATYPES

JSON_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean", "category": "string"}


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
    low, high = field.limits if isinstance(field, Feature) else (field.minimum, field.maximum)
    bounded = field.type in ("number", "integer")
    if bounded and low is not None and math.isfinite(low):
        schema["minimum"] = low
    if bounded and high is not None and math.isfinite(high):
        schema["maximum"] = high
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

PROTOCOL_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
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


def infer_schema(outputs: list[str]) -> dict[str, Any]:
    """Describe a request by tensors for a plan with these outputs; what is optional may be null too."""
    flags = {"type": ["object", "null"], "properties": {"binary_data": {"type": ["boolean", "null"]}}}
    wanted = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"enum": outputs}, "parameters": flags},
    }
    whole = {"type": ["object", "null"], "properties": {"binary_data_output": {"type": "boolean"}}}
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": ["string", "null"]},
            "parameters": whole,
            "inputs": {"type": "array", "minItems": 1, "items": INPUT},
            "outputs": {"type": ["array", "null"], "items": wanted},
        },
    }


INPUT: dict[str, Any] = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        **TENSOR["properties"],
        "datatype": {"enum": list(DATATYPES)},
        "parameters": {
            "type": ["object", "null"],
            "properties": {"binary_data_size": {"type": ["integer", "null"], "minimum": 0}},
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

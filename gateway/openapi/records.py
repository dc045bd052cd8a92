"""The documents of `/v1`: records and predictions, made from the contracts, and problems."""

import math

from contract import Feature, Output
from gateway.errors import GatewayError
from gateway.openapi.schema import BOOLEAN, TEXT, Schema, record
from gateway.plans import Plan
from gateway.plans.nested import Tree, tree_of

JSON_TYPES = {"number": "number", "integer": "integer", "boolean": "boolean", "category": "string"}


def request_schema(plan: Plan) -> Schema:
    """Describe `{"instances": [...]}` for the records of a plan, and how complete its answer must be."""
    one = {**record({feature.name: field_schema(feature) for feature in plan.features}), "additionalProperties": False}
    whole = record(
        {"instances": {"type": "array", "minItems": 1, "items": one}},
        partial=BOOLEAN,
        require={"type": "array", "items": {"enum": plan.models}},
        quorum={"type": "integer", "minimum": 1, "maximum": len(plan.models)},
    )
    return {**whole, "additionalProperties": False}


def response_schema(plan: Plan) -> Schema:
    """Describe the answer of a plan; in a partial answer what a member of an ensemble predicts may be null."""
    return record(
        {
            "id": TEXT,
            "predictions": {"type": "array", "items": level_schema(tree_of(plan.outputs))},
            "models": {"type": "object", "additionalProperties": record({"version": TEXT})},
        },
        complete=BOOLEAN,
        errors={"type": "object", "additionalProperties": PROBLEM},
    )


def level_schema(tree: Tree) -> Schema:
    """Describe one level of a prediction; each level below may be null."""
    return record(
        {
            name: {"anyOf": [level_schema(one), {"type": "null"}]} if isinstance(one, dict) else field_schema(one)
            for name, one in tree.items()
        }
    )


def field_schema(field: Feature | Output) -> Schema:
    """Describe one field with all that the contract knows of it."""
    nullable = field.nullable
    kind = JSON_TYPES[field.type]
    unit = f" ({field.unit})" if field.unit else ""
    schema: Schema = {"type": [kind, "null"] if nullable else kind, "description": field.description + unit}
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


PROBLEM: Schema = record(
    {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "reason": {"enum": [kind.reason for kind in GatewayError.__subclasses__()]},
    },
    model=TEXT,
    id=TEXT,
    errors={"type": "array", "items": record({"pointer": TEXT, "detail": TEXT})},
)

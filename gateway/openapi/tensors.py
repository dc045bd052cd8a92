"""The documents of the protocol: tensors that go in and come out, and its errors."""

from gateway.openapi.schema import OBJECT, TEXT, Schema, record
from oip import DATATYPES


def optional(kind: str, **more: object) -> Schema:
    """Describe what may be null as well as left out."""
    return {"type": [kind, "null"], **more}


PROTOCOL_ERROR: Schema = record({"error": TEXT})

SHAPE: Schema = {"type": "array", "items": {"type": "integer", "minimum": 0}}
DATA: Schema = {"type": "array"}

INPUT: Schema = record(
    {"name": TEXT, "shape": SHAPE, "datatype": {"enum": list(DATATYPES)}},
    parameters=optional("object", properties={"binary_data_size": optional("integer", minimum=0)}),
    data=DATA,
)

INFER_RESPONSE: Schema = record(
    {
        "model_name": TEXT,
        "outputs": {
            "type": "array",
            "items": record({"name": TEXT, "shape": SHAPE, "datatype": TEXT}, parameters=OBJECT, data=DATA),
        },
    },
    model_version=TEXT,
    id=TEXT,
    parameters=OBJECT,
)


def infer_schema(outputs: list[str]) -> Schema:
    """Describe a request by tensors for a plan with these outputs."""
    said = "`timeout` is within how many microseconds the answer is wanted, a whole number"
    flags = optional("object", properties={"binary_data": optional("boolean")})
    return record(
        {"inputs": {"type": "array", "minItems": 1, "items": INPUT}},
        id=optional("string"),
        parameters=optional(
            "object",
            description=said,
            properties={
                "binary_data_output": {"type": "boolean"},
                "partial": optional("boolean"),
                "require": optional("string"),
                "quorum": optional("integer", minimum=1),
            },
        ),
        outputs=optional("array", items=record({"name": {"enum": outputs}}, parameters=flags)),
    )

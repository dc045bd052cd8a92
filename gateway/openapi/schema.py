"""The parts that descriptions are made of: objects, and answers with their media types."""

from collections.abc import Iterable
from typing import Any

from gateway.errors import GatewayError

Schema = dict[str, Any]

BOOLEAN: Schema = {"type": "boolean"}
TEXT: Schema = {"type": "string"}
OBJECT: Schema = {"type": "object"}
TEXTS: Schema = {"type": "array", "items": TEXT}

DEADLINE: Schema = {
    "name": "X-Request-Timeout-Ms",
    "in": "header",
    "description": "Within how many milliseconds the answer is wanted, if the deadline of the route is later",
    "schema": {"type": "integer", "minimum": 1},
}
"""The parameter of every inference."""


def record(required: Schema, **optional: Any) -> Schema:
    """Describe an object by the schemas of its members."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def answer(description: str, schema: Schema, media_type: str = "application/json") -> dict[str, Any]:
    """Describe one answer."""
    return {"description": description, "content": {media_type: {"schema": schema}}}


def reference(name: str) -> Schema:
    """Refer to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def failures(kinds: Iterable[type[GatewayError]], *, protocol: bool) -> dict[str, Any]:
    """Describe every failure once per status, as the protocol's error or as a problem document."""
    found: dict[str, Any] = {}
    for kind in kinds:
        if protocol:
            found.setdefault(str(kind.protocol_status()), answer(kind.title, reference("ProtocolError")))
        else:
            found.setdefault(str(kind.status), answer(kind.title, reference("Problem"), "application/problem+json"))
    return dict(sorted(found.items()))

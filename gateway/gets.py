"""What every GET answers, for the description: FastAPI would say 422, which they never do, and nothing of the rest."""

from typing import Any

from gateway.errors import BackendUnknown, GatewayError, InternalError, UnknownName

BOOLEAN, TEXT, OBJECT = {"type": "boolean"}, {"type": "string"}, {"type": "object"}
TEXTS = {"type": "array", "items": TEXT}


def record(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """Describe an object by the schemas of its members."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


TENSORS = {
    "type": "array",
    "items": record(
        {"name": TEXT, "datatype": TEXT, "shape": {"type": "array", "items": {"type": "integer", "minimum": -1}}},
        parameters={"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    ),
}
MODEL = record(
    {"name": TEXT, "kind": {"enum": ["model", "ensemble"]}, "known": BOOLEAN},
    version=TEXT,
    versions=OBJECT,
    ready=BOOLEAN,
)
METADATA = record(
    {"name": TEXT, "platform": TEXT, "inputs": TENSORS, "outputs": TENSORS},
    versions=TEXTS,
    properties={"type": "object", "additionalProperties": TEXT},
)
READY = record({"name": TEXT, "ready": BOOLEAN})

GETS: dict[str, tuple[dict[str, Any], tuple[type[GatewayError], ...]]] = {
    "/livez": (record({"live": BOOLEAN}), ()),
    "/readyz": (record({"ready": BOOLEAN, "waiting_for": TEXTS}), ()),
    "/v1/models": (record({"default": TEXT, "models": {"type": "array", "items": MODEL}}), ()),
    "/v1/models/{name}": (MODEL, (UnknownName,)),
    "/v2": (record({"name": TEXT, "version": TEXT, "extensions": TEXTS}), ()),
    "/v2/health/live": (record({"live": BOOLEAN}), ()),
    "/v2/health/ready": (record({"ready": BOOLEAN}), ()),
    "/v2/models/{name}": (METADATA, (UnknownName, BackendUnknown)),
    "/v2/models/{name}/versions/{version}": (METADATA, (UnknownName, BackendUnknown)),
    "/v2/models/{name}/ready": (READY, (UnknownName,)),
    "/v2/models/{name}/versions/{version}/ready": (READY, (UnknownName,)),
}
"""For each path the schema of its answer, and how it can fail, beside the gateway's own fault."""


def responses(path: str) -> dict[str, Any]:
    """Describe the answers of a path; who is not ready says so with 503, in the same form."""
    schema, kinds = GETS[path]
    protocol = path.startswith("/v2")
    name, media_type = ("ProtocolError", "application/json") if protocol else ("Problem", "application/problem+json")
    failure = {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    right = {"application/json": {"schema": schema}}
    found: dict[str, Any] = {"200": {"description": "The answer", "content": right}}
    if "ready" in path:
        found["503"] = {"description": "Not ready", "content": right}
    failing: tuple[type[GatewayError], ...] = (*kinds, InternalError)
    for kind in failing:
        found[str(kind.status)] = {"description": kind.title, "content": failure}
    return dict(sorted(found.items()))

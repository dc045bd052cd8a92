"""What every GET answers, for the description: FastAPI would say 422, which they never do, and nothing of the rest."""

from typing import Any

from gateway.errors import BackendUnknown, GatewayError, InternalError, PlanMismatch, UnknownName
from gateway.openapi.schema import BOOLEAN, OBJECT, TEXT, TEXTS, Schema, answer, failures, record
from gateway.settings.routes import KINDS

TENSORS = {
    "type": "array",
    "items": record(
        {"name": TEXT, "datatype": TEXT, "shape": {"type": "array", "items": {"type": "integer", "minimum": -1}}},
        parameters={"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    ),
}
MODEL = record(
    {"name": TEXT, "kind": {"enum": ["model", *KINDS]}, "known": BOOLEAN},
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

GETS: dict[str, tuple[Schema, tuple[type[GatewayError], ...]]] = {
    "/livez": (record({"live": BOOLEAN}), ()),
    "/readyz": (record({"ready": BOOLEAN, "waiting_for": TEXTS}), ()),
    "/v1/models": (record({"default": TEXT, "models": {"type": "array", "items": MODEL}}), ()),
    "/v1/models/{name}": (MODEL, (UnknownName,)),
    "/v2": (record({"name": TEXT, "version": TEXT, "extensions": TEXTS}), ()),
    "/v2/health/live": (record({"live": BOOLEAN}), ()),
    "/v2/health/ready": (record({"ready": BOOLEAN}), ()),
    "/v2/models/{name}": (METADATA, (UnknownName, BackendUnknown, PlanMismatch)),
    "/v2/models/{name}/versions/{version}": (METADATA, (UnknownName, BackendUnknown, PlanMismatch)),
    "/v2/models/{name}/ready": (READY, (UnknownName,)),
    "/v2/models/{name}/versions/{version}/ready": (READY, (UnknownName,)),
}
"""For each path the schema of its answer, and how it can fail, beside the gateway's own fault."""


def responses(path: str) -> dict[str, Any]:
    """Describe the answers of a path; who is not ready says so with 503, in the same form."""
    schema, kinds = GETS[path]
    found = {"200": answer("The answer", schema), **failures((*kinds, InternalError), protocol=path.startswith("/v2"))}
    if "ready" in path:
        found["503"] = answer("Not ready", schema)
    return dict(sorted(found.items()))

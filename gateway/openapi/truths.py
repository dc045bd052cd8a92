"""The description of feedback."""

from typing import Any

from contract import NAME_PATTERN
from gateway.errors import (
    DeadlineExceeded,
    InternalError,
    MalformedRequest,
    Overloaded,
    TooLarge,
    UnknownEncoding,
)
from gateway.openapi.schema import TEXT, Schema, answer, failures, record
from gateway.predictions.feedback import LARGEST_INSTANCE, LONGEST_ID, LONGEST_LABEL

FEEDBACK = "/v1/feedback"
"""Its path, which is there where the gateway keeps a prediction log."""

ID: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
INSTANCE: Schema = {"type": "integer", "minimum": 0, "maximum": LARGEST_INSTANCE}
LABEL: Schema = {
    "anyOf": [{"type": "boolean"}, {"type": "number"}, {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL}]
}
MODEL: Schema = {"type": ["string", "null"], "pattern": f"^{NAME_PATTERN.pattern}$"}

KINDS = (MalformedRequest, TooLarge, UnknownEncoding, InternalError, Overloaded, DeadlineExceeded)


def feedback_operation() -> dict[str, Any]:
    """Describe `POST /v1/feedback`."""
    members = {**record({"id": ID, "label": LABEL}, instance=INSTANCE, model=MODEL), "additionalProperties": False}
    content = {"schema": members, "example": {"id": "7f3c9a", "instance": 0, "label": "yes"}}
    taken = answer("It is in a file", record({"id": TEXT, "instance": INSTANCE}))
    return {
        "tags": ["predict"],
        "summary": "Tell the truth about an earlier answer",
        "operationId": "feedback",
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"202": taken, **failures(KINDS, protocol=False)},
    }

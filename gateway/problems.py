"""How a failure looks to its caller: a problem document on `/v1` (RFC 9457), the protocol's error on `/v2`."""

from typing import Any

import msgspec

from gateway.errors import GatewayError
from oip.asgi import error_body

PROBLEM_TYPE = b"application/problem+json"
ERROR_TYPE = b"application/json"


def problem(error: GatewayError, request_id: str) -> bytes:
    """Write a problem document; `errors` has a JSON pointer (RFC 6901) for every wrong field."""
    document = {**fields(error), "id": request_id}
    if error.model:
        document["model"] = error.model
    if error.faults:
        document["errors"] = [{"pointer": fault.pointer, "detail": fault.message} for fault in error.faults]
    return msgspec.json.encode(document)


def fields(error: GatewayError) -> dict[str, Any]:
    """Give what a problem document says of a failure whatever was asked."""
    return {
        "type": f"urn:bentogate:problem:{error.reason}",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
        "reason": error.reason,
    }


def error_text(error: GatewayError) -> str:
    """Write what is wrong in one text, with the pointers in it."""
    return "; ".join(f"{fault.pointer}: {fault.message}" for fault in error.faults) or str(error)


def rendered(error: GatewayError, path: str, request_id: str) -> tuple[int, bytes, bytes]:
    """Give status, body and content type for a path."""
    if path == "/v2" or path.startswith("/v2/"):
        return error.protocol_status(), error_body(error_text(error)), ERROR_TYPE
    return error.status, problem(error, request_id), PROBLEM_TYPE
